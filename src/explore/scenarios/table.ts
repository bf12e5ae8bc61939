// The scenarios that are shipped.
import type { Scenario } from '../scenario.js'
import { crossCalls, parking, readers, stopPairs } from './calls.js'
import { suspending, targets, threeCpus, turnedRound, twoRequesters } from './requests.js'
import { callbacks, dynamicStates, failingCallbacks, instances, rollback } from './states.js'
import { affinity, busy, exclusion, timers, wakeups } from './tasks.js'

export const SCENARIOS: readonly Scenario[] = [
  twoRequesters,
  threeCpus,
  turnedRound,
  targets,
  suspending,
  rollback,
  failingCallbacks,
  callbacks,
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
] as readonly Scenario[]
