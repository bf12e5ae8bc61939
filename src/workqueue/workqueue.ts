// Work that is done on a given CPU by its kworker/N, or, while that CPU is down, by the same worker elsewhere.
//
//   requester                                 kworker/N
//   queue the work on the CPU's pool          take it off the pool; call its function
//   wake the worker                           result; complete `done`
//   sleep until `done` (may change CPU)

import { NS_PER_US } from '../base/time.js'
import { threadOf, wakeUpProcess } from '../kthread/kthread.js'
import { type HotplugThread, THREADS } from '../kthread/smpboot.js'
import { RUNQUEUE, TASK, WORK, WORKER_POOL } from '../memory/structs.js'
import { bugOn } from '../ops/bug.js'
import type { Cpu } from '../ops/cpu.js'
import { FN } from '../ops/functions.js'
import { bitsOf, hasBit, maskWord } from '../ops/mask.js'
import { type Kernel, relaxed } from '../ops/operation.js'
import { setCpusAllowed } from '../sched/affinity.js'
import { setCurrentState } from '../sched/core.js'
import { isCpuAllowed, MIGRATION, setTaskCpu } from '../sched/placement.js'
import { FLAG, POLICY, RESTART, STATE } from '../sched/task.js'
import { complete, completionReady, reinitCompletion } from '../sync/completion.js'
import { prepareToSleep } from '../time/sleep.js'

/** Queues `fn`(argument, work) for the kworker of `target`, as the current task's one piece of work. */
export function* queueWorkOn(cpu: Cpu, target: number, fn: number, argument: number): Kernel<void> {
  const { memory } = cpu
  const work = cpu.task + TASK.work
  const pool = memory.pool(target)
  memory.set(work + WORK.function, fn)
  memory.set(work + WORK.argument, argument)
  memory.set(work + WORK.next, 0)
  reinitCompletion(cpu, work + WORK.done)
  yield cpu.lockIrq(pool + WORKER_POOL.lock, 'queue_work_on')
  const last = memory.get(pool + WORKER_POOL.tail)
  if (last === 0) memory.set(pool + WORKER_POOL.head, work)
  else memory.set(last + WORK.next, work)
  memory.set(pool + WORKER_POOL.tail, work)
  yield cpu.unlockIrq(pool + WORKER_POOL.lock, 'queue_work_on')
  yield* wakeWorker(cpu, target)
}

/** Wakes a pool's worker: where it is not bound it goes home all the same, if that CPU may have it already. */
function* wakeWorker(cpu: Cpu, owner: number): Kernel<void> {
  const { memory } = cpu
  const task = threadOf(memory, owner, THREADS.kworker)
  yield cpu.lockIrq(task + TASK.piLock, 'wake_up_worker')
  const asleep = (yield cpu.load(task + TASK.onRunqueue, relaxed, 'wake_up_worker:on_rq')) === 0
  // Its frames are gone when it is idle, and its CPU has left it alone.
  const free = asleep && memory.get(task + TASK.pinned) === 0 && memory.get(task + TASK.onCpu) === 0
  const away = memory.get(task + TASK.cpu) !== owner
  if (free && away && (yield* isCpuAllowed(cpu, task, owner))) {
    yield* setTaskCpu(cpu, task, memory.get(task + TASK.cpu), owner, MIGRATION.wakeup)
  }
  yield cpu.unlockIrq(task + TASK.piLock, 'wake_up_worker')
  yield* wakeUpProcess(cpu, task)
}

/** Whether the current task's work has been done; else prepares it to sleep until then (see completionReady). */
export function* flushWorkReady(cpu: Cpu): Kernel<boolean> {
  return yield* completionReady(cpu, cpu.task + TASK.work + WORK.done)
}

/** What the current task's work returned. */
export function workResult(cpu: Cpu): number {
  return cpu.memory.get(cpu.task + TASK.work + WORK.result)
}

function* takeWork(cpu: Cpu, owner: number): Kernel<number> {
  const { memory } = cpu
  const pool = memory.pool(owner)
  yield cpu.lockIrq(pool + WORKER_POOL.lock, 'worker_thread')
  const work = memory.get(pool + WORKER_POOL.head)
  if (work !== 0) {
    const next = memory.get(work + WORK.next)
    memory.set(pool + WORKER_POOL.head, next)
    if (next === 0) memory.set(pool + WORKER_POOL.tail, 0)
  }
  yield cpu.unlockIrq(pool + WORKER_POOL.lock, 'worker_thread')
  return work
}

/** It is the next that the pool's worker takes. */
function* putWorkBack(cpu: Cpu, owner: number, work: number): Kernel<void> {
  const { memory } = cpu
  const pool = memory.pool(owner)
  yield cpu.lockIrq(pool + WORKER_POOL.lock, 'worker_thread:back')
  const next = memory.get(pool + WORKER_POOL.head)
  memory.set(work + WORK.next, next)
  memory.set(pool + WORKER_POOL.head, work)
  if (next === 0) memory.set(pool + WORKER_POOL.tail, work)
  yield cpu.unlockIrq(pool + WORKER_POOL.lock, 'worker_thread:back')
}

/**
 * For a piece of work that may not be done on this CPU: prepares its worker, which is unbound, to sleep and to go on
 * elsewhere. The work answers RESTART then, and is begun anew; when it is through, it calls workAnywhere.
 */
export function* workElsewhere(cpu: Cpu): Kernel<void> {
  const { memory, task } = cpu
  // One that excludes this CPU already is on its way.
  if (hasBit(memory.get(maskWord(memory.affinity(task), cpu.id)), cpu.id)) {
    let target = -1
    for (const other of bitsOf(memory, memory.online)) {
      if (other === cpu.id || !(yield* isCpuAllowed(cpu, task, other))) continue
      target = other
      break
    }
    // As where it would be woken, had it gone to sleep here for good.
    bugOn(target < 0, 'select_fallback_rq', `no CPU is left for task ${memory.get(task + TASK.pid)}`)
    yield* setCpusAllowed(cpu, task, (w) => (w === target >> 5 ? 1 << (target & 31) : 0))
  }
  yield* prepareToSleep(cpu, NS_PER_US)
}

/** Allows the current worker every CPU again, if it is unbound. The hotplug operation that it carries out keeps it so. */
export function* workAnywhere(cpu: Cpu): Kernel<void> {
  const { memory, task } = cpu
  const pool = memory.pool(memory.get(task + TASK.argument))
  if (memory.get(pool + WORKER_POOL.bound) === 1) return
  yield* setCpusAllowed(cpu, task, (w) => memory.get(memory.possible + w))
}

/**
 * kworker/N: does the work of pool N, which is its argument. It sleeps at a restart point, so that it can be unbound while
 * its CPU is down: then it carries on wherever it may. A piece of work that sleeps in between keeps it where it is.
 */
export function* workerThread(cpu: Cpu, task: number, pool: number): Kernel<number> {
  const { memory } = cpu
  for (;;) {
    yield setCurrentState(cpu, STATE.interruptible, 'worker_thread:idle')
    const work = yield* takeWork(cpu, pool)
    if (work === 0) {
      yield* bindAgain(cpu, task, pool)
      return RESTART
    }
    yield setCurrentState(cpu, STATE.running, 'worker_thread:work')
    const fn = cpu.functions.get(memory.get(work + WORK.function))
    const result = yield* fn(cpu, memory.get(work + WORK.argument), work)
    if (result === RESTART) {
      yield* putWorkBack(cpu, pool, work)
      return RESTART
    }
    memory.set(work + WORK.result, result)
    // The work is its owner's again from here on.
    yield* complete(cpu, work + WORK.done)
  }
}

/** Its descriptor among the per-CPU threads. */
export const worker: HotplugThread = {
  comm: 'kworker',
  policy: POLICY.normal,
  // Workers are never parked: an operation on another CPU may be carried out by this one's while it is half-way down.
  selfParking: true,
  bornAsleep: true,
  entry: FN.worker_thread,
  argument: (subject) => subject,
}

/** Sets whether pool `subject`'s worker belongs to its CPU; answers the worker, its runqueue locked with its piLock. */
function* lockWorker(cpu: Cpu, subject: number): Kernel<number> {
  const { memory } = cpu
  const task = threadOf(memory, subject, THREADS.kworker)
  yield cpu.lockIrq(task + TASK.piLock, 'lock_worker')
  yield cpu.lockIrq(memory.runqueue(memory.get(task + TASK.cpu)) + RUNQUEUE.lock, 'lock_worker:rq')
  return task
}

function* unlockWorker(cpu: Cpu, task: number): Kernel<void> {
  const { memory } = cpu
  yield cpu.unlockIrq(memory.runqueue(memory.get(task + TASK.cpu)) + RUNQUEUE.lock, 'unlock_worker:rq')
  yield cpu.unlockIrq(task + TASK.piLock, 'unlock_worker')
}

/** workqueue:online going down: the CPU's worker is not bound to it any more, and is woken to carry on elsewhere. */
export function* workqueueOfflineCpu(cpu: Cpu, subject: number): Kernel<number> {
  const { memory } = cpu
  yield* setBound(cpu, subject, 0)
  const task = yield* lockWorker(cpu, subject)
  const rq = memory.runqueue(memory.get(task + TASK.cpu))
  const flags = memory.get(task + TASK.flags)
  memory.set(task + TASK.flags, flags & ~FLAG.perCpu)
  for (let w = 0; w < memory.layout.maskWords; w++) {
    memory.set(memory.affinity(task) + w, memory.get(memory.possible + w))
  }
  // From here on it counts as one that ought to leave, and can't while it is in the middle of some work.
  const counts = (flags & FLAG.perCpu) !== 0 && memory.get(task + TASK.pinned) === 1
  if (counts) memory.set(rq + RUNQUEUE.pinned, memory.get(rq + RUNQUEUE.pinned) + 1)
  yield* unlockWorker(cpu, task)
  yield* wakeUpProcess(cpu, task)
  return 0
}

/** workqueue:online coming up: the worker comes back; in the middle of some work elsewhere, when that is done. */
export function* workqueueOnlineCpu(cpu: Cpu, subject: number): Kernel<number> {
  const { memory } = cpu
  if (cpu.bugs.has('unbound-worker')) return 0
  yield* setBound(cpu, subject, 1)
  const task = threadOf(memory, subject, THREADS.kworker)
  yield* setCpusAllowed(cpu, task, (w) => (w === subject >> 5 ? 1 << (subject & 31) : 0))
  yield* wakeUpProcess(cpu, task)
  return 0
}

function* setBound(cpu: Cpu, subject: number, bound: number): Kernel<void> {
  const pool = cpu.memory.pool(subject)
  yield cpu.lockIrq(pool + WORKER_POOL.lock, 'workqueue:bound')
  cpu.memory.set(pool + WORKER_POOL.bound, bound)
  yield cpu.unlockIrq(pool + WORKER_POOL.lock, 'workqueue:bound')
}

/** A worker with nothing to do whose CPU is up again belongs to it from now on, and goes there when it wakes next. */
function* bindAgain(cpu: Cpu, task: number, pool: number): Kernel<void> {
  const { memory } = cpu
  if ((memory.get(task + TASK.flags) & FLAG.perCpu) !== 0 || cpu.bugs.has('M12')) return
  const base = memory.pool(pool)
  const rq = memory.runqueue(cpu.id)
  yield cpu.lockIrq(base + WORKER_POOL.lock, 'worker_attach_to_pool')
  // Whoever changes its affinity looks at its flags with this lock only.
  yield cpu.lockIrq(task + TASK.piLock, 'worker_attach_to_pool:pi')
  yield cpu.lockIrq(rq + RUNQUEUE.lock, 'worker_attach_to_pool:rq')
  if (memory.get(base + WORKER_POOL.bound) === 1)
    memory.set(task + TASK.flags, memory.get(task + TASK.flags) | FLAG.perCpu)
  yield cpu.unlockIrq(rq + RUNQUEUE.lock, 'worker_attach_to_pool:rq')
  yield cpu.unlockIrq(task + TASK.piLock, 'worker_attach_to_pool:pi')
  yield cpu.unlockIrq(base + WORKER_POOL.lock, 'worker_attach_to_pool')
}
