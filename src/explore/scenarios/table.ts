// The scenarios that are shipped.
import type { Scenario } from '../scenario.js'
import { bandwidth } from './bandwidth.js'
import { crossCalls, parking, readers, stopPairs, unparking } from './calls.js'
import { halfUp, priorities, sentAway, stopAndPush } from './closing.js'
import { cpusetMoves, cpusets, lastHousekeeping, siblings } from './cpusets.js'
import { guests } from './guests.js'
import { halfDown, lateTimer, limitedController, sleepingHolder, timerStorm } from './hrtimers.js'
import { disk, movedInterrupts, packets } from './irq.js'
import { idleDeath, lazyMm, rcuCallbacks, rcuExpedited, rcuReaders, stranded } from './rcu.js'
import { suspending, targets, threeCpus, turnedRound, twoRequesters } from './requests.js'
import { boundWork, callbacks, dynamicStates, failingCallbacks, firstState, instances, rollback } from './states.js'
import { affinity, attach, busy, exclusion, timers, wakeups } from './tasks.js'
import { softirqs, timerWheel } from './timer-wheel.js'
import { workCancel, workFlush, workWaits } from './workqueue.js'

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
  firstState,
  boundWork,
  crossCalls,
  stopPairs,
  parking,
  unparking,
  readers,
  wakeups,
  timers,
  exclusion,
  busy,
  affinity,
  attach,
  priorities,
  stopAndPush,
  sentAway,
  halfUp,
  lastHousekeeping,
  siblings,
  cpusets,
  cpusetMoves,
  workFlush,
  workCancel,
  workWaits,
  movedInterrupts,
  packets,
  disk,
  rcuReaders,
  rcuExpedited,
  rcuCallbacks,
  stranded,
  idleDeath,
  lazyMm,
  timerWheel,
  softirqs,
  sleepingHolder,
  lateTimer,
  limitedController,
  halfDown,
  timerStorm,
  bandwidth,
  guests,
] as readonly Scenario[]
