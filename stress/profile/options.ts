// What a profile is asked to measure.

/** What can be swept; the others keep their values. */
export const SWEEPS = ['tasks', 'cpus', 'hogs'] as const
export type SweepName = (typeof SWEEPS)[number]

/** One load. */
export interface LoadSetting {
  readonly cpus: number
  /** endless tasks that may run anywhere */
  readonly tasks: number
  /** endless tasks that are bound to the CPU that is about to go */
  readonly hogs: number
}

export interface ProfileOptions extends LoadSetting {
  readonly machine: 'threads' | 'deterministic'
  readonly sweep: { readonly name: SweepName; readonly values: readonly number[] }
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
