// The switches of ops/switches.ts as a collection: for each the fix upstream, the mechanism, and the scenario that shows it.
import { BUGS, type BugName, MUTATIONS } from '../ops/switches.js'

/** In which scenario the general checks find each. */
const SHOWN_BY: Readonly<Record<BugName, string>> = {
  M01: 'limited-controller',
  M02: 'last-housekeeping',
  M03: 'sleeping-holder',
  M04: 'late-timer',
  M05: 'half-down',
  M06: 'sent-away',
  M07: 'priorities',
  M08: 'priorities',
  M09: 'half-up',
  M10: 'stop-pairs',
  M11: 'stop-and-push',
  M12: 'bound-work',
  M15: 'cross-calls',
  M16: 'cross-calls',
  M17: 'idle-death',
  M18: 'lazy-mm',
  M20: 'parking',
  M21: 'unparking',
  M24: 'failing-callbacks',
  M25: 'targets',
  M26: 'instances',
  M27: 'first-state',
  M28: 'callbacks',
  M29: 'readers',
  M30: 'attach',
  M34: 'moved-interrupts',
  M31: 'cpusets',
  M32: 'stranded',
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
  'deaf-pool': 'work-waits',
  'twin-work': 'work-flush',
  'hasty-flush': 'work-flush',
  'stranded-work': 'work-flush',
  'unparked-thread': 'turned-round',
  'open-stopper': 'turned-round',
  'lost-tasklet': 'softirqs',
  'stranded-timers': 'timer-wheel',
  'early-timers': 'timer-wheel',
  'kept-jiffies': 'timer-wheel',
  'barging-writer': 'dynamic-states',
  'left-loaded': 'guests',
  'unready-hardware': 'guests',
  'short-grace': 'rcu-readers',
  'lost-callbacks': 'rcu-callbacks',
  'unsorted-timers': 'timers',
  'lost-interrupt': 'packets',
  'lost-completions': 'disk',
  'hasty-timers': 'timer-storm',
  'kept-throttled': 'bandwidth',
  'stopped-period': 'bandwidth',
  'unpaid-runtime': 'bandwidth',
  'stale-domain': 'cpusets',
  'unmoved-tasks': 'cpusets',
}

/** Bugs that make nothing go wrong, but blind the check that shows another one. */
const HIDES: Readonly<Partial<Record<BugName, BugName>>> = { M16: 'M15' }

export interface Bug {
  readonly name: BugName
  readonly mechanism: string
  /** the commit of Linux that fixed it, 'in tree' where it was never otherwise; null for a defect that Linux never had */
  readonly fix: string | null
  readonly scenario: string
  /** the bug that is not seen any more with this one; null for one that is found itself */
  readonly hides: BugName | null
}

export const COLLECTION: readonly Bug[] = [
  ...Object.entries(BUGS).map(([name, text]): Bug => {
    const [, mechanism, fix] = /^(.*) \(([0-9a-f]{12}|in tree)\)$/.exec(text)!
    return entry(name as BugName, mechanism!, fix!)
  }),
  ...Object.entries(MUTATIONS).map(([name, mechanism]) => entry(name as BugName, mechanism, null)),
]

function entry(name: BugName, mechanism: string, fix: string | null): Bug {
  return { name, mechanism, fix, scenario: SHOWN_BY[name], hides: HIDES[name] ?? null }
}
