// The events that CPUs record, by number. Their fields are those of Linux's trace events of the same names.
//
// The word of a record that holds the event has room for more: bits 0..6 the event, 7..22 the number of a function
// (withFunction) or, with the scheduler's events, two priorities (withPriorities), 23..31 what Linux calls the latency flags:
// how the CPU stood at that moment. How times, flags and numbers of an event's fields are put together: fields.ts.
import { assert } from '../base/assert.js'

export const EVENT = {
  /** a: the CPU it is about, b: target, c: step; with the function's number */
  cpuhp_enter: 1,
  /** the same, for one instance of a multi-instance step */
  cpuhp_multi_enter: 2,
  /** a: the CPU it is about, b: state, c: step | ret << 16 */
  cpuhp_exit: 3,
  /** a: the task before, b: its state (| PREEMPTED), c: the task after; with both priorities */
  sched_switch: 4,
  /** a: the task, b: the CPU it will run on; with its priority */
  sched_wakeup: 5,
  /** a: the task, b: from CPU | why << 16 (MIGRATION), c: to CPU; with its priority */
  sched_migrate_task: 6,
  /** a: to CPU, b: vector */
  ipi_raise: 7,
  /** a: vector */
  irq_entry: 8,
  /** a: vector */
  irq_exit: 9,
  /** a: the CPU it is about, b: a MARK, c: with `done` the result */
  cpuhp_mark: 10,
  /** a: the task that has been made, b: its pid */
  sched_process_fork: 11,

  /** a: the timer, b: the jiffy at which it expires, c: CPU and flags (timerFlags); with its function's number */
  timer_start: 12,
  /** a: the timer, b: the jiffy it is now, c: the one that the CPU's timers have come to; with its function's number */
  timer_expire_entry: 13,
  /** a: the timer. Recorded when its function has returned, and might be gone */
  timer_expire_exit: 14,
  /** a: the timer. When it is taken off its queue: before its function is called, and by timer_delete */
  timer_cancel: 15,

  /** a: the timer, b: timeLow(expires), c: hrtimerStarted(expires, mode, was armed); with its function's number */
  hrtimer_start: 16,
  /** a: the timer, b: timeLow(now), c: timeHigh(now), by the timer's clock; with its function's number */
  hrtimer_expire_entry: 17,
  /** a: the timer */
  hrtimer_expire_exit: 18,
  /** a: the timer. When it is taken off its queue by one that cancels it, or starts it anew; not before it expires */
  hrtimer_cancel: 19,

  /** a: the softirq's number, as in Linux: 0 HI .. 9 RCU */
  softirq_raise: 20,
  softirq_entry: 21,
  softirq_exit: 22,

  /**
   * a: the work, b: the CPU asked for (WORK_CPU_UNBOUND: any) | the workqueue's number << 16, c: the CPU of the pool it is
   * put on (any as well: an unbound one); with its function's number
   */
  workqueue_queue_work: 23,
  /** a: the work. When it may be done: with queue_work, unless its workqueue has as many as it may */
  workqueue_activate_work: 24,
  /** a: the work; with its function's number */
  workqueue_execute_start: 25,
  /** the same. The work itself might be gone */
  workqueue_execute_end: 26,

  /** a: the irq. A handler of a device begins; it is told apart by the irq's name */
  irq_handler_entry: 27,
  /** a: the irq, b: what its handler answered (0 none, 1 handled) */
  irq_handler_exit: 28,

  /** a: whether the tick of this CPU stops, b: what it is needed for (TICK_DEP), 0 when nothing */
  tick_stop: 29,
  /** a: the idle state that is entered (IDLE_HALTED); IDLE_LEFT when it is left */
  cpu_idle: 30,

  /** a: the task, b: the CPU it was on; with its priority. Somebody begins to wake it */
  sched_waking: 31,
  /** a: the task, b: the CPU it will run on; with its priority. It runs for the first time */
  sched_wakeup_new: 32,
  /** a: the task; with its priority. It ends */
  sched_process_exit: 33,
  /** a: an RCU_UTILIZATION: what RCU begins, or has ended */
  rcu_utilization: 34,
} as const

/** Points of a hotplug operation that its callbacks' events do not tell; see phases.ts. */
export const MARK = {
  /** a request has been taken up; recorded by the task that makes it */
  ask: 0,
  /** it has cpu_add_remove_lock: from here on the operation is this task's */
  owner: 1,
  /** cpu_hotplug_lock is held for writing */
  locked: 2,
  /** the CPU is closed to tasks, and what is there is pushed away */
  push: 3,
  graceBegin: 4,
  graceEnd: 5,
  /** stop_machine: the stoppers are being told; all have interrupts off; the function has run */
  stopBegin: 6,
  stopRun: 7,
  stopRan: 8,
  /** recorded by every CPU that is stopped: interrupts off, and on again */
  irqsOff: 9,
  irqsOn: 10,
  /** the CPU is dead */
  died: 11,
  /** the answer is known */
  done: 12,
} as const

/** The names of marks, by number. */
export const MARK_NAMES = Object.keys(MARK)

export type Event = (typeof EVENT)[keyof typeof EVENT]
export const EVENT_NAMES = ['none', ...Object.keys(EVENT)]

/** In the state of a task that is switched away from: it was preempted, and is runnable whatever it says. */
export const PREEMPTED = 0x100

/** The latency flags, in the bits of `flagsOf`; from DEPTH_SHIFT on the depth of sections without preemption. */
export const TRACE_FLAG = { irqsOff: 1, needResched: 2, hardirq: 4, softirq: 8, softirqsOff: 16 } as const
const DEPTH_SHIFT = 5
const MAX_DEPTH = 15

const EVENT_MASK = 0x7f
const FUNCTION_SHIFT = 7
const FLAGS_SHIFT = 23

/** The event field with the number of the function it is about. */
export function withFunction(event: Event, functionNumber: number): number {
  assert(functionNumber <= 0xffff, `functions have numbers of 16 bits, not ${functionNumber}`)
  return event | (functionNumber << FUNCTION_SHIFT)
}

/** The event field with priorities as the scheduler's events have them, 0..255: of one task, or of two. */
export function withPriorities(event: Event, first: number, second = 0): number {
  return event | (first << FUNCTION_SHIFT) | (second << (FUNCTION_SHIFT + 8))
}

/** The event field as it is recorded: with how the CPU stands, a sum of TRACE_FLAG and how deep preemption is off. */
export function withFlags(event: number, flags: number, depth: number): number {
  return event | ((flags | (Math.min(depth, MAX_DEPTH) << DEPTH_SHIFT)) << FLAGS_SHIFT)
}

/** Which event it is, of such a field. */
export function eventOf(field: number): number {
  return field & EVENT_MASK
}

/** The function's number, or priorities: the first | the second << 8. */
export function functionOf(field: number): number {
  return (field >>> FUNCTION_SHIFT) & 0xffff
}

export function flagsOf(field: number): number {
  return field >>> FLAGS_SHIFT
}

export function preemptDepth(flags: number): number {
  return flags >> DEPTH_SHIFT
}
