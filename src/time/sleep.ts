// Sleeping for a time: a list of sleeping tasks on each CPU, earliest first. The CPU's one-shot timer serves it and the
// scheduler's tick.
//
// The sleepers of a CPU that dies are moved to another one, as Linux moves its high-resolution timers (hrtimers:dying).

import type { Memory } from '../memory/memory.js'
import { TASK, TIMER_BASE } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { bitsOf } from '../ops/mask.js'
import { type Kernel, relaxed } from '../ops/operation.js'
import { VECTOR } from '../ops/vectors.js'
import { setCurrentState } from '../sched/core.js'
import { NORMAL_SLEEP, STATE } from '../sched/task.js'
import { tryToWakeUp } from '../sched/wakeup.js'
import { tickSchedTimer } from './tick.js'
import { runLocalTimers, setupWheel } from './timer.js'

/**
 * Prepares the current task to sleep for `ns` nanoseconds on this CPU's timer: it returns RESTART or calls schedule()
 * next. It may wake earlier, for another reason: then it is still on a timer base, until the time has come or it sleeps
 * for a time again.
 */
export function* prepareToSleep(cpu: Cpu, ns: number, state: number = STATE.uninterruptible): Kernel<void> {
  const { memory, task } = cpu
  const base = memory.timerBase(cpu.id)
  yield* cancelSleep(cpu)
  yield setCurrentState(cpu, state, 'schedule_timeout')
  const now = yield cpu.clock('schedule_timeout:now')
  yield cpu.lockIrq(base + TIMER_BASE.lock, 'schedule_timeout')
  memory.setTime(task + TASK.wakeTime, now + ns)
  insertSleeper(memory, base, task, cpu.id)
  cpu.wakeAt = firstWakeTime(memory, base)
  yield cpu.armTimer('schedule_timeout:arm')
  yield cpu.unlockIrq(base + TIMER_BASE.lock, 'schedule_timeout')
}

/** Takes the current task off the timer base that it is still on, wherever that has been moved. */
export function* cancelSleep(cpu: Cpu): Kernel<void> {
  const { memory, task } = cpu
  for (;;) {
    const owner = yield cpu.load(task + TASK.timerBase, relaxed, 'cancel_sleep:base')
    if (owner === 0) return
    const base = memory.timerBase(owner - 1)
    yield cpu.lockIrq(base + TIMER_BASE.lock, 'cancel_sleep')
    const still = memory.get(task + TASK.timerBase) === owner
    if (still) removeSleeper(memory, base, task)
    yield cpu.unlockIrq(base + TIMER_BASE.lock, 'cancel_sleep')
    if (still) return
  }
}

/** The base's lock is held. */
function removeSleeper(memory: Memory, base: number, task: number): void {
  if (task === 0) return
  let link = base + TIMER_BASE.head
  while (memory.get(link) !== task) link = memory.get(link) + TASK.timerNext
  memory.set(link, memory.get(task + TASK.timerNext))
  memory.set(task + TASK.timerBase, 0)
}

/** The base's lock is held. */
function insertSleeper(memory: Memory, base: number, task: number, owner: number, first = false): void {
  const time = first ? Number.NEGATIVE_INFINITY : memory.getTime(task + TASK.wakeTime)
  let link = base + TIMER_BASE.head
  for (let at = memory.get(link); at !== 0 && memory.getTime(at + TASK.wakeTime) <= time; at = memory.get(link)) {
    link = at + TASK.timerNext
  }
  memory.set(task + TASK.timerNext, memory.get(link))
  memory.set(task + TASK.timerBase, owner + 1)
  memory.set(link, task)
}

function firstWakeTime(memory: Memory, base: number): number {
  const first = memory.get(base + TIMER_BASE.head)
  return first === 0 ? Number.POSITIVE_INFINITY : memory.getTime(first + TASK.wakeTime)
}

/** The timer's interrupt: wakes those whose time has come, and ticks when that is due. */
export function* timerInterrupt(cpu: Cpu): Kernel<void> {
  const now = yield cpu.clock('timer_interrupt:now')
  const changed = cpu.memory.get(cpu.memory.timerBase(cpu.id) + TIMER_BASE.changed) === 1
  if (cpu.wakeAt <= now || changed) yield* wakeSleepers(cpu, now)
  if (cpu.tickAt <= now) yield* tickSchedTimer(cpu, now)
  yield* runLocalTimers(cpu, now)
  yield cpu.armTimer('timer_interrupt:arm')
}

function* wakeSleepers(cpu: Cpu, now: number): Kernel<void> {
  const { memory } = cpu
  const base = memory.timerBase(cpu.id)
  yield cpu.lockIrq(base + TIMER_BASE.lock, 'run_timers')
  for (;;) {
    const task = memory.get(base + TIMER_BASE.head)
    if (task === 0 || memory.getTime(task + TASK.wakeTime) > now) break
    memory.set(base + TIMER_BASE.head, memory.get(task + TASK.timerNext))
    memory.set(task + TASK.timerBase, 0)
    yield* tryToWakeUp(cpu, task, NORMAL_SLEEP)
  }
  memory.set(base + TIMER_BASE.changed, 0)
  cpu.wakeAt = firstWakeTime(memory, base)
  yield cpu.unlockIrq(base + TIMER_BASE.lock, 'run_timers')
}

/** A CPU that comes up sets its timer: a way down that failed before timers:dead has left sleepers on its base. */
export function* setupTimer(cpu: Cpu): Kernel<void> {
  const base = cpu.memory.timerBase(cpu.id)
  yield* setupWheel(cpu)
  yield cpu.lockIrq(base + TIMER_BASE.lock, 'setup_local_timer')
  cpu.wakeAt = firstWakeTime(cpu.memory, base)
  yield cpu.armTimer('setup_local_timer')
  yield cpu.unlockIrq(base + TIMER_BASE.lock, 'setup_local_timer')
}

/** hrtimers:dying, by the dying CPU's stopper: the sleepers of this CPU go on sleeping on another one. */
export function* hrtimersCpuDying(cpu: Cpu, subject: number): Kernel<number> {
  const { memory } = cpu
  let heir = -1
  for (const other of bitsOf(memory, memory.online)) if (heir < 0 && other !== subject) heir = other
  yield* moveSleepers(cpu, subject, heir)
  // It sets its timer when it takes the interrupt.
  yield cpu.sendIpi(heir, VECTOR.timer, 'hrtimers_cpu_dying')
  return 0
}

/** At timers:dead: so do those that have begun to sleep on it since. */
export function* sleepersDeadCpu(cpu: Cpu, subject: number): Kernel<number> {
  yield* moveSleepers(cpu, subject, cpu.id)
  cpu.wakeAt = firstWakeTime(cpu.memory, cpu.memory.timerBase(cpu.id))
  yield cpu.armTimer('timers_dead_cpu:arm')
  return 0
}

function* moveSleepers(cpu: Cpu, subject: number, heir: number): Kernel<void> {
  const { memory } = cpu
  const from = memory.timerBase(subject)
  const to = memory.timerBase(heir)
  yield cpu.lockIrq(to + TIMER_BASE.lock, 'migrate_timers')
  yield cpu.lockIrq(from + TIMER_BASE.lock, 'migrate_timers:from')
  if (cpu.bugs.has('lost-timer')) removeSleeper(memory, from, memory.get(from + TIMER_BASE.head))
  for (let task = memory.get(from + TIMER_BASE.head); task !== 0; ) {
    const next = memory.get(task + TASK.timerNext)
    insertSleeper(memory, to, task, heir, cpu.bugs.has('unsorted-timers'))
    task = next
  }
  memory.set(from + TIMER_BASE.head, 0)
  memory.set(to + TIMER_BASE.changed, 1)
  yield cpu.unlockIrq(from + TIMER_BASE.lock, 'migrate_timers:from')
  yield cpu.unlockIrq(to + TIMER_BASE.lock, 'migrate_timers')
}
