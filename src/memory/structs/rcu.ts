// RCU's structures in shared memory. What belongs together is said in src/rcu/state.ts.
import { struct } from '../struct.js'

/** A callback that waits for a grace period; whoever queues it sets the argument before. */
export const RCU_HEAD = struct('rcu_head', {
  next: 'word',
  function: 'word',
  argument: 'word',
})

/** What a task has to do with RCU. */
export const RCU_TASK = struct('rcu_task', {
  // its own
  /** the depth of read sides that it is in */
  nesting: 'word',
  /** what is to be done at the end of the outermost (SPECIAL) */
  special: 'word',
  // guarded by the lock of the node that it has been preempted on in a read side
  node: 'word',
  next: 'word',
  previous: 'word',
  /** which kinds of grace period it holds up (NO_QS) */
  blocks: 'word',
  /** the callback that ends its own wait for a grace period, and 1 when that has run */
  head: RCU_HEAD,
  synchronized: 'word',
})

/** Callbacks of one CPU that wait for the same grace period, first in, first out. */
export const RCU_SEGMENT = struct('rcu_segment', {
  head: 'word',
  tail: 'word',
  count: 'word',
  /** the number of the grace period after which they may run */
  gpSeq: 'word',
})

/** What a CPU keeps for RCU. */
export const RCU_DATA = struct('rcu_data', {
  /** odd while RCU watches the CPU, even while it idles; changed by the CPU alone */
  dynticks: 'word',
  // the CPU's own
  /** which kinds of grace period wait for a quiescent state of it that it has not passed (NO_QS) */
  noQs: 'word',
  /** 1: the grace period under way waits for it, or has not been told that it need not */
  coreNeedsQs: 'word',
  /** the grace period that it has taken notice of */
  gpSeq: 'word',
  // the CPU's own while it is online; who adopts them is after that
  /** callbacks that have been queued here and have not run */
  callbacks: 'word',
  done: RCU_SEGMENT,
  wait: RCU_SEGMENT,
  nextReady: RCU_SEGMENT,
  next: RCU_SEGMENT,
  /** callbacks that have been queued here, that have run here, and that were adopted from dead CPUs */
  queued: 'word',
  invoked: 'word',
  adopted: 'word',
  barrierHead: RCU_HEAD,
  /** guarded by its node's lock: what dynticks was when the grace period first looked */
  dynticksSnap: 'word',
})

/** What 16 neighbouring CPUs have in common: which of them a grace period still waits for. A bit stands for a CPU. */
export const RCU_NODE = struct('rcu_node', {
  lock: 'lock',
  // guarded by lock
  /** CPUs that grace periods have to wait for: from rcu_cpu_starting to rcu_report_dead */
  online: 'word',
  /** the normal grace period that has been begun here last, and whom it waits for: CPUs, and tasks preempted in read sides */
  gpSeq: 'word',
  qsmask: 'word',
  gpTasks: 'word',
  /** the same of the expedited one */
  expmask: 'word',
  expTasks: 'word',
  /** tasks that have been preempted in read sides on these CPUs */
  blocked: 'word',
})
