// The words that workers and the host use to wake each other.
//
// Each worker parks on one doorbell. Whoever has something for it rings: counts the bell up, and notifies only when the
// worker says that it is parked. Interrupts ring only then: a worker that spins looks at what they write anyway.
//
//   worker                                    ringer                          interrupt
//   seen = bell                               write what there is to see      set its bit
//   look at everything; nothing to do?        bell = bell + 1                 parked? ring
//   parked = 1                                parked? notify
//   wait while bell = seen, unless there are interrupts

import { WAIT_BUCKETS } from '../../memory/layout.js'
import type { Memory } from '../../memory/memory.js'
import { DOORBELL, GLOBAL } from '../../memory/structs.js'
import { VECTOR, type Vector } from '../../ops/vectors.js'

export function ring(memory: Memory, worker: number): void {
  const { words } = memory
  const bell = memory.doorbell(worker)
  Atomics.add(words, bell, 1)
  const parked = bell - DOORBELL.bell + DOORBELL.parked
  if (Atomics.load(words, parked) === 1) Atomics.notify(words, bell, 1)
}

export function ringAll(memory: Memory): void {
  for (let worker = 0; worker < memory.layout.config.workers; worker++) ring(memory, worker)
}

/** The host's bell. */
export function ringHost(memory: Memory): void {
  const bell = memory.global + GLOBAL.hostBell
  Atomics.add(memory.words, bell, 1)
  Atomics.notify(memory.words, bell)
}

/** CPU c is driven by worker c modulo W, as its CPU number c / W. */
export function workerOf(memory: Memory, cpu: number): number {
  return cpu % memory.layout.config.workers
}

/**
 * Raises an interrupt, and has the CPU's worker look at it. Not again when it is pending already: whoever raised it
 * first has seen to that, or will.
 */
export function raise(memory: Memory, cpu: number, vector: Vector): void {
  const bit = 1 << vector
  if (Atomics.or(memory.words, memory.pending(cpu), bit) & bit) return
  const { words } = memory
  const { cpus, workers } = memory.layout.config
  const worker = cpu % workers
  // A worker with one CPU looks at that itself.
  if (workers < cpus) {
    const local = (cpu - worker) / workers
    Atomics.or(words, memory.attention(worker) + (local >> 5), 1 << (local & 31))
  }
  const bell = memory.doorbell(worker)
  if (Atomics.load(words, bell - DOORBELL.bell + DOORBELL.parked) === 1) ring(memory, worker)
}

/**
 * The port's interrupt goes to the CPU that has it. One that dies hands it on; so look again, and raise it at its heir.
 */
export function raisePort(memory: Memory): void {
  const portCpu = memory.global + GLOBAL.portCpu
  for (let cpu = Atomics.load(memory.words, portCpu), before = -1; cpu !== before; ) {
    raise(memory, cpu, VECTOR.port)
    before = cpu
    cpu = Atomics.load(memory.words, portCpu)
  }
}

/** The bucket in which workers register that wait for a word: `waitBucketWords` words, one bit for each worker. */
export function waitBucket(memory: Memory, word: number): number {
  const hash = (Math.imul(word, 0x9e37_79b1) >>> 16) & (WAIT_BUCKETS - 1)
  return memory.layout.waitBuckets.base + hash * memory.layout.waitBucketWords
}

/** Rings every other worker that has registered for a word's bucket. The word has been written already. */
export function notifyWaiters(memory: Memory, word: number, self: number): void {
  const { words, layout } = memory
  const bucket = waitBucket(memory, word)
  for (let w = 0; w < layout.waitBucketWords; w++) {
    for (let rest = Atomics.load(words, bucket + w); rest !== 0; rest &= rest - 1) {
      const worker = w * 32 + (31 - Math.clz32(rest & -rest))
      if (worker !== self) ring(memory, worker)
    }
  }
}
