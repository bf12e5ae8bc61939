// What a busy run has to say: the JSON of `cpuhp stress`. A change of a field's meaning changes SCHEMA_VERSION.
import type { Details } from '../../src/report/measurement.js'
import type { LoadFigure } from '../loads/loads.js'
import type { Row, WayFigures } from './figures.js'
import type { LoadFigures } from './load.js'

export const SCHEMA_VERSION = 1

/** Something that must hold and did not. */
export interface BusyFinding {
  /** the invariant's name; 'results', 'answer', 'rollback', 'kernel-warnings', 'load-NAME', or 'busy' for a run that shows nothing */
  readonly what: string
  readonly message: string
}

export interface BusyVerdict {
  readonly schemaVersion: number
  readonly outcome: 'success' | 'failure' | 'panic' | 'interrupted'
  readonly machine: 'threads' | 'deterministic'
  readonly cpus: number
  readonly workers: number | null
  readonly seed: number
  readonly profile: string
  readonly host: {
    readonly cores: number
    /** load averages over 1, 5 and 15 minutes, at the end */
    readonly load: readonly number[]
    /** worker threads per core */
    readonly oversubscription: number | null
    readonly node: string
    /** resident memory of the process at 20 times of the run, from its beginning to its end, bytes */
    readonly memory: readonly number[]
  }
  readonly elapsedMs: number
  readonly requests: number
  readonly attempts: { readonly offline: number; readonly online: number }
  readonly done: { readonly offline: number; readonly online: number }
  /** refusals by errno */
  readonly refused: Readonly<Record<string, number>>
  readonly torture: string
  readonly offline: WayFigures
  readonly online: WayFigures
  /** how long CPUs had their interrupts off for the sake of another one's going */
  readonly bystanders: Row | null
  readonly stalls: {
    readonly count: number
    readonly totalNs: number
    readonly worstNs: number
    /** operations that a stall fell into; they are in none of the other figures */
    readonly operations: Row | null
  }
  /** by their cause */
  readonly migrations: Readonly<Record<string, number>>
  readonly busy: {
    readonly offlines: number
    readonly busy: number
    /** ways down by the number of tasks that the CPU had to run */
    readonly runnable: Readonly<Record<string, number>>
  }
  readonly load: LoadFigures | null
  /** what was asked for besides */
  readonly loads: readonly LoadFigure[]
  /** steps, interrupts, migrations from CPU to CPU; null unless asked for */
  readonly details: Details | null
  /** how often each invariant was checked */
  readonly checked: Readonly<Record<string, number>>
  /** trace events that were overwritten before they were read */
  readonly lostEvents: number
  readonly digest: number | null
  readonly findings: readonly BusyFinding[]
  readonly panic: string | null
  readonly flight: readonly { readonly cpu: number; readonly events: readonly string[] }[]
}
