// Address spaces, as far as the scheduler has to do with them. A kernel thread has none, and goes on with the one of whoever ran
// before it: it borrows that one, counted, until the CPU runs a user task again. So the idle task of a CPU may hold on to the
// address space of a process that has ended, and the last one to let go frees it.
//
//   user -> kernel    borrow it                     count + 1
//   kernel -> kernel  hand it on
//   kernel -> user    give it back, after the switch  count - 1

import type { Memory } from '../memory/memory.js'
import { MM, MM_POOL, TASK_MM } from '../memory/structs/mm.js'
import { RUNQUEUE, TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { full, type Kernel, relaxed } from '../ops/operation.js'
import { rcuReadLock, rcuReadUnlock } from './read-side.js'

const OWN = TASK.mm + TASK_MM.own
const ACTIVE = TASK.mm + TASK_MM.active

/** Before any CPU runs: all are free. */
export function formatMms(memory: Memory): void {
  const { base, stride, count } = memory.layout.mms
  for (let n = count - 1; n >= 0; n--) {
    memory.set(base + n * stride + MM.nextFree, memory.get(memory.mmPool + MM_POOL.free))
    memory.set(memory.mmPool + MM_POOL.free, base + n * stride)
  }
}

/** One for a process that is made; its own is counted. There are enough for all processes, and for what all CPUs hold on to. */
export function* mmAlloc(cpu: Cpu): Kernel<number> {
  const { memory } = cpu
  const pool = memory.mmPool
  yield cpu.lockIrq(pool + MM_POOL.lock, 'mm_alloc')
  const mm = memory.get(pool + MM_POOL.free)
  memory.set(pool + MM_POOL.free, memory.get(mm + MM.nextFree))
  yield cpu.store(mm + MM.count, 1, relaxed, 'mm_alloc:count')
  yield cpu.unlockIrq(pool + MM_POOL.lock, 'mm_alloc')
  return mm
}

/** Lets go of one; the last one frees it. What it has taken is given back to its memory cgroup, which is looked up in a read side. */
export function* mmDrop(cpu: Cpu, mm: number): Kernel<void> {
  const { memory } = cpu
  if ((yield cpu.add(mm + MM.count, -1, full, 'mmdrop')) !== 1) return
  rcuReadLock(cpu)
  yield cpu.lockIrq(memory.mmPool + MM_POOL.lock, '__mmdrop')
  memory.set(mm + MM.nextFree, memory.get(memory.mmPool + MM_POOL.free))
  memory.set(memory.mmPool + MM_POOL.free, mm)
  yield cpu.unlockIrq(memory.mmPool + MM_POOL.lock, '__mmdrop')
  yield* rcuReadUnlock(cpu)
}

/** A task that is made gets its process's. */
export function setMm(memory: Memory, task: number, mm: number): void {
  memory.set(task + OWN, mm)
  memory.set(task + ACTIVE, mm)
}

/** The current task ends: from here on it only borrows what was its own. */
export function* exitMm(cpu: Cpu): Kernel<number> {
  const { memory, task } = cpu
  const mm = memory.get(task + OWN)
  yield cpu.add(mm + MM.count, 1, relaxed, 'exit_mm:mmgrab')
  memory.set(task + OWN, 0)
  return mm
}

/** In schedule(), the runqueue locked: `next` gets the address space that it runs with. Answers whether one is to be borrowed. */
export function switchMm(memory: Memory, rq: number, previous: number, next: number): boolean {
  const active = memory.get(previous + ACTIVE)
  const lazy = memory.get(previous + OWN) === 0
  if (memory.get(next + OWN) === 0) {
    memory.set(next + ACTIVE, active)
    if (lazy) memory.set(previous + ACTIVE, 0)
    return !lazy
  }
  if (lazy) {
    memory.set(rq + RUNQUEUE.previousMm, active)
    memory.set(previous + ACTIVE, 0)
  }
  return false
}

/** A kernel thread borrows what it has been given. */
export function mmGrab(cpu: Cpu, task: number) {
  return cpu.add(cpu.memory.get(task + ACTIVE) + MM.count, 1, relaxed, 'mmgrab')
}

/** The address space that the switch has left behind, 0 when none: to be dropped once the runqueue's lock is given up. */
export function takePreviousMm(memory: Memory, rq: number): number {
  const mm = memory.get(rq + RUNQUEUE.previousMm)
  if (mm !== 0) memory.set(rq + RUNQUEUE.previousMm, 0)
  return mm
}

/** A dead CPU's idle task lets go of what it has borrowed: by whoever has taken the CPU down (finish_cpu). */
export function* dropIdleMm(cpu: Cpu, idle: number): Kernel<void> {
  const { memory } = cpu
  const mm = memory.get(idle + ACTIVE)
  if (mm === 0) return
  memory.set(idle + ACTIVE, 0)
  yield* mmDrop(cpu, mm)
}
