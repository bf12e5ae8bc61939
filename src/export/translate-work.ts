// The events of what CPUs do besides tasks, softirqs, work, devices' interrupts, RCU and idling, in the words of Linux's.
import type { EventName } from './formats.js'
import { pointer, type Translate } from './translation.js'

const softirq =
  (name: EventName): Translate =>
  ({ a: vec }) => ({ name, fields: { vec } })

const execute =
  (name: EventName): Translate =>
  ({ a, function: fn }, names) => ({ name, fields: { work: pointer(a), function: names.function(fn) } })

/** By RCU_UTILIZATION. */
const UTILIZATION = ['context switch', 'scheduler-tick', 'RCU core'].flatMap((what) => [`Start ${what}`, `End ${what}`])

export const WORK_EVENTS: Readonly<Record<string, Translate>> = {
  softirq_raise: softirq('softirq_raise'),
  softirq_entry: softirq('softirq_entry'),
  softirq_exit: softirq('softirq_exit'),
  workqueue_queue_work: ({ a, b, c: cpu, function: fn }, names) => ({
    name: 'workqueue_queue_work',
    fields: {
      work: pointer(a),
      function: names.function(fn),
      workqueue: names.workqueue(b >>> 16),
      req_cpu: b & 0xffff,
      cpu,
    },
  }),
  workqueue_activate_work: ({ a }) => ({ name: 'workqueue_activate_work', fields: { work: pointer(a) } }),
  workqueue_execute_start: execute('workqueue_execute_start'),
  workqueue_execute_end: execute('workqueue_execute_end'),
  irq_handler_entry: ({ a: irq }, names) => ({ name: 'irq_handler_entry', fields: { irq, name: names.irq(irq) } }),
  irq_handler_exit: ({ a: irq, b: ret }) => ({ name: 'irq_handler_exit', fields: { irq, ret } }),
  cpu_idle: ({ a, cpu: cpu_id }) => ({ name: 'cpu_idle', fields: { state: a >>> 0, cpu_id } }),
  rcu_utilization: ({ a }) => ({ name: 'rcu_utilization', fields: { s: UTILIZATION[a]! } }),
}
