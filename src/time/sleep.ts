// Sleeping for a time: a list of sleeping tasks on each CPU, earliest first, and the CPU's one-shot timer.
//
// Sleepers of a CPU that has died are moved to the CPU that buries it (timers:dead).

import type { Memory } from '../memory/memory.js'
import { TASK, TIMER_BASE } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { type Kernel, relaxed } from '../ops/operation.js'
import { setCurrentState } from '../sched/core.js'
import { NORMAL_SLEEP, STATE } from '../sched/task.js'
import { tryToWakeUp } from '../sched/wakeup.js'

/**
 * Prepares the current task to sleep for `ns` nanoseconds on this CPU's timer: it returns RESTART or calls schedule()
 * next. It may wake earlier, for another reason: then it is still on a timer base, until the time has come or it sleeps
 * for a time again.
 */
export function* prepareToSleep(cpu: Cpu, ns: number): Kernel<void> {
  const { memory, task } = cpu
  const base = memory.timerBase(cpu.id)
  yield* cancelSleep(cpu)
  yield setCurrentState(cpu, STATE.uninterruptible, 'schedule_timeout')
  const now = yield cpu.clock('schedule_timeout:now')
  yield cpu.lockIrq(base + TIMER_BASE.lock, 'schedule_timeout')
  memory.setTime(task + TASK.wakeTime, now + ns)
  insertSleeper(memory, base, task, cpu.id)
  yield cpu.setTimer(firstWakeTime(memory, base), 'schedule_timeout:arm')
  yield cpu.unlockIrq(base + TIMER_BASE.lock, 'schedule_timeout')
}

/** Takes the current task off the timer base that it is still on, wherever that has been moved. */
function* cancelSleep(cpu: Cpu): Kernel<void> {
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
  let link = base + TIMER_BASE.head
  while (memory.get(link) !== task) link = memory.get(link) + TASK.timerNext
  memory.set(link, memory.get(task + TASK.timerNext))
  memory.set(task + TASK.timerBase, 0)
}

/** The base's lock is held. */
function insertSleeper(memory: Memory, base: number, task: number, owner: number): void {
  const time = memory.getTime(task + TASK.wakeTime)
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

/** The timer's interrupt: wakes those whose time has come. */
export function* timerInterrupt(cpu: Cpu): Kernel<void> {
  const { memory } = cpu
  const base = memory.timerBase(cpu.id)
  const now = yield cpu.clock('timer_interrupt:now')
  yield cpu.lockIrq(base + TIMER_BASE.lock, 'timer_interrupt')
  for (;;) {
    const task = memory.get(base + TIMER_BASE.head)
    if (task === 0 || memory.getTime(task + TASK.wakeTime) > now) break
    memory.set(base + TIMER_BASE.head, memory.get(task + TASK.timerNext))
    memory.set(task + TASK.timerBase, 0)
    yield* tryToWakeUp(cpu, task, NORMAL_SLEEP)
  }
  yield cpu.setTimer(firstWakeTime(memory, base), 'timer_interrupt:arm')
  yield cpu.unlockIrq(base + TIMER_BASE.lock, 'timer_interrupt')
}

/** timers:dead: the sleepers of a dead CPU go on sleeping on this one. */
export function* timersDeadCpu(cpu: Cpu, subject: number): Kernel<number> {
  const { memory } = cpu
  const from = memory.timerBase(subject)
  const to = memory.timerBase(cpu.id)
  yield cpu.lockIrq(to + TIMER_BASE.lock, 'timers_dead_cpu')
  yield cpu.lockIrq(from + TIMER_BASE.lock, 'timers_dead_cpu:from')
  for (let task = memory.get(from + TIMER_BASE.head); task !== 0; ) {
    const next = memory.get(task + TASK.timerNext)
    insertSleeper(memory, to, task, cpu.id)
    task = next
  }
  memory.set(from + TIMER_BASE.head, 0)
  yield cpu.setTimer(firstWakeTime(memory, to), 'timers_dead_cpu:arm')
  yield cpu.unlockIrq(from + TIMER_BASE.lock, 'timers_dead_cpu:from')
  yield cpu.unlockIrq(to + TIMER_BASE.lock, 'timers_dead_cpu')
  return 0
}
