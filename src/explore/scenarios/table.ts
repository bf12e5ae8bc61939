// The scenarios that are shipped.
import type { Scenario } from '../scenario.js'
import { crossCalls, parking, readers, stopPairs } from './calls.js'
import { halfUp, priorities, sentAway, stopAndPush } from './closing.js'
import { suspending, targets, threeCpus, turnedRound, twoRequesters } from './requests.js'
import { dynamicStates, failingCallbacks, instances, rollback } from './states.js'
import { affinity, busy, exclusion, timers, wakeups } from './tasks.js'

export const SCENARIOS: readonly Scenario[] = [
  twoRequesters,
  threeCpus,
  turnedRound,
  targets,
  suspending,
  rollback,
  failingCallbacks,
  instances,
  dynamicStates,
  crossCalls,
  stopPairs,
  parking,
  readers,
  wakeups,
  timers,
  exclusion,
  busy,
  affinity,
  priorities,
  stopAndPush,
  sentAway,
  halfUp,
] as readonly Scenario[]
