// What is done later, and soon: softirqs, tasklets, timers. Structures as in structs.ts.
import { struct } from '../struct.js'

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

/** A function that is called at a time, by the softirq of a CPU. Guarded by the lock of the wheel that it belongs to. */
export const TIMER = struct('timer_list', {
  /** the CPU whose wheel it belongs to, | MIGRATING while it goes to another; changed under that wheel's lock */
  base: 'word',
  /** 1: it is in the wheel */
  pending: 'word',
  /** the jiffy that was asked for */
  expires: 'word',
  function: 'word',
  argument: 'word',
  // its place in the wheel
  heapChild: 'word',
  heapNext: 'word',
  heapPrevious: 'word',
  /** the jiffy at which it is served */
  bucket: 'time',
  /** the time that was asked for */
  due: 'time',
})

/** A CPU's timers (Linux's timer_base). */
export const TIMER_WHEEL = struct('timer_wheel', {
  lock: 'lock',
  // guarded by lock
  /** a heap, by their buckets */
  timers: 'word',
  /** jiffies before this one are over */
  clock: 'word',
  /** timers that began to wait here, that were served here, and that were taken off here: over all CPUs the rest waits */
  armed: 'word',
  served: 'word',
  deleted: 'word',
  /** timers that were served before their time: none */
  early: 'word',
  // read without it
  /** the timer whose function is called */
  running: 'word',
  /** 1: another CPU has put one in that comes first, and this one has not set its timer to it yet */
  changed: 'word',
})
