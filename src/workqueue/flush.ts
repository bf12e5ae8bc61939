// Waiting for work: for one, or for all that a workqueue has been given so far.
//
//   one     who waits leaves a barrier with the work, where it is queued, or with the worker that is doing it; who does it
//           completes the barrier afterwards
//   all     every work has the colour that its workqueue had when it was queued. Who waits gives the workqueue the other
//           colour, and waits until no pool has any of the old one; one at a time, so that two colours are enough
//
// A task that may change CPU calls the Ready functions and returns RESTART while they answer false; others wait here.

import {
  POOL_WORKQUEUE,
  WORK,
  WORK_LIST,
  WORKER,
  WORKER_POOL,
  WORKQUEUE,
  WQ_BARRIER,
} from '../memory/structs/workqueues.js'
import { TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { acquire, full, type Kernel, relaxed, release } from '../ops/operation.js'
import { schedule } from '../sched/core.js'
import { complete, completionReady, reinitCompletion } from '../sync/completion.js'
import { mutexReady, mutexUnlock } from '../sync/mutex.js'
import { workerDoing } from './pool.js'
import { DATA, poolIn, removeWork } from './work.js'
import { activateWork, freeWorkqueue, WQ } from './workqueue.js'

/**
 * Whether a work that was queued before the first of these calls has been done as often as it was; else prepares the current
 * task to sleep until then (see completionReady). A task waits for one thing at a time.
 */
export function* flushWorkReady(cpu: Cpu, work: number): Kernel<boolean> {
  const { memory, task } = cpu
  if (memory.get(task + TASK.flushing) !== work) {
    if (!(yield* leaveBarrier(cpu, work))) return true
    memory.set(task + TASK.flushing, work)
  }
  if (!(yield* completionReady(cpu, task + TASK.barrier + WQ_BARRIER.done))) return false
  memory.set(task + TASK.flushing, 0)
  return true
}

/** Waits until a work has been done, if it is queued or under way. */
export function* flushWork(cpu: Cpu, work: number): Kernel<void> {
  while (!(yield* flushWorkReady(cpu, work))) yield* schedule(cpu)
}

/** Leaves the current task's barrier with a work. Answers whether there is anything to wait for. */
function* leaveBarrier(cpu: Cpu, work: number): Kernel<boolean> {
  const { memory } = cpu
  const pool = poolIn(memory, yield cpu.load(work + WORK.data, acquire, 'flush_work:data'))
  if (pool === 0) return false
  yield cpu.lockIrq(pool + WORKER_POOL.lock, 'flush_work')
  const data = yield cpu.load(work + WORK.data, relaxed, 'flush_work:again')
  let list = 0
  // Queued elsewhere by now, it has been done in between.
  if (poolIn(memory, data) === pool) {
    if (data & DATA.queued) list = work + WORK.barriers
    else {
      const worker = workerDoing(memory, pool, work)
      if (worker !== 0 && !cpu.bugs.has('hasty-flush')) list = worker + WORKER.barriers
    }
  }
  if (list !== 0) {
    const barrier = cpu.task + TASK.barrier
    reinitCompletion(cpu, barrier + WQ_BARRIER.done)
    memory.set(barrier + WQ_BARRIER.next, memory.get(list))
    memory.set(list, barrier)
  }
  yield cpu.unlockIrq(pool + WORKER_POOL.lock, 'flush_work')
  return list !== 0
}

/** Lets those go who have left a barrier on a list. The pool's lock is held. */
export function* completeBarriers(cpu: Cpu, list: number): Kernel<void> {
  const { memory } = cpu
  let barrier = memory.get(list)
  memory.set(list, 0)
  while (barrier !== 0) {
    // Its task may use it again as soon as it is complete.
    const next = memory.get(barrier + WQ_BARRIER.next)
    yield* complete(cpu, barrier + WQ_BARRIER.done)
    barrier = next
  }
}

/** A work of a colour has been done, or taken back: the next may begin, and who waits for the colour may be through. */
export function* leaveFlight(cpu: Cpu, place: number, colour: number, wasActive: boolean): Kernel<void> {
  const { memory } = cpu
  if (wasActive) {
    memory.set(place + POOL_WORKQUEUE.active, memory.get(place + POOL_WORKQUEUE.active) - 1)
    const next = memory.get(place + POOL_WORKQUEUE.inactive + WORK_LIST.first)
    if (next !== 0) {
      removeWork(memory, next)
      activateWork(cpu, place, next)
    }
  }
  const inFlight = place + POOL_WORKQUEUE.inFlight + colour
  memory.set(inFlight, memory.get(inFlight) - 1)
  if (memory.get(inFlight) !== 0 || memory.get(place + POOL_WORKQUEUE.flushColour) !== colour + 1) return
  memory.set(place + POOL_WORKQUEUE.flushColour, 0)
  yield* poolFlushed(cpu, memory.workqueueOf(place))
}

function* poolFlushed(cpu: Cpu, workqueue: number): Kernel<void> {
  const left = yield cpu.add(workqueue + WORKQUEUE.toFlush, -1, full, 'pwq_dec_nr_in_flight')
  if (left === 1) yield* complete(cpu, workqueue + WORKQUEUE.flushed)
}

/** As flushWorkReady, for all work that a workqueue was given before the first of these calls. */
export function* flushWorkqueueReady(cpu: Cpu, workqueue: number): Kernel<boolean> {
  const { memory, task } = cpu
  const mutex = workqueue + WORKQUEUE.mutex
  if (memory.get(task + TASK.flushing) !== workqueue) {
    if (!(yield* mutexReady(cpu, mutex))) return false
    yield* beginFlush(cpu, workqueue)
    memory.set(task + TASK.flushing, workqueue)
  }
  if (!(yield* completionReady(cpu, workqueue + WORKQUEUE.flushed))) return false
  memory.set(task + TASK.flushing, 0)
  yield* mutexUnlock(cpu, mutex)
  return true
}

export function* flushWorkqueue(cpu: Cpu, workqueue: number): Kernel<void> {
  while (!(yield* flushWorkqueueReady(cpu, workqueue))) yield* schedule(cpu)
}

/** The pools that may have work of a workqueue: first and last. */
function poolsOf(cpu: Cpu, workqueue: number): readonly [first: number, last: number] {
  const { memory } = cpu
  const unbound = memory.layout.poolCount - 1
  return memory.get(workqueue + WORKQUEUE.flags) & WQ.unbound ? [unbound, unbound] : [0, unbound - 1]
}

function* beginFlush(cpu: Cpu, workqueue: number): Kernel<void> {
  const { memory } = cpu
  const old = memory.get(workqueue + WORKQUEUE.colour)
  const [first, last] = poolsOf(cpu, workqueue)
  reinitCompletion(cpu, workqueue + WORKQUEUE.flushed)
  // One for this function, so that it is not over before all pools have been looked at.
  yield cpu.store(workqueue + WORKQUEUE.toFlush, 1, full, 'flush_workqueue')
  for (let n = first; n <= last; n++) {
    const pool = memory.pool(n)
    const place = memory.poolWorkqueue(workqueue, pool)
    yield cpu.lockIrq(pool + WORKER_POOL.lock, 'flush_workqueue')
    memory.set(place + POOL_WORKQUEUE.colour, 1 - old)
    if (memory.get(place + POOL_WORKQUEUE.inFlight + old) > 0) {
      memory.set(place + POOL_WORKQUEUE.flushColour, old + 1)
      yield cpu.add(workqueue + WORKQUEUE.toFlush, 1, relaxed, 'flush_workqueue:pool')
    }
    yield cpu.unlockIrq(pool + WORKER_POOL.lock, 'flush_workqueue')
  }
  memory.set(workqueue + WORKQUEUE.colour, 1 - old)
  yield* poolFlushed(cpu, workqueue)
}

/** Waits until a workqueue is empty, with what its works queue on it in turn; nobody else may, meanwhile. */
export function* drainWorkqueue(cpu: Cpu, workqueue: number): Kernel<void> {
  yield cpu.store(workqueue + WORKQUEUE.draining, 1, full, 'drain_workqueue')
  do yield* flushWorkqueue(cpu, workqueue)
  while (!(yield* isDrained(cpu, workqueue)))
  yield cpu.store(workqueue + WORKQUEUE.draining, 0, release, 'drain_workqueue:done')
}

function* isDrained(cpu: Cpu, workqueue: number): Kernel<boolean> {
  const { memory } = cpu
  const [first, last] = poolsOf(cpu, workqueue)
  for (let n = first; n <= last; n++) {
    const pool = memory.pool(n)
    const inFlight = memory.poolWorkqueue(workqueue, pool) + POOL_WORKQUEUE.inFlight
    yield cpu.lockIrq(pool + WORKER_POOL.lock, 'drain_workqueue')
    const drained = memory.get(inFlight) === 0 && memory.get(inFlight + 1) === 0
    yield cpu.unlockIrq(pool + WORKER_POOL.lock, 'drain_workqueue')
    if (!drained) return false
  }
  return true
}

/** Drains a workqueue and gives it back. */
export function* destroyWorkqueue(cpu: Cpu, workqueue: number): Kernel<void> {
  yield* drainWorkqueue(cpu, workqueue)
  yield* freeWorkqueue(cpu, workqueue)
}
