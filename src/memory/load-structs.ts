// Structures in shared memory of kernel threads that the host starts, and of the loads that are made of such threads.
import { struct } from './struct.js'
import { PERCPU_RWSEM } from './structs.js'

/** A kernel thread that the host has started: what it is told, and what it counts (kernel/kthreads.ts). */
export const KTHREAD = struct('kthread', {
  // the host's until it is started
  /** the function of a round */
  function: 'word',
  argument: [6],
  /** the CPU that it may run on, -1: any */
  cpu: 'word',
  policy: 'word',
  priority: 'word',
  nice: 'word',
  comm: [4],
  /** 1: it is to end before its next round */
  shouldStop: 'word',
  /** what it has done; its function says what each of them counts */
  count: [8],
})

/** What all loads of a machine share. */
export const LOADS = struct('loads', {
  /** a lock with readers and writers (loads/locks.ts), and two words that are equal whenever nobody has it for writing */
  lock: PERCPU_RWSEM,
  first: 'word',
  second: 'word',
})
