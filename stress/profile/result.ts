// The JSON of `cpuhp profile`. A change of a field's meaning changes SCHEMA_VERSION.
import type { Measurement, Way } from '../../src/report/measurement.js'
import type { Phase } from '../../src/report/phases.js'
import type { LoadFigure } from '../loads/loads.js'
import type { Setting } from './sweep.js'

export const SCHEMA_VERSION = 1

/** Every single time, ns, in the order in which they were measured: for comparisons. */
export type Samples = Readonly<Record<Way, Readonly<Partial<Record<Phase | 'total', readonly number[]>>>>>

export interface Point extends Measurement, Omit<Setting, 'loads'> {
  /** of what is swept */
  readonly value: number
  readonly workers: number | null
  /** cycles that were done: fewer than were asked for where the time was up; the figures lack those with lost events */
  readonly cycles: number
  /** of those, how many took down a CPU that had a runnable task */
  readonly busy: number
  readonly elapsedMs: number
  /** what other loads have done */
  readonly loads: readonly LoadFigure[]
  /** trace events that were overwritten before they were read */
  readonly lostEvents: number
  readonly samples: Samples
}

export interface ProfileResult {
  readonly kind: 'cpuhp-profile'
  readonly schemaVersion: number
  readonly outcome: 'success' | 'interrupted'
  readonly machine: 'threads' | 'deterministic'
  /** tasks, cpus, hogs, or a parameter of a load: 'irq-off.us' */
  readonly sweep: string
  readonly seed: number
  readonly profile: string
  /** cycles that were asked for, for each value */
  readonly cycles: number
  readonly host: {
    readonly cores: number
    /** load averages over 1, 5 and 15 minutes, at the end */
    readonly load: readonly number[]
    readonly node: string
  }
  readonly points: readonly Point[]
}
