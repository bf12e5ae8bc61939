// What a harness has to say when it is through.
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'

/** Times of one kind of operation, in nanoseconds: real ones on threads, virtual ones on the deterministic machine. */
export interface Latency {
  readonly count: number
  readonly minNs: number
  readonly p50Ns: number
  readonly p99Ns: number
  readonly maxNs: number
}

/** Something that must hold and did not, with where it was seen. */
export interface Finding {
  /** counts from 1 */
  readonly cycle: number
  /** how that cycle went: 'plain', 'fail-up', ... */
  readonly way: string
  /** the invariant's name; 'answer', 'files' and 'callbacks' for what a request led to, 'digest' for a second run */
  readonly what: string
  readonly message: string
}

export type Outcome = 'success' | 'violation' | 'panic' | 'interrupted'

export interface Verdict {
  readonly outcome: Outcome
  readonly machine: 'threads' | 'deterministic'
  readonly cpus: number
  /** threads: how many worker threads */
  readonly workers: number | null
  readonly seed: number
  readonly profile: string
  /** cycles that were completed, of those that were asked for */
  readonly cycles: number
  readonly asked: number
  readonly requests: number
  /** cycles by the way they went: 'plain', 'fail-up', ... */
  readonly ways: Readonly<Record<string, number>>
  /** how often an invariant was checked, all of them counted */
  readonly checks: number
  readonly findings: readonly Finding[]
  /** taking a CPU down from all the way up, and back, where nothing failed and nobody else was in the way */
  readonly offline: Latency | null
  readonly online: Latency | null
  readonly operations: number
  /** interprocessor interrupts that were sent, and the function calls among what they carried */
  readonly interrupts: number
  readonly calls: number
  /** requests whose events did not all fit into the trace rings, so that their callbacks were not compared */
  readonly untraced: number
  /** deterministic: a hash of every operation and its result */
  readonly digest: number | null
  /** deterministic: the cycles at the beginning that were run twice, with the same digest */
  readonly repeated: number | null
  readonly elapsedMs: number
  /** the report of the panic, when the machine died */
  readonly panic: string | null
  /** the command that runs the same again, as far as it went */
  readonly command: string
}

/** Collects the times of one kind of operation. */
export class LatencyRecorder {
  private readonly histogram: RecordableHistogram = createHistogram()

  record(ns: number): void {
    // Histograms count from 1 on.
    this.histogram.record(Math.max(1, Math.round(ns)))
  }

  /** With the 90th percentile; null when nothing was recorded. */
  row(): (Latency & { readonly p90Ns: number }) | null {
    const summary = this.summary()
    return summary === null ? null : { ...summary, p90Ns: this.histogram.percentile(90) }
  }

  /** Null when nothing was recorded. */
  summary(): Latency | null {
    const { histogram } = this
    if (histogram.count === 0) return null
    return {
      count: histogram.count,
      minNs: histogram.min,
      p50Ns: histogram.percentile(50),
      p99Ns: histogram.percentile(99),
      maxNs: histogram.max,
    }
  }
}
