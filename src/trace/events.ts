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
  /** a: the task, b: from CPU, c: to CPU */
  sched_migrate_task: 6,
  /** a: to CPU, b: vector */
  ipi_raise: 7,
  /** a: vector */
  irq_entry: 8,
  irq_exit: 9,
} as const

export type Event = (typeof EVENT)[keyof typeof EVENT]
export const EVENT_NAMES = ['none', ...Object.keys(EVENT)]

/** The event field with the number of the function it is about. */
export function withFunction(event: Event, functionNumber: number): number {
  return event | (functionNumber << 8)
}
