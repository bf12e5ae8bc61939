// What was measured under one load: what reports are made of, wherever it comes from. Times in ns.
import type { Pair } from './migrations.js'
import type { Phase } from './phases.js'
import type { Timeline } from './timeline.js'

export type Way = 'offline' | 'online'
export const WAYS = ['offline', 'online'] as const

/** A distribution, by its percentiles. */
export interface Quantiles {
  readonly count: number
  readonly minNs: number
  readonly p50Ns: number
  readonly p90Ns: number
  readonly p99Ns: number
  readonly maxNs: number
}

export interface WayQuantiles {
  readonly total: Quantiles | null
  readonly phases: Readonly<Partial<Record<Phase, Quantiles>>>
}

/** The time in one step's callback during an operation; all instances of a multi-instance step together. */
export interface StepQuantiles {
  readonly way: Way
  readonly state: number
  /** the step's name in the table: 'sched:active' */
  readonly step: string
  readonly fn: string
  readonly quantiles: Quantiles
}

export interface Migrations {
  /** by cause: wakeup, made, push, affinity, idle, balance */
  readonly causes: Readonly<Record<string, number>>
  /** from CPU to CPU, the most frequent first */
  readonly pairs: readonly Pair[]
}

/** Of the time of the CPUs that stay, the part in which they ran user tasks, 0..1. */
export interface Throughput {
  /** while no operation was under way */
  readonly quiet: number
  readonly offline: number
  readonly online: number
}

/** What was seen beside the latencies; all of it during operations. */
export interface Details {
  readonly steps: readonly StepQuantiles[]
  /** from the sending of an interprocessor interrupt until it was taken */
  readonly interrupts: Quantiles | null
  readonly migrations: Migrations
  /** of the offline whose length was nearest to the median */
  readonly timeline: Timeline | null
}

export interface Measurement {
  /** the load in a few words: '8 tasks' */
  readonly label: string
  readonly cpus: number
  readonly offline: WayQuantiles
  readonly online: WayQuantiles
  /** how long CPUs had their interrupts off for the sake of another one's going */
  readonly bystanders: Quantiles | null
  readonly throughput: Throughput | null
  readonly details: Details | null
}
