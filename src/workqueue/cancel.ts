// Taking work back.
//
//   who cancels                               who queues, or does it
//   data: pending. It was not?  mine          pending by now: nothing is queued
//   on a list?  take the pool's lock; off it
//   pending elsewhere?  wait until it is on a list, or is not
//   data: cancelling; is it being done?       begins: data not pending
//     wait until it is done                   done: lets those go who wait
//   data: pool; wake those who cancel it too

import { POOL_WORKQUEUE, WORK, WORKER_POOL } from '../memory/structs/workqueues.js'
import { GLOBAL } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { full, type Kernel, relaxed } from '../ops/operation.js'
import { waitEvent, wakeUp } from '../sync/waitqueue.js'
import { delTimer } from '../time/timer.js'
import { completeBarriers, flushWork, leaveFlight } from './flush.js'
import { addressIn, DATA, poolIn, removeWork } from './work.js'

/** What came of trying to get hold of a work: it was not pending, was queued, or somebody else is cancelling it. */
export const GRABBED = { idle: 0, pending: 1, cancelling: 2 } as const
type Grabbed = (typeof GRABBED)[keyof typeof GRABBED]

/**
 * Makes a work pending for the caller alone, and off every list, unless somebody else is cancelling it. Then interrupts are off:
 * nobody is to wait on this CPU for a work that is pending and on no list. The caller enables them. `timer` is that of a delayed
 * work, 0: it has none.
 */
export function* grabPending(cpu: Cpu, work: number, timer = 0): Kernel<Grabbed> {
  const { memory } = cpu
  for (;;) {
    cpu.irqDisable()
    if (timer !== 0 && (yield* delTimer(cpu, timer)) === 1) return GRABBED.pending
    const data = yield cpu.or(work + WORK.data, DATA.pending, full, 'try_to_grab_pending')
    if ((data & DATA.pending) === 0) return GRABBED.idle
    if (data & DATA.queued) {
      const pool = poolIn(memory, data)
      yield cpu.lockIrq(pool + WORKER_POOL.lock, 'try_to_grab_pending')
      const again = yield cpu.load(work + WORK.data, relaxed, 'try_to_grab_pending:again')
      const grabbed = (again & DATA.queued) !== 0 && poolIn(memory, again) === pool
      if (grabbed) yield* takeBack(cpu, pool, addressIn(again), work)
      yield cpu.unlockIrq(pool + WORKER_POOL.lock, 'try_to_grab_pending')
      if (grabbed) return GRABBED.pending
    }
    cpu.irqEnable()
    if (data & DATA.cancelling) return GRABBED.cancelling
    if ((data & DATA.queued) === 0) yield cpu.waitWhile(work + WORK.data, data, 'try_to_grab_pending:busy')
  }
}

/** The pool's lock is held. */
function* takeBack(cpu: Cpu, pool: number, place: number, work: number): Kernel<void> {
  const { memory } = cpu
  const wasActive = memory.get(work + WORK.list) !== place + POOL_WORKQUEUE.inactive
  removeWork(memory, work)
  memory.set(pool + WORKER_POOL.cancelled, (memory.get(pool + WORKER_POOL.cancelled) + 1) | 0)
  yield cpu.store(work + WORK.data, pool | DATA.pending, relaxed, 'try_to_grab_pending:taken')
  yield* leaveFlight(cpu, place, memory.get(work + WORK.colour), wasActive)
  yield* completeBarriers(cpu, work + WORK.barriers)
}

/**
 * Takes a work back if it is pending, and waits until it is not being done any more, whoever queues it meanwhile: also it itself.
 * Answers whether it was pending. May sleep.
 */
export function* cancelWorkSync(cpu: Cpu, work: number, timer = 0): Kernel<boolean> {
  const { memory } = cpu
  const waiters = memory.global + GLOBAL.cancelWaiters
  let grabbed = yield* grabPending(cpu, work, timer)
  while (grabbed === GRABBED.cancelling) {
    yield* waitEvent(cpu, waiters, function* () {
      return ((yield cpu.load(work + WORK.data, full, 'cancel_work:other')) & DATA.cancelling) === 0
    })
    grabbed = yield* grabPending(cpu, work, timer)
  }
  yield cpu.or(work + WORK.data, DATA.cancelling, full, 'mark_work_canceling')
  cpu.irqEnable()
  yield* flushWork(cpu, work)
  const pool = poolIn(memory, yield cpu.load(work + WORK.data, relaxed, 'cancel_work:data'))
  yield cpu.store(work + WORK.data, pool, full, 'clear_work_data')
  yield* wakeUp(cpu, waiters)
  return grabbed === GRABBED.pending
}

/** Takes a work back if it is pending; one that is being done goes on. Answers whether it was pending. */
export function* cancelWork(cpu: Cpu, work: number): Kernel<boolean> {
  const grabbed = yield* grabPending(cpu, work)
  if (grabbed === GRABBED.cancelling) return false
  const pool = poolIn(cpu.memory, yield cpu.load(work + WORK.data, relaxed, 'cancel_work:data'))
  yield cpu.store(work + WORK.data, pool, full, 'set_work_pool_and_clear_pending')
  cpu.irqEnable()
  return grabbed === GRABBED.pending
}
