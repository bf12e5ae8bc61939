// What RCU is tortured with: something that readers look at and a writer keeps replacing (rcu/torture.ts).

import { struct } from '../struct.js'
import { RCU_HEAD } from './rcu.js'

/** Grace periods that something goes through after it was replaced, before it is used again. */
export const PIPE_LENGTH = 10
/** How many of them there are. */
export const TORTURE_ITEMS = 64

export const TORTURE_ITEM = struct('rcu_torture', {
  head: RCU_HEAD,
  /** 0: what readers look at; 1 more when it is replaced, and with each grace period from then on */
  pipe: 'word',
  /** another one each time it is used */
  version: 'word',
  /** guarded by the lock of all of them */
  nextFree: 'word',
})

export const RCU_TORTURE = struct('rcu_torture_state', {
  current: 'word',
  /** 1: the first writer has laid out the list */
  begun: 'word',
  lock: 'lock',
  // guarded by lock
  free: 'word',
  version: 'word',
  /** taken, not to be had, and given back */
  allocated: 'word',
  allocationsFailed: 'word',
  freed: 'word',
  /** readers by what pipe said at the end of the read side */
  readers: [PIPE_LENGTH + 1],
  /** readers that saw what they looked at being used for something else */
  wrong: 'word',
  /** grace periods that fake writers have waited for */
  faked: 'word',
  /** threads that torture; each has the next part */
  threads: 'word',
})
