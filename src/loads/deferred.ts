// Loads of what is done later: storms of timers, and of tasklets.
//
// Whoever arms a timer that was not armed counts it, and so does whoever takes one off that was; the rest must run, each once.
// A tasklet that is wanted runs once or more, but at last not before it was last wanted.

import { NS_PER_US } from '../base/time.js'
import { TASKLET, TIMER } from '../memory/structs/deferred.js'
import { KTHREAD, LOAD } from '../memory/structs/loads.js'
import type { Cpu } from '../ops/cpu.js'
import { hasBit, loadBit } from '../ops/mask.js'
import { acquire, full, type Kernel } from '../ops/operation.js'
import { taskletHiSchedule, taskletInit, taskletKill, taskletSchedule } from '../softirq/tasklet.js'
import { delTimer, delTimerSync, modTimer, timerSetup } from '../time/timer.js'
import { ARGUMENT, argumentOf, beginRound, COUNT, count, endRound, spin } from './round.js'

export const TIMERS = { armed: COUNT.own, deleted: COUNT.own + 1, run: COUNT.own + 2 } as const
/** argument[]: how many timers a thread has, and how far ahead it arms them, us. */
const TIMER_ARGUMENT = { timers: ARGUMENT.own, aheadUs: ARGUMENT.own + 1 } as const
/** What becomes of a timer in a round, by what is chosen: the rest is left alone. */
const CHOICES = 4
const CHOICE = { takeOff: 0, arm: 1 } as const

function timerOf(cpu: Cpu, index: number, n: number): number {
  return cpu.memory.load(index) + LOAD.timers + n * TIMER.$size
}

function isFirstRound(cpu: Cpu, thread: number): boolean {
  return cpu.memory.get(thread + KTHREAD.count + COUNT.begun) === 1
}

/** Arms some of its timers anew for some time ahead, and takes some off. */
export function* timers(cpu: Cpu, thread: number, index: number): Kernel<number> {
  yield* beginRound(cpu, thread)
  const many = argumentOf(cpu, thread, TIMER_ARGUMENT.timers)
  const first = isFirstRound(cpu, thread)
  for (let n = 0; n < many; n++) {
    const timer = timerOf(cpu, index, n)
    if (first) timerSetup(cpu, timer, cpu.functions.find('load_timer_run'), index)
    const choice = yield cpu.choose(CHOICES, 'load_timers:choice')
    if (choice === CHOICE.takeOff && (yield* delTimer(cpu, timer))) {
      yield count(cpu, thread, TIMERS.deleted, 'load_timers:deleted')
    }
    if (choice !== CHOICE.arm && !first) continue
    const ahead = 1 + (yield cpu.choose(argumentOf(cpu, thread, TIMER_ARGUMENT.aheadUs), 'load_timers:ahead'))
    const now = yield cpu.clock('load_timers:now')
    if (!(yield* modTimer(cpu, timer, now + ahead * NS_PER_US)))
      yield count(cpu, thread, TIMERS.armed, 'load_timers:armed')
  }
  return yield* endRound(cpu, thread)
}

/**
 * What a timer calls: on a CPU that is online, in a softirq. Whether it is early can't be seen from here, for its thread may have
 * armed it anew by now: who takes it off the wheel looks (the invariant timers-not-early).
 */
export function* timerRun(cpu: Cpu, index: number): Kernel<number> {
  const { memory } = cpu
  const thread = memory.kthread(index)
  yield count(cpu, thread, TIMERS.run, 'load_timer:run')
  const online = hasBit(yield loadBit(cpu, memory.online, cpu.id, 'load_timer:online'), cpu.id)
  if (!online || !cpu.servingSoftirq) yield count(cpu, thread, COUNT.wrong, 'load_timer:wrong')
  return 0
}

export function* timersEnd(cpu: Cpu, thread: number, index: number): Kernel<number> {
  if (cpu.memory.get(thread + KTHREAD.count + COUNT.begun) === 0) return 0
  for (let n = 0; n < argumentOf(cpu, thread, TIMER_ARGUMENT.timers); n++) {
    if (yield* delTimerSync(cpu, timerOf(cpu, index, n)))
      yield count(cpu, thread, TIMERS.deleted, 'load_timers:deleted')
  }
  return 0
}

export const TASKLETS = { wanted: COUNT.own, run: COUNT.own + 1 } as const

function taskletOf(cpu: Cpu, index: number, n: number): number {
  return cpu.memory.load(index) + LOAD.tasklets + n * TASKLET.$size
}

/** Has all of its tasklets run, every other one before all other softirqs. */
export function* tasklets(cpu: Cpu, thread: number, index: number): Kernel<number> {
  yield* beginRound(cpu, thread)
  const first = isFirstRound(cpu, thread)
  for (let n = 0; n < argumentOf(cpu, thread, ARGUMENT.own); n++) {
    const tasklet = taskletOf(cpu, index, n)
    if (first) taskletInit(cpu, tasklet, cpu.functions.find('load_tasklet_run'), (index << 8) | n)
    yield cpu.add(cpu.memory.load(index) + LOAD.wanted + n, 1, full, 'load_tasklets:wanted')
    yield count(cpu, thread, TASKLETS.wanted, 'load_tasklets:count')
    if (n % 2 === 0) yield* taskletSchedule(cpu, tasklet)
    else yield* taskletHiSchedule(cpu, tasklet)
  }
  return yield* endRound(cpu, thread)
}

export function* taskletRun(cpu: Cpu, which: number): Kernel<number> {
  const { memory } = cpu
  const [index, n] = [which >> 8, which & 0xff]
  const thread = memory.kthread(index)
  yield count(cpu, thread, TASKLETS.run, 'load_tasklet:run')
  const online = hasBit(yield loadBit(cpu, memory.online, cpu.id, 'load_tasklet:online'), cpu.id)
  if (!online || !cpu.servingSoftirq) yield count(cpu, thread, COUNT.wrong, 'load_tasklet:wrong')
  const wanted = yield cpu.load(memory.load(index) + LOAD.wanted + n, acquire, 'load_tasklet:wanted')
  yield* spin(cpu, argumentOf(cpu, thread, ARGUMENT.us), 'load_tasklet')
  yield cpu.exchange(memory.load(index) + LOAD.seen + n, wanted, full, 'load_tasklet:seen')
  return 0
}

export function* taskletsEnd(cpu: Cpu, thread: number, index: number): Kernel<number> {
  const { memory } = cpu
  if (memory.get(thread + KTHREAD.count + COUNT.begun) === 0) return 0
  for (let n = 0; n < argumentOf(cpu, thread, ARGUMENT.own); n++) {
    yield* taskletKill(cpu, taskletOf(cpu, index, n))
    const wanted = yield cpu.load(memory.load(index) + LOAD.wanted + n, acquire, 'load_tasklets:wanted')
    const seen = yield cpu.load(memory.load(index) + LOAD.seen + n, acquire, 'load_tasklets:seen')
    if (wanted !== seen) yield count(cpu, thread, COUNT.wrong, 'load_tasklets:lost')
  }
  return 0
}
