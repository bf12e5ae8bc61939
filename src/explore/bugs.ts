// The switches of ops/switches.ts as a collection: for each the fix upstream, the mechanism, and the scenario that shows it.
import { BUGS, type BugName, MUTATIONS } from '../ops/switches.js'

/** In which scenario the general checks find each. */
const SHOWN_BY: Readonly<Record<BugName, string>> = {
  M10: 'stop-pairs',
  M15: 'cross-calls',
  M24: 'failing-callbacks',
  M25: 'targets',
  M26: 'instances',
  M28: 'callbacks',
  M29: 'readers',
  'lost-wakeup': 'wakeups',
  'left-behind': 'busy',
  'dropped-ipi': 'cross-calls',
  'double-enqueue': 'busy',
  'late-mask': 'two-requesters',
  'ignored-affinity': 'affinity',
  'lost-timer': 'timers',
  'no-exclusion': 'exclusion',
  'lost-load': 'busy',
  'miscounted-cpus': 'two-requesters',
  'unpinned-frames': 'affinity',
  'forgotten-target': 'turned-round',
  'early-death': 'two-requesters',
  'eternal-wait': 'busy',
  'unbound-worker': 'two-requesters',
  'unparked-thread': 'turned-round',
  'open-stopper': 'turned-round',
  'unsorted-timers': 'timers',
}

export interface Bug {
  readonly name: BugName
  readonly mechanism: string
  /** the commit of Linux that fixed it, 'in tree' where it was never otherwise; null for a defect that Linux never had */
  readonly fix: string | null
  readonly scenario: string
}

export const COLLECTION: readonly Bug[] = [
  ...Object.entries(BUGS).map(([name, text]): Bug => {
    const [, mechanism, fix] = /^(.*) \(([0-9a-f]{12}|in tree)\)$/.exec(text)!
    return { name: name as BugName, mechanism: mechanism!, fix: fix!, scenario: SHOWN_BY[name as BugName] }
  }),
  ...Object.entries(MUTATIONS).map(([name, mechanism]): Bug => {
    return { name: name as BugName, mechanism, fix: null, scenario: SHOWN_BY[name as BugName] }
  }),
]
