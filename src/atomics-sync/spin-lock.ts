// Spin lock: one thread at a time; the others look again and again. For sections of a few instructions.
//
//   locker                                    holder
//   word 0 -> my thread id: mine              word my thread id -> 0
//   else look until it is 0, and try again
//
// Waiting is looking only, so that the holder's core keeps the line until it lets go.
import { checkThreadId, DeadlockError, PermissionError, sharedWords } from './errors.js'

export const SpinLock = {
  /** One word: 0 when free, else the holder's thread id. */
  init(): Int32Array {
    return sharedWords(1)
  },

  /** Takes it. A DeadlockError for the thread that holds it. */
  lock(lock: Int32Array, threadId: number): void {
    while (!SpinLock.tryLock(lock, threadId)) while (Atomics.load(lock, 0) !== 0) {}
  },

  /** The same, but not later than `timestamp` (ms, as Date.now). Answers whether it has it. */
  timedLock(lock: Int32Array, threadId: number, timestamp: number): boolean {
    while (!SpinLock.tryLock(lock, threadId)) if (Date.now() >= timestamp) return false
    return true
  },

  tryLock(lock: Int32Array, threadId: number): boolean {
    checkThreadId(threadId)
    const holder = Atomics.compareExchange(lock, 0, 0, threadId)
    if (holder === threadId) throw new DeadlockError(`thread ${threadId} holds the spin lock already`)
    return holder === 0
  },

  /** Gives it up. A PermissionError for a thread that does not hold it. */
  unlock(lock: Int32Array, threadId: number): void {
    checkThreadId(threadId)
    if (Atomics.compareExchange(lock, 0, threadId, 0) === threadId) return
    throw new PermissionError(`thread ${threadId} does not hold the spin lock`)
  },
} as const
