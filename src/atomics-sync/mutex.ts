// Mutex: one thread at a time; the others are asleep.
//
//   locker                                    holder
//   state 0 -> 1: mine                        owner = nobody
//   else state = 2 (somebody waits);          state -> 0; was it 2? wake one
//     was it 0? mine. Else sleep while 2
//
// Whoever slept takes it with 2: it can't know whether others still wait, and so wakes one too many rather than none.
import { checkThreadId, DeadlockError, PermissionError, sharedWords, timeLeft } from './errors.js'

const STATE = 0
const OWNER = 1
const FREE = 0
const HELD = 1
const CONTENDED = 2

export const Mutex = {
  init(): Int32Array {
    return sharedWords(2)
  },

  /** Takes it, asleep until it can. A DeadlockError for the thread that holds it. */
  lock(mutex: Int32Array, threadId: number): void {
    Mutex.timedLock(mutex, threadId, Number.POSITIVE_INFINITY)
  },

  /** The same, but not later than `timestamp` (ms, as Date.now). Answers whether it has it. */
  timedLock(mutex: Int32Array, threadId: number, timestamp: number): boolean {
    if (Mutex.tryLock(mutex, threadId)) return true
    while (Atomics.exchange(mutex, STATE, CONTENDED) !== FREE) {
      if (Atomics.wait(mutex, STATE, CONTENDED, timeLeft(timestamp)) === 'timed-out') return false
    }
    Atomics.store(mutex, OWNER, threadId)
    return true
  },

  /** Takes it if it is free. Answers whether it has it. */
  tryLock(mutex: Int32Array, threadId: number): boolean {
    checkThreadId(threadId)
    if (Atomics.load(mutex, OWNER) === threadId) throw new DeadlockError(`thread ${threadId} holds the mutex already`)
    if (Atomics.compareExchange(mutex, STATE, FREE, HELD) !== FREE) return false
    Atomics.store(mutex, OWNER, threadId)
    return true
  },

  /** Gives it up. A PermissionError for a thread that does not hold it. */
  unlock(mutex: Int32Array, threadId: number): void {
    checkThreadId(threadId)
    if (Atomics.load(mutex, OWNER) !== threadId) throw new PermissionError(`thread ${threadId} does not hold the mutex`)
    Atomics.store(mutex, OWNER, 0)
    if (Atomics.exchange(mutex, STATE, FREE) === CONTENDED) Atomics.notify(mutex, STATE, 1)
  },
} as const
