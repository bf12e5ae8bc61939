// What there is of RCU once for the machine.
import { struct } from '../struct.js'
import { COMPLETION, MUTEX } from '../structs.js'

/** RCU as a whole. */
export const RCU = struct('rcu_state', {
  /** 1: synchronize_rcu is expedited, as with rcupdate.rcu_expedited=1 */
  expedited: 'word',
  /** grace periods, normal ones: four times their number; 1 more while one is under way */
  gpSeq: 'line',
  lock: 'lock',
  // guarded by lock
  /** what gpSeq must come to for the callbacks that wait */
  gpSeqNeeded: 'word',
  /** nodes that the normal grace period waits for, and its thread while it begins it */
  pending: 'line',
  /** when the normal grace period has begun, and after which time it is said to stall: ms */
  gpStart: 'word',
  stallAt: 'word',
  // its thread's own: how often it has looked at who is left, and when it does next
  fqsRounds: 'word',
  nextFqs: 'time',
  /** expedited ones: their number as above, one at a time */
  expSequence: 'line',
  expMutex: MUTEX,
  expPending: 'word',
  expDone: COMPLETION,
  expStallAt: 'word',
  // rcu_barrier: one at a time
  barrierMutex: MUTEX,
  barrierCount: 'word',
  barrierDone: COMPLETION,
  /** held by who queues a callback for a CPU that is dead, or adopts those that are left there */
  barrierLock: 'lock',
})
