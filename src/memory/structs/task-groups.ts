// Task groups in shared memory: what limits the time that their tasks run (sched/bandwidth.ts).
import { struct } from '../struct.js'
import { HRTIMER } from './hrtimers.js'

/** A task group, and its bandwidth: Linux's task_group and cfs_bandwidth. */
export const TASK_GROUP = struct('cfs_bandwidth', {
  lock: 'lock',
  /** 1: it belongs to somebody; changed by an exchange */
  used: 'word',
  // guarded by lock
  /** time that its tasks may run in each period, all CPUs together, ns; 0: as long as they like */
  quota: 'time',
  period: 'time',
  /** what is left of it, and not yet with one of the CPUs */
  runtime: 'time',
  /** the CPUs on which it is throttled, the one first that has been longest: their CFS_RQ, linked by next */
  head: 'word',
  tail: 'word',
  /** 1: the period timer is armed, or called */
  periodActive: 'word',
  /** 1: nobody has run in this period; after another such one the timer stops */
  idle: 'word',
  slackStarted: 'word',
  /** periods that have passed, those in which some CPU was throttled, and how long CPUs were, in all */
  periods: 'word',
  throttledPeriods: 'word',
  throttledNs: 'time',
  periodTimer: HRTIMER,
  slackTimer: HRTIMER,
})

/** What a group has on one CPU. */
export const CFS_RQ = struct('cfs_rq', {
  // guarded by the lock of the CPU's runqueue
  /** 1: its tasks here need runtime */
  runtimeEnabled: 'word',
  /** 1: they have none, and are held up */
  throttled: 'word',
  /** its runnable tasks here, the one that runs counted, and those that are held up: a list by heapNext */
  count: 'word',
  held: 'word',
  /** below 0: they have run longer than they had */
  runtimeRemaining: 'time',
  /** how much of what they had run too long was forgotten when the CPU went down, in all */
  letOff: 'time',
  /** since when it is throttled */
  throttledSince: 'time',
  // guarded by the group's lock
  next: 'word',
  previous: 'word',
})
