// A pool of workers, and how many of them should be at work at once.
//
// The pool of a CPU has one worker running, if it has work: where that one sleeps in the middle of it, another one is woken
// (the hooks in schedule()), and where it is awake again there are two, until one of them is through. Workers of the unbound
// pool, and of a CPU that is down, don't mind each other: each wakes the next while there is work.
//
// All that is not a generator is plain work on guarded data: the caller holds the pool's lock.
import { wakeUpProcess } from '../kthread/kthread.js'
import type { Memory } from '../memory/memory.js'
import { WORK_LIST, WORKER, WORKER_POOL } from '../memory/structs/workqueues.js'
import { TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { acquire, type Kernel, relaxed } from '../ops/operation.js'
import { isCpuAllowed, MIGRATION, setTaskCpu } from '../sched/placement.js'
import { STATE } from '../sched/task.js'

export const POOL = {
  /** one of its workers makes another one */
  managerActive: 1,
  /** its CPU is down: its workers run wherever they may */
  disassociated: 4,
} as const

export const WORKER_FLAG = {
  /** has nothing to do */
  idle: 4,
  /** gets ready to work, or to have nothing to do */
  prep: 8,
  /** may run anywhere */
  unbound: 0x80,
  /** its CPU has come back, and it has not yet begun anew */
  rebound: 0x100,
} as const
/** Workers with one of these are not counted among the running. */
const NOT_RUNNING = WORKER_FLAG.prep | WORKER_FLAG.unbound | WORKER_FLAG.rebound

export function isUnbound(memory: Memory, pool: number): boolean {
  return pool === memory.unboundPool
}

export function hasFlag(memory: Memory, pool: number, flag: number): boolean {
  return (memory.get(pool + WORKER_POOL.flags) & flag) !== 0
}

/** Whether the work of a pool is to be done on its CPU, which is up. */
export function isAssociated(memory: Memory, pool: number): boolean {
  return !isUnbound(memory, pool) && !hasFlag(memory, pool, POOL.disassociated)
}

export function needMoreWorker(memory: Memory, pool: number): boolean {
  return hasWork(memory, pool) && memory.get(pool + WORKER_POOL.running) === 0
}

/** Whether a worker that is through with something should go on. */
export function keepWorking(memory: Memory, pool: number): boolean {
  return hasWork(memory, pool) && memory.get(pool + WORKER_POOL.running) <= 1
}

export function hasWork(memory: Memory, pool: number): boolean {
  return memory.get(pool + WORKER_POOL.worklist + WORK_LIST.first) !== 0
}

/** A pool's workers. */
export function* workersOf(memory: Memory, pool: number): Generator<number, void, undefined> {
  for (let at = memory.get(pool + WORKER_POOL.workers); at !== 0; at = memory.get(at + WORKER.next)) yield at
}

/** The worker of a pool that is doing a work; 0 when none is. */
export function workerDoing(memory: Memory, pool: number, work: number): number {
  for (let at = memory.get(pool + WORKER_POOL.workers); at !== 0; at = memory.get(at + WORKER.next)) {
    if (memory.get(at + WORKER.work) === work) return at
  }
  return 0
}

function isRunning(memory: Memory, worker: number): boolean {
  return (memory.get(worker + WORKER.flags) & NOT_RUNNING) === 0
}

export function countRunning(memory: Memory, pool: number, by: 1 | -1): void {
  memory.set(pool + WORKER_POOL.running, memory.get(pool + WORKER_POOL.running) + by)
}

export function setFlags(memory: Memory, pool: number, worker: number, flags: number): void {
  const before = isRunning(memory, worker)
  memory.set(worker + WORKER.flags, memory.get(worker + WORKER.flags) | flags)
  if (before && !isRunning(memory, worker)) countRunning(memory, pool, -1)
}

export function clearFlags(memory: Memory, pool: number, worker: number, flags: number): void {
  const before = isRunning(memory, worker)
  memory.set(worker + WORKER.flags, memory.get(worker + WORKER.flags) & ~flags)
  if (!before && isRunning(memory, worker)) countRunning(memory, pool, 1)
}

export function enterIdle(memory: Memory, pool: number, worker: number): void {
  memory.set(worker + WORKER.flags, memory.get(worker + WORKER.flags) | WORKER_FLAG.idle)
  memory.set(worker + WORKER.idleNext, memory.get(pool + WORKER_POOL.idle))
  memory.set(pool + WORKER_POOL.idle, worker)
  memory.set(pool + WORKER_POOL.idleCount, memory.get(pool + WORKER_POOL.idleCount) + 1)
}

/** Nothing for a worker that is not idle: it has been on its way to its CPU. */
export function leaveIdle(memory: Memory, pool: number, worker: number): void {
  const flags = memory.get(worker + WORKER.flags)
  if ((flags & WORKER_FLAG.idle) === 0) return
  memory.set(worker + WORKER.flags, flags & ~WORKER_FLAG.idle)
  let link = pool + WORKER_POOL.idle
  while (memory.get(link) !== worker) link = memory.get(link) + WORKER.idleNext
  memory.set(link, memory.get(worker + WORKER.idleNext))
  memory.set(pool + WORKER_POOL.idleCount, memory.get(pool + WORKER_POOL.idleCount) - 1)
}

/** Wakes the worker that has been idle for the shortest time, its caches being warm, if there is one. */
export function* wakeUpWorker(cpu: Cpu, pool: number): Kernel<void> {
  const worker = cpu.memory.get(pool + WORKER_POOL.idle)
  if (worker !== 0) yield* wakeUpProcess(cpu, cpu.memory.workerTask(worker))
}

/**
 * For new work of a CPU whose workers are not bound to it: the worker that is to be woken goes there all the same, if that CPU
 * may have it already (it is on its way up, and was left there).
 */
export function* bringHome(cpu: Cpu, pool: number): Kernel<void> {
  const { memory } = cpu
  const owner = memory.poolIndex(pool)
  const worker = memory.get(pool + WORKER_POOL.idle)
  if (worker === 0) return
  const task = memory.workerTask(worker)
  yield cpu.lockIrq(task + TASK.piLock, 'wake_up_worker')
  const from = yield cpu.load(task + TASK.cpu, relaxed, 'wake_up_worker:cpu')
  // Its frames are gone when it is idle, and its CPU has left it alone.
  const asleep = (yield cpu.load(task + TASK.onRunqueue, acquire, 'wake_up_worker:on_rq')) === 0
  const free = asleep && (yield cpu.load(task + TASK.onCpu, acquire, 'wake_up_worker:on_cpu')) === 0
  if (free && memory.get(task + TASK.pinned) === 0 && from !== owner && (yield* isCpuAllowed(cpu, task, owner))) {
    yield* setTaskCpu(cpu, task, from, owner, MIGRATION.wakeup)
  }
  yield cpu.unlockIrq(task + TASK.piLock, 'wake_up_worker')
}

/** A worker is about to sleep in the middle of some work: if it was the only one that ran, and there is more, another wakes. */
export function* workerSleeping(cpu: Cpu): Kernel<void> {
  const { memory, task } = cpu
  const worker = memory.get(task + TASK.worker)
  const pool = memory.get(worker + WORKER.pool)
  if ((yield cpu.load(task + TASK.state, relaxed, 'wq_worker_sleeping:state')) === STATE.running) return
  yield cpu.lockIrq(pool + WORKER_POOL.lock, 'wq_worker_sleeping')
  if (memory.get(worker + WORKER.sleeping) === 0 && isRunning(memory, worker)) {
    countRunning(memory, pool, -1)
    if (needMoreWorker(memory, pool) && !cpu.bugs.has('deaf-pool')) yield* wakeUpWorker(cpu, pool)
  }
  memory.set(worker + WORKER.sleeping, 1)
  yield cpu.unlockIrq(pool + WORKER_POOL.lock, 'wq_worker_sleeping')
}

/** It runs again. */
export function* workerRunning(cpu: Cpu): Kernel<void> {
  const { memory } = cpu
  const worker = memory.get(cpu.task + TASK.worker)
  if (memory.get(worker + WORKER.sleeping) === 0) return
  const pool = memory.get(worker + WORKER.pool)
  yield cpu.lockIrq(pool + WORKER_POOL.lock, 'wq_worker_running')
  memory.set(worker + WORKER.sleeping, 0)
  if (isRunning(memory, worker)) countRunning(memory, pool, 1)
  yield cpu.unlockIrq(pool + WORKER_POOL.lock, 'wq_worker_running')
}
