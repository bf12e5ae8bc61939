// Storms of timers and of softirqs.
import { NS_PER_US } from '../base/time.js'
import { TASKLET, TIMER } from '../memory/deferred.js'
import { KTHREAD, LOAD_TIMERS } from '../memory/load-structs.js'
import { GLOBAL, TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { hasBit, loadBit } from '../ops/mask.js'
import { acquire, type Kernel, relaxed } from '../ops/operation.js'
import { taskletInit, taskletSchedule } from '../softirq/tasklet.js'
import { delTimerSync, modTimer, timerSetup } from '../time/timer.js'
import { JIFFY_NS } from '../trace/fields.js'
import { ARGUMENT, argumentOf, beginRound, COUNT, count, endRound, pause } from './round.js'

const PHASE = { between: 0, waits: 1 } as const

/** Timers that were armed and were not before, that were served, and that were taken off before their time. */
export const TIMERS = { armed: COUNT.own, served: COUNT.own + 1, deleted: COUNT.own + 2 } as const

const timerOf = (thread: number, n: number): number => thread + KTHREAD.timers + n * TIMER.$size

/** Arms its timers for some time up to argument us, puts some off; sleeps, wakes on whatever CPU, and takes off those that wait. */
export function* timers(cpu: Cpu, thread: number): Kernel<number> {
  const { memory, task } = cpu
  if (memory.get(task + TASK.phase) === PHASE.between) {
    yield* beginRound(cpu, thread)
    for (let n = 0; n < LOAD_TIMERS; n++)
      timerSetup(cpu, timerOf(thread, n), cpu.functions.find('load_timer_run'), thread)
    for (let n = 0; n < 2 * LOAD_TIMERS; n++) yield* armOne(cpu, thread, n % LOAD_TIMERS)
    memory.set(task + TASK.phase, PHASE.waits)
    return yield* pause(cpu, thread)
  }
  for (let n = 0; n < LOAD_TIMERS; n++) {
    if ((yield* delTimerSync(cpu, timerOf(thread, n))) === 1)
      yield count(cpu, thread, TIMERS.deleted, 'load_timer:deleted')
  }
  return yield* endRound(cpu, thread)
}

function* armOne(cpu: Cpu, thread: number, n: number): Kernel<void> {
  const us = yield cpu.choose(1 + argumentOf(cpu, thread, ARGUMENT.us), 'load_timer:us')
  const now = yield cpu.clock('load_timer:now')
  const was = yield* modTimer(cpu, timerOf(thread, n), now + us * NS_PER_US)
  if (was === 0) yield count(cpu, thread, TIMERS.armed, 'load_timer:armed')
}

/** What a timer calls: in a softirq, on a CPU that is online, when its time has come. */
export function* timerRun(cpu: Cpu, thread: number, timer: number): Kernel<number> {
  const { memory } = cpu
  const jiffies = yield cpu.load(memory.global + GLOBAL.jiffies, relaxed, 'load_timer:jiffies')
  const early = jiffies * JIFFY_NS < memory.getTime(timer + TIMER.due)
  if (early || !(yield* isServing(cpu))) yield count(cpu, thread, COUNT.wrong, 'load_timer:wrong')
  yield count(cpu, thread, TIMERS.served, 'load_timer:served')
  return 0
}

/** Tasklets that were scheduled, and that have run. */
export const TASKLETS = { scheduled: COUNT.own, run: COUNT.own + 1 } as const

/** Schedules its tasklet, which schedules itself until it has run argument[2] times; sleeps until that is over. */
export function* softirqs(cpu: Cpu, thread: number): Kernel<number> {
  const { memory, task } = cpu
  const tasklet = thread + KTHREAD.tasklet
  if (memory.get(task + TASK.phase) === PHASE.between) {
    yield* beginRound(cpu, thread)
    taskletInit(cpu, tasklet, cpu.functions.find('load_tasklet_run'), thread)
    memory.set(thread + KTHREAD.left, argumentOf(cpu, thread, ARGUMENT.own))
    memory.set(task + TASK.phase, PHASE.waits)
    yield* scheduleOne(cpu, thread)
    return yield* pause(cpu, thread)
  }
  const busy = (yield cpu.load(tasklet + TASKLET.state, acquire, 'load_softirq:state')) !== 0
  return busy ? yield* pause(cpu, thread) : yield* endRound(cpu, thread)
}

function* scheduleOne(cpu: Cpu, thread: number): Kernel<void> {
  yield count(cpu, thread, TASKLETS.scheduled, 'load_softirq:scheduled')
  yield* taskletSchedule(cpu, thread + KTHREAD.tasklet)
}

/** What the tasklet calls. */
export function* taskletRun(cpu: Cpu, thread: number): Kernel<number> {
  const { memory } = cpu
  if (!(yield* isServing(cpu))) yield count(cpu, thread, COUNT.wrong, 'load_softirq:wrong')
  yield count(cpu, thread, TASKLETS.run, 'load_softirq:run')
  const left = memory.get(thread + KTHREAD.left) - 1
  memory.set(thread + KTHREAD.left, left)
  if (left > 0) yield* scheduleOne(cpu, thread)
  return 0
}

/** Whether this is a softirq of a CPU that is online, with interrupts on. */
function* isServing(cpu: Cpu): Kernel<boolean> {
  const { memory, id } = cpu
  const online = hasBit(yield loadBit(cpu, memory.online, id, 'load_softirq:online'), id)
  return online && cpu.servingSoftirq && cpu.irqDisabled === 0
}
