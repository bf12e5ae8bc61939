// Barrier: threads wait until as many as were said have come; then all go on, and it can be used again.
//
//   each thread                               the last one
//   seen = generation                         arrived = 0
//   arrived = arrived + 1                     generation = generation + 1; wake all
//   sleep while generation is `seen`
//
// They sleep for the generation and not for the count, which the first of the next round counts up again.
import { checkCount, sharedWords } from './errors.js'

const COUNT = 0
const ARRIVED = 1
const GENERATION = 2

export const Barrier = {
  init(count: number): Int32Array {
    checkCount('the number of threads', count, 1)
    const barrier = sharedWords(3)
    Atomics.store(barrier, COUNT, count)
    return barrier
  },

  /** Waits for the others. Answers true to one of them, the last that came. */
  wait(barrier: Int32Array): boolean {
    const seen = Atomics.load(barrier, GENERATION)
    if (Atomics.add(barrier, ARRIVED, 1) + 1 === Atomics.load(barrier, COUNT)) {
      Atomics.store(barrier, ARRIVED, 0)
      Atomics.add(barrier, GENERATION, 1)
      Atomics.notify(barrier, GENERATION)
      return true
    }
    while (Atomics.load(barrier, GENERATION) === seen) Atomics.wait(barrier, GENERATION, seen)
    return false
  },
} as const
