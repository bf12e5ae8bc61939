// Semaphore: a number of permits; who finds none sleeps until one is posted.
import { checkCount, InvalidError, sharedWords, timeLeft } from './errors.js'

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

  /** Takes a permit if there is one. Looking and taking are one: else two threads could take the same. */
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
    if (Atomics.load(semaphore, 0) === 2 ** 31 - 1)
      throw new InvalidError('the semaphore has as many permits as it can')
    Atomics.add(semaphore, 0, 1)
    Atomics.notify(semaphore, 0, 1)
  },

  getValue(semaphore: Int32Array): number {
    return Atomics.load(semaphore, 0)
  },
} as const
