// The events that CPUs record, by number. Their fields are those of Linux's trace events of the same names.
export const EVENT = {
  /** a: the CPU it is about, b: target, c: step; with the function's number */
  cpuhp_enter: 1,
  /** the same, for one instance of a multi-instance step */
  cpuhp_multi_enter: 2,
  /** a: the CPU it is about, b: state, c: step | ret << 16 */
  cpuhp_exit: 3,
  /** a: the task before, b: its state, c: the task after */
  sched_switch: 4,
  /** a: the task, b: the CPU it will run on */
  sched_wakeup: 5,
  /** a: the task, b: from CPU | why << 16 (MIGRATION), c: to CPU */
  sched_migrate_task: 6,
  /** a: to CPU, b: vector */
  ipi_raise: 7,
  /** a: vector */
  irq_entry: 8,
  irq_exit: 9,
  /** a: the CPU it is about, b: a MARK, c: with `done` the result */
  cpuhp_mark: 10,
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

export type Event = (typeof EVENT)[keyof typeof EVENT]
export const EVENT_NAMES = ['none', ...Object.keys(EVENT)]

/** The event field with the number of the function it is about. */
export function withFunction(event: Event, functionNumber: number): number {
  return event | (functionNumber << 8)
}
