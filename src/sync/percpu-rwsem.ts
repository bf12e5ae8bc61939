// Per-CPU reader-writer lock: readers touch only a counter of their own CPU, the writer looks at all of them.
//
//   reader                                    writer
//   readers[cpu] += 1          (full)         block 0 -> 1            (full)
//   block = 0? it has the lock                sum of readers[] = 0? it has the lock
//   else readers[cpu] -= 1; wake the          else sleep; woken by each reader that leaves
//     writer; sleep until block = 0
//
// Either the reader sees block = 1 or the writer sees the reader's count: both order their write before their read.
// (Linux saves readers that barrier by a grace period in the writer. Atomics order everything anyway, so it would buy
// nothing here: docs/decisions/0004.) A reader may leave on another CPU than it came on: only the sum counts.

import type { Memory } from '../memory/memory.js'
import { PERCPU_RWSEM, TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { full, type Kernel, relaxed, release } from '../ops/operation.js'
import { schedule, setCurrentState } from '../sched/core.js'
import { NORMAL_SLEEP, STATE } from '../sched/task.js'
import { tryToWakeUp } from '../sched/wakeup.js'
import { finishWait, prepareToWait, wakeUp } from './waitqueue.js'

/** A lock: its own words, and where each CPU's count of readers lies. */
export interface PercpuRwsem {
  readonly address: number
  readers(memory: Memory, cpu: number): number
}

/** Tries to take the lock for reading. Answers whether it did. */
export function* readTryLock(cpu: Cpu, sem: PercpuRwsem): Kernel<boolean> {
  cpu.preemptDisable()
  const count = sem.readers(cpu.memory, cpu.id)
  if (cpu.bugs.has('M29')) {
    const before = yield cpu.load(count, relaxed, 'percpu_down_read:M29')
    yield cpu.store(count, before + 1, full, 'percpu_down_read:M29')
  } else yield cpu.add(count, 1, full, 'percpu_down_read:count')
  const blocked = yield cpu.load(sem.address + PERCPU_RWSEM.block, full, 'percpu_down_read:block')
  if (blocked) yield* leave(cpu, sem)
  cpu.preemptEnable()
  return blocked === 0
}

/**
 * Takes the lock for reading and answers true, or prepares the current task to sleep until that may be tried again, and
 * answers false (see completionReady).
 */
export function* readReady(cpu: Cpu, sem: PercpuRwsem): Kernel<boolean> {
  const queue = sem.address + PERCPU_RWSEM.waiters
  if (yield* readTryLock(cpu, sem)) {
    if (cpu.memory.get(cpu.task + TASK.waitsFor) === queue) yield* finishWait(cpu, queue)
    return true
  }
  yield* prepareToWait(cpu, queue)
  if (yield cpu.load(sem.address + PERCPU_RWSEM.block, full, 'percpu_down_read:again')) return false
  yield* finishWait(cpu, queue)
  return yield* readReady(cpu, sem)
}

export function* readLock(cpu: Cpu, sem: PercpuRwsem): Kernel<void> {
  while (!(yield* readReady(cpu, sem))) yield* schedule(cpu)
}

export function* readUnlock(cpu: Cpu, sem: PercpuRwsem): Kernel<void> {
  cpu.preemptDisable()
  yield* leave(cpu, sem)
  cpu.preemptEnable()
}

function* leave(cpu: Cpu, sem: PercpuRwsem): Kernel<void> {
  const count = sem.readers(cpu.memory, cpu.id)
  if (cpu.bugs.has('M29')) {
    const before = yield cpu.load(count, relaxed, 'percpu_up_read:M29')
    yield cpu.store(count, before - 1, full, 'percpu_up_read:M29')
  } else yield cpu.add(count, -1, full, 'percpu_up_read:count')
  const writer = yield cpu.load(sem.address + PERCPU_RWSEM.writer, full, 'percpu_up_read:writer')
  if (writer !== 0) yield* tryToWakeUp(cpu, writer, NORMAL_SLEEP)
}

/** Takes the lock for writing; sleeps until every reader and the writer before it have left. */
export function* writeLock(cpu: Cpu, sem: PercpuRwsem): Kernel<void> {
  const block = sem.address + PERCPU_RWSEM.block
  const queue = sem.address + PERCPU_RWSEM.waiters
  while ((yield cpu.compareExchange(block, 0, 1, full, 'percpu_down_write:block')) !== 0) {
    yield* prepareToWait(cpu, queue)
    if (yield cpu.load(block, full, 'percpu_down_write:again')) yield* schedule(cpu)
    yield* finishWait(cpu, queue)
  }
  yield cpu.store(sem.address + PERCPU_RWSEM.writer, cpu.task, full, 'percpu_down_write:writer')
  for (;;) {
    yield setCurrentState(cpu, STATE.uninterruptible, 'percpu_down_write:sleep')
    if ((yield* countReaders(cpu, sem)) === 0 || cpu.bugs.has('barging-writer')) break
    yield* schedule(cpu)
  }
  yield setCurrentState(cpu, STATE.running, 'percpu_down_write:awake')
  yield cpu.store(sem.address + PERCPU_RWSEM.writer, 0, relaxed, 'percpu_down_write:writer')
}

export function* writeUnlock(cpu: Cpu, sem: PercpuRwsem): Kernel<void> {
  yield cpu.store(sem.address + PERCPU_RWSEM.block, 0, release, 'percpu_up_write')
  yield* wakeUp(cpu, sem.address + PERCPU_RWSEM.waiters)
}

function* countReaders(cpu: Cpu, sem: PercpuRwsem): Kernel<number> {
  const { memory } = cpu
  const { cpus } = memory.layout.config
  let sum = 0
  for (let c = 0; c < cpus; c++) sum += yield cpu.load(sem.readers(memory, c), full, 'percpu_down_write:count')
  return sum
}
