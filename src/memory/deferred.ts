// What is done later, and soon: softirqs, tasklets, timers. Structures as in structs.ts.
import { struct } from './struct.js'

/** A function that a softirq calls, once for each time that it is scheduled. */
export const TASKLET = struct('tasklet_struct', {
  /** guarded by being on one list at a time: that of the CPU that has set its SCHED bit */
  next: 'word',
  state: 'word',
  /** how often it has been disabled; 0: it may run */
  disabled: 'word',
  function: 'word',
  argument: 'word',
})

export const TASKLET_HEAD = struct('tasklet_head', { head: 'word', tail: 'word' })

/** Softirqs that there are. */
export const SOFTIRQS = 10

/** A CPU's softirqs: its own, but for what is taken over from a CPU that is dead. */
export const SOFTIRQ_DATA = struct('softirq_data', {
  /** those that have been raised and are not served yet: one bit each */
  pending: 'word',
  /** its ksoftirqd, 0 until that has run */
  thread: 'word',
  /** how often each was served here */
  served: [SOFTIRQS],
  tasklets: TASKLET_HEAD,
  hiTasklets: TASKLET_HEAD,
  /** tasklets that were scheduled here, and that have run here: equal over all CPUs when none is on a list */
  taskletsScheduled: 'word',
  taskletsRun: 'word',
})
