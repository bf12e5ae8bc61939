// Kernel functions for test/threads: proof that CPUs are threads.
import { threadId } from 'node:worker_threads'
import type { KernelFunction } from '../../src/kernel-api.js'

/** In scratch memory: each one's word on a line of its own, and the numbers of the threads. */
export const AT = { words: 0, threads: 64 } as const

/** ms, after which the other one is not there: it fails then, instead of spinning for ever. */
const PATIENCE_MS = 20_000

export const functions = {
  /** Counts to `rounds` together with the other one; between its operations. Answers how far they came. */
  *parallel_meet(cpu, me, rounds) {
    const { memory } = cpu
    memory.set(memory.scratch(AT.threads) + me, threadId)
    yield cpu.clock('parallel:meet')
    const [mine, other] = [memory.scratch(AT.words + me * 16), memory.scratch(AT.words + (1 - me) * 16)]
    const end = performance.now() + PATIENCE_MS
    for (let round = 1; round <= rounds; round++) {
      Atomics.store(memory.words, mine, round)
      while (Atomics.load(memory.words, other) < round) if (performance.now() > end) return round - 1
    }
    return rounds
  },

  *parallel_thread() {
    return threadId
  },
} satisfies Record<string, KernelFunction>
