// Barrier: threads wait until as many as were said have come; then they go on, and it can be used again.
//
//   each thread (holds the mutex)             the last one (holds the mutex)
//   seen = generation                         arrived = 0
//   arrived = arrived + 1                     generation = generation + 1
//   sleep while generation is `seen`          wake all
//
// They sleep for the generation and not for the count, which the first of the next round counts up again. More threads
// than are waited for may use it, so looking at the generation and being counted are one, under the mutex: else a whole
// round could pass in between, and who is counted for the next would leave with the last.
import { Condition } from './condition.js'
import { checkCount, sharedWords } from './errors.js'
import { Mutex } from './mutex.js'

const COUNT = 0
const ARRIVED = 1
const GENERATION = 2

/** What the threads of a barrier share. */
export interface BarrierObject {
  /** count, arrived and generation */
  readonly barrier: Int32Array
  readonly mutex: Int32Array
  readonly cond: Int32Array
}

export const Barrier = {
  /** A barrier for `count` threads at a time. An InvalidError when that is no number from 1 on. */
  init(count: number): BarrierObject {
    checkCount('the number of threads', count, 1)
    const barrier = sharedWords(3)
    Atomics.store(barrier, COUNT, count)
    return { barrier, mutex: Mutex.init(), cond: Condition.init() }
  },

  /** Waits for the others. Answers true to one of them, the last that came. */
  wait({ barrier, mutex, cond }: BarrierObject, threadId: number): boolean {
    Mutex.lock(mutex, threadId)
    const seen = Atomics.load(barrier, GENERATION)
    const last = Atomics.add(barrier, ARRIVED, 1) + 1 === Atomics.load(barrier, COUNT)
    if (last) {
      Atomics.store(barrier, ARRIVED, 0)
      Atomics.add(barrier, GENERATION, 1)
      Condition.broadcast(cond)
    } else {
      while (Atomics.load(barrier, GENERATION) === seen) Condition.wait(cond, mutex, threadId)
    }
    Mutex.unlock(mutex, threadId)
    return last
  },
} as const
