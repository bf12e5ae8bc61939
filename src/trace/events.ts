// The events that CPUs record, by number. Their fields are those of Linux's trace events of the same names.
//
// The word of a record that holds the event has room for more: 0..7 the event, 8..23 the number of a function or, with
// the scheduler's events, two priorities, 24..30 what Linux calls the latency flags: how the CPU stood at that moment.
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
export const TRACE_FLAG = { irqsOff: 1, needResched: 2, hardirq: 4 } as const
const DEPTH_SHIFT = 3
const MAX_DEPTH = 15

/** The event field with the number of the function it is about. */
export function withFunction(event: Event, functionNumber: number): number {
  assert(functionNumber <= 0xffff, `functions have numbers of 16 bits, not ${functionNumber}`)
  return event | (functionNumber << 8)
}

/** The event field with priorities as the scheduler's events have them, 0..255: of one task, or of two. */
export function withPriorities(event: Event, first: number, second = 0): number {
  return event | (first << 8) | (second << 16)
}

/** The event field as it is recorded: with how the CPU stands. */
export function withFlags(
  event: number,
  irqsOff: boolean,
  needResched: boolean,
  hardirq: boolean,
  depth: number,
): number {
  const flags = (irqsOff ? 1 : 0) | (needResched ? 2 : 0) | (hardirq ? 4 : 0)
  return event | ((flags | (Math.min(depth, MAX_DEPTH) << DEPTH_SHIFT)) << 24)
}

export function preemptDepth(flags: number): number {
  return flags >> DEPTH_SHIFT
}
