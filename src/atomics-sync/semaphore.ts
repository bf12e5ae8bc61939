// Semaphore: a number of permits; who finds none sleeps until one is posted.
//
//   taker                                     poster
//   permits p > 0? p -> p - 1: mine           permits p -> p + 1
//   was it no longer p? look again            wake one
//   none? sleep while 0; look again
//
// Looking and changing are one, on both sides: else two could take the same permit, or post one too many.
import { checkCount, INT32_MAX_VALUE, InvalidError, sharedWords, timeLeft } from './errors.js'

export const Semaphore = {
  /** One word: the permits that are left. */
  init(permits: number): Int32Array {
    checkCount('the number of permits', permits, 0)
    const semaphore = sharedWords(1)
    Atomics.store(semaphore, 0, permits)
    return semaphore
  },

  /** Takes a permit, asleep until there is one. */
  wait(semaphore: Int32Array): void {
    Semaphore.timedWait(semaphore, Number.POSITIVE_INFINITY)
  },

  /** The same, but not later than `timestamp` (ms, as Date.now). Answers whether it has one. */
  timedWait(semaphore: Int32Array, timestamp: number): boolean {
    while (!Semaphore.tryWait(semaphore)) {
      if (Atomics.wait(semaphore, 0, 0, timeLeft(timestamp)) === 'timed-out') return false
    }
    return true
  },

  /** Takes a permit if there is one. Answers whether it has one. */
  tryWait(semaphore: Int32Array): boolean {
    for (let permits = Atomics.load(semaphore, 0); permits > 0; ) {
      const seen = Atomics.compareExchange(semaphore, 0, permits, permits - 1)
      if (seen === permits) return true
      permits = seen
    }
    return false
  },

  /** Gives a permit back, or adds one. An InvalidError when there would be more than an int32 can count. */
  post(semaphore: Int32Array): void {
    for (let permits = Atomics.load(semaphore, 0); ; ) {
      if (permits === INT32_MAX_VALUE) throw new InvalidError(`a semaphore has ${INT32_MAX_VALUE} permits at most`)
      const seen = Atomics.compareExchange(semaphore, 0, permits, permits + 1)
      if (seen === permits) break
      permits = seen
    }
    Atomics.notify(semaphore, 0, 1)
  },

  getValue(semaphore: Int32Array): number {
    return Atomics.load(semaphore, 0)
  },
} as const
