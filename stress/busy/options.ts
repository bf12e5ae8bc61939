// What a busy run is asked to do.
import type { Operation } from '../../src/report/phases.js'
import type { Workload } from '../../src/workloads/workload.js'
import type { LoadSetting } from '../loads/setting.js'

export interface BusyOptions {
  readonly machine: 'threads' | 'deterministic'
  /** at least 2: CPU 0 stays up */
  readonly cpus: number
  /** threads: how many worker threads (default: one for each CPU) */
  readonly workers?: number
  /** busy tasks, at least; a workload of several tasks may bring a few more */
  readonly tasks: number
  /** the mix: names of built-in workloads, and of those of `modules` (default: all built-in ones, CPU-bound ones mostly) */
  readonly workloads?: readonly string[]
  /** users' workloads: their modules' URLs, and what they are */
  readonly modules?: readonly { readonly url: string; readonly workload: Workload }[]
  /** other ways to be busy, besides those tasks (default: none) */
  readonly loads?: readonly LoadSetting[]
  readonly seed: number
  /** ends when this time has passed (the machine's own: virtual time on the deterministic machine) or ... */
  readonly durationNs?: number
  /** ... when a CPU has been taken down that often */
  readonly cycles?: number
  /** who makes requests at the same time (default 3) */
  readonly requesters?: number
  /** between two requests of a requester, at most; half of it at least (default 0) */
  readonly onoffIntervalNs?: number
  /** CPUs that stay active, at least (default 1) */
  readonly minOnline?: number
  /** between two checks of the invariants, for which all CPUs stand still (default 500 ms, deterministic 5 ms) */
  readonly checkIntervalNs?: number
  /** one in how many ways down has a step that is told to fail (default 12, 0: none) */
  readonly failEvery?: number
  /** a profile's name or file (default linux-6.1-minimal) */
  readonly profile?: string
  /** with fewer ways down the run has shown nothing (default 1) */
  readonly leastOfflines?: number
  /** when the machine counts as hung, ms of its own time */
  readonly watchdog?: { readonly requestMs?: number; readonly stuckMs?: number }
  /** looks at steps, interrupts and where tasks move as well, for a report (default: false) */
  readonly details?: boolean
  /** kernel bugs and mutations to put in (ops/switches.ts) */
  readonly bugs?: readonly string[]
  /** how long the last processes may take to come to their end (default 30 s; deterministic: 5 s of virtual time) */
  readonly finishNs?: number
  /** ends the run where it is */
  readonly signal?: AbortSignal
  /** now and then */
  readonly onProgress?: (progress: Progress) => void
  /** each hotplug operation that has come to its end */
  readonly onOperation?: (operation: Operation) => void
}

export interface Progress {
  readonly elapsedNs: number
  /** 0..1 */
  readonly part: number
  readonly offlines: number
  readonly onlines: number
  readonly migrations: number
  readonly online: string
  readonly cpusOnline: number
  /** what has not held so far */
  readonly findings: number
}

export const DEFAULTS = { requesters: 3, onoffIntervalNs: 0, minOnline: 1, failEvery: 12 } as const

/** The default mix: names, and how often each is drawn. Most of it never sleeps. */
export const MIX: Readonly<Record<string, number>> = {
  sha256: 5,
  sieve: 5,
  matrix: 4,
  chase: 3,
  counter: 1,
  'ping-pong': 1,
  sleeper: 1,
}
