// What a profile is asked to measure.
import type { Setting, SweepTarget } from './sweep.js'

export interface ProfileOptions extends Setting {
  readonly machine: 'threads' | 'deterministic'
  readonly sweep: { readonly target: SweepTarget; readonly values: readonly number[] }
  /** ways down and up for each value */
  readonly cycles: number
  /** threads: how many worker threads for that many CPUs */
  readonly workers: (cpus: number) => number
  readonly seed: number
  /** a profile's name or file (default linux-6.1-minimal) */
  readonly profile?: string
  /** real time, ms, for all values together: each may use an equal part of what is left, and ends with fewer cycles */
  readonly limitMs: number
  /** ends where it is; what has been measured is kept */
  readonly signal?: AbortSignal
  /** what is measured, and how many of its cycles are done */
  readonly onProgress?: (value: number, cycles: number) => void
}
