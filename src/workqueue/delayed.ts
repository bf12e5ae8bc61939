// Delayed work: pending from when it is asked for, queued by a timer when its time has come.
import { DELAYED_WORK, WORK } from '../memory/structs/workqueues.js'
import type { Cpu } from '../ops/cpu.js'
import { FN } from '../ops/functions.js'
import { full, type Kernel, relaxed } from '../ops/operation.js'
import { addTimerOn, delTimer, modTimer, timerSetup } from '../time/timer.js'
import { WORK_CPU_UNBOUND } from '../trace/fields.js'
import { cancelWorkSync, GRABBED, grabPending } from './cancel.js'
import { flushWork } from './flush.js'
import { DATA, initWork, poolIn } from './work.js'
import { enqueueWork } from './workqueue.js'

/** Prepares a delayed work that is not in use: `fn`(cpu, argument, work) will be called. */
export function initDelayedWork(cpu: Cpu, delayed: number, fn: number, argument: number): void {
  initWork(cpu.memory, delayed + DELAYED_WORK.work, fn, argument)
  timerSetup(cpu, delayed + DELAYED_WORK.timer, FN.delayed_work_timer_fn, delayed)
}

/**
 * Queues a work after `delayNs` from now, as queueWorkOn does then; a timer of CPU `target` waits for that, which has to be up, or
 * with WORK_CPU_UNBOUND one of this CPU, which may go down. Answers whether it was this call that made it pending.
 */
export function* queueDelayedWorkOn(
  cpu: Cpu,
  target: number,
  workqueue: number,
  delayed: number,
  delayNs: number,
): Kernel<boolean> {
  cpu.irqDisable()
  const before = yield cpu.or(delayed + DELAYED_WORK.work + WORK.data, DATA.pending, full, 'queue_delayed_work_on')
  const mine = (before & DATA.pending) === 0
  if (mine) yield* start(cpu, target, workqueue, delayed, delayNs, poolIn(cpu.memory, before))
  cpu.irqEnable()
  return mine
}

export function* queueDelayedWork(cpu: Cpu, workqueue: number, delayed: number, delayNs: number): Kernel<boolean> {
  return yield* queueDelayedWorkOn(cpu, WORK_CPU_UNBOUND, workqueue, delayed, delayNs)
}

/** As queueDelayedWork, and one that is pending already is put off, or brought forward. Answers whether it was pending. */
export function* modDelayedWork(cpu: Cpu, workqueue: number, delayed: number, delayNs: number): Kernel<boolean> {
  const work = delayed + DELAYED_WORK.work
  const grabbed = yield* grabPending(cpu, work, delayed + DELAYED_WORK.timer)
  if (grabbed === GRABBED.cancelling) return false
  const last = poolIn(cpu.memory, yield cpu.load(work + WORK.data, relaxed, 'mod_delayed_work'))
  yield* start(cpu, WORK_CPU_UNBOUND, workqueue, delayed, delayNs, last)
  cpu.irqEnable()
  return grabbed === GRABBED.pending
}

/** The work is pending, and interrupts are off. */
function* start(
  cpu: Cpu,
  target: number,
  workqueue: number,
  delayed: number,
  delayNs: number,
  last: number,
): Kernel<void> {
  const { memory } = cpu
  if (delayNs <= 0) {
    yield* enqueueWork(cpu, target, workqueue, delayed + DELAYED_WORK.work, last)
    return
  }
  memory.set(delayed + DELAYED_WORK.workqueue, workqueue)
  memory.set(delayed + DELAYED_WORK.cpu, target)
  const timer = delayed + DELAYED_WORK.timer
  const expires = (yield cpu.clock('queue_delayed_work:now')) + delayNs
  if (target === WORK_CPU_UNBOUND) yield* modTimer(cpu, timer, expires)
  else yield* addTimerOn(cpu, timer, target, expires)
}

/** The timer's function. */
export function* delayedWorkTimerFn(cpu: Cpu, delayed: number): Kernel<number> {
  cpu.irqDisable()
  yield* enqueueNow(cpu, delayed)
  cpu.irqEnable()
  return 0
}

function* enqueueNow(cpu: Cpu, delayed: number): Kernel<void> {
  const { memory } = cpu
  const work = delayed + DELAYED_WORK.work
  const last = poolIn(memory, yield cpu.load(work + WORK.data, relaxed, 'delayed_work_timer_fn'))
  const target = memory.get(delayed + DELAYED_WORK.cpu)
  yield* enqueueWork(cpu, target, memory.get(delayed + DELAYED_WORK.workqueue), work, last)
}

/** Takes a delayed work back if it is pending, and waits until it is not being done any more (see cancelWorkSync). */
export function* cancelDelayedWorkSync(cpu: Cpu, delayed: number): Kernel<boolean> {
  return yield* cancelWorkSync(cpu, delayed + DELAYED_WORK.work, delayed + DELAYED_WORK.timer)
}

/** Has a delayed work done now if it is pending, and waits for it. */
export function* flushDelayedWork(cpu: Cpu, delayed: number): Kernel<void> {
  cpu.irqDisable()
  if ((yield* delTimer(cpu, delayed + DELAYED_WORK.timer)) === 1) yield* enqueueNow(cpu, delayed)
  cpu.irqEnable()
  yield* flushWork(cpu, delayed + DELAYED_WORK.work)
}
