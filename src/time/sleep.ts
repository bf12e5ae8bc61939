// Sleeping for a time: each task has a timer that wakes it. And the interrupt of a CPU's clock event, which serves the timers
// and the scheduler's tick.

import { HRTIMER } from '../memory/structs/hrtimers.js'
import { TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import type { Kernel } from '../ops/operation.js'
import { setCurrentState } from '../sched/core.js'
import { NORMAL_SLEEP, STATE } from '../sched/task.js'
import { tryToWakeUp } from '../sched/wakeup.js'
import { HRTIMER_NORESTART, hrtimerCancel, hrtimerInterrupt, hrtimerIsQueued, hrtimerStart } from './hrtimer.js'
import { tickSchedTimer } from './tick.js'
import { runLocalTimers, setupWheel } from './timer.js'

/**
 * Prepares the current task to sleep for `ns` nanoseconds: it returns RESTART or calls schedule() next. It may wake earlier,
 * for another reason: then its timer is still armed, until the time has come or it sleeps for a time again.
 */
export function* prepareToSleep(cpu: Cpu, ns: number, state: number = STATE.uninterruptible): Kernel<void> {
  yield setCurrentState(cpu, state, 'schedule_timeout')
  const now = yield cpu.clock('schedule_timeout:now')
  yield* hrtimerStart(cpu, cpu.task + TASK.sleepTimer, now + ns)
}

/** Disarms the current task's timer, if it is still armed. */
export function* cancelSleep(cpu: Cpu): Kernel<void> {
  const timer = cpu.task + TASK.sleepTimer
  if (yield* hrtimerIsQueued(cpu, timer)) yield* hrtimerCancel(cpu, timer)
}

/** The function of a task's timer: its time has come. */
export function* hrtimerWakeup(cpu: Cpu, task: number): Kernel<number> {
  yield* tryToWakeUp(cpu, task, NORMAL_SLEEP)
  return HRTIMER_NORESTART
}

/** When the current task's time comes, or came last, ns. */
export function wakeTimeOf(cpu: Cpu): number {
  return cpu.memory.getTime(cpu.task + TASK.sleepTimer + HRTIMER.expires)
}

/** The clock event's interrupt: calls what has expired, and ticks when that is due. */
export function* timerInterrupt(cpu: Cpu): Kernel<void> {
  const now = yield cpu.clock('timer_interrupt:now')
  yield* hrtimerInterrupt(cpu, now)
  if (cpu.tickAt <= now) yield* tickSchedTimer(cpu, now)
  yield* runLocalTimers(cpu, now)
  yield cpu.armTimer('timer_interrupt:arm')
}

/** A CPU that comes up sets its clock event: some timer may be there already. */
export function* setupTimer(cpu: Cpu): Kernel<void> {
  yield* setupWheel(cpu)
  yield cpu.armTimer('setup_local_timer')
}
