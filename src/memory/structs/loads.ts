// Structures in shared memory of kernel threads that the host starts, and of the loads that are made of such threads.

import { struct } from '../struct.js'
import { PERCPU_RWSEM } from '../structs.js'
import { TASKLET, TIMER } from './deferred.js'
import { HRTIMER } from './hrtimers.js'
import { DELAYED_WORK } from './workqueues.js'

/** A kernel thread that the host has started: what it is told, and what it counts (kernel/kthreads.ts). */
export const KTHREAD = struct('kthread', {
  // the host's until it is started
  /** the function of a round, and that of its end (0: nothing) */
  function: 'word',
  end: 'word',
  argument: [6],
  /** the CPU that it may run on, -1: any */
  cpu: 'word',
  /** 1: it counts as a thread of a user process that is in a system call, not as a kernel thread */
  user: 'word',
  policy: 'word',
  priority: 'word',
  nice: 'word',
  comm: [4],
  /** 1: it is to end before its next round */
  shouldStop: 'word',
  /** what it has done; its function says what each of them counts */
  count: [8],
})

/** Objects of its own that each of those threads may use: so many of each. */
export const OBJECTS = { timers: 8, hrtimers: 8, tasklets: 4, works: 8 } as const

/** Arrays of structures: OBJECTS says how many. */
export const LOAD = struct('load', {
  timers: [OBJECTS.timers * TIMER.$size],
  hrtimers: [OBJECTS.hrtimers * HRTIMER.$size],
  works: [OBJECTS.works * DELAYED_WORK.$size],
  tasklets: [OBJECTS.tasklets * TASKLET.$size],
  /** how often each tasklet has been wanted, and what that was when it last ran */
  wanted: [OBJECTS.tasklets],
  seen: [OBJECTS.tasklets],
  /** 1: that work is being done */
  inside: [OBJECTS.works],
})

/** What all loads of a machine share. */
export const LOADS = struct('loads', {
  /** a lock with readers and writers (loads/locks.ts), and two words that are equal whenever nobody has it for writing */
  lock: PERCPU_RWSEM,
  first: 'word',
  second: 'word',
})
