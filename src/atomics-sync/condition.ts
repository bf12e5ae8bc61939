// Condition: a thread that holds a mutex lets go of it and sleeps until it is told that something has changed.
//
//   waiter (holds the mutex)                  signaller
//   seen = sequence                           changes what the waiter looks at, under the mutex
//   unlock the mutex                          sequence = sequence + 1
//   sleep while sequence is `seen`            wake one, or all
//   lock the mutex; look again
//
// A signal between the unlock and the sleep changes the sequence, and the waiter does not sleep at all. (A condition that
// waits on a word that never changes loses that signal.)
import { sharedWords, timeLeft } from './errors.js'
import { Mutex } from './mutex.js'

export const Condition = {
  /** One word: how often it has been signalled. */
  init(): Int32Array {
    return sharedWords(1)
  },

  /** Waits for a signal. May return without one: look at what was waited for, in a loop. */
  wait(condition: Int32Array, mutex: Int32Array, threadId: number): void {
    Condition.timedWait(condition, mutex, threadId, Number.POSITIVE_INFINITY)
  },

  /** The same, but not later than `timestamp` (ms, as Date.now). Answers false when the time has run out. */
  timedWait(condition: Int32Array, mutex: Int32Array, threadId: number, timestamp: number): boolean {
    const seen = Atomics.load(condition, 0)
    Mutex.unlock(mutex, threadId)
    const woken = Atomics.wait(condition, 0, seen, timeLeft(timestamp)) !== 'timed-out'
    Mutex.lock(mutex, threadId)
    return woken
  },

  /** Wakes one of those that wait. */
  signal(condition: Int32Array): void {
    Atomics.add(condition, 0, 1)
    Atomics.notify(condition, 0, 1)
  },

  /** Wakes all of them. */
  broadcast(condition: Int32Array): void {
    Atomics.add(condition, 0, 1)
    Atomics.notify(condition, 0)
  },
} as const
