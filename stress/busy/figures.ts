// The figures of a busy run: latencies by phase, bystanders, migrations, host stalls.

import { OFFLINE_PHASES, ONLINE_PHASES, type Operation, type Phase } from '../../src/report/phases.js'
import { MIGRATION } from '../../src/sched/placement.js'
import type { TraceEvent } from '../../src/trace/ring.js'
import { type Latency, LatencyRecorder } from '../verdict.js'

/** As LATENCY of verdict.ts, with p90; times in ns. */
export interface Row extends Latency {
  readonly p90Ns: number
}

export interface WayFigures {
  readonly total: Row | null
  readonly phases: Readonly<Partial<Record<Phase, Row>>>
}

const MIGRATION_NAMES = Object.keys(MIGRATION)

/** A stretch of time in which the host did not come round, machine's time, ns. */
interface Stall {
  readonly from: number
  readonly to: number
}

export class Figures {
  private readonly totals = { offline: new LatencyRecorder(), online: new LatencyRecorder() }
  private readonly phases = { offline: recorders(OFFLINE_PHASES), online: recorders(ONLINE_PHASES) }
  private readonly bystanders = new LatencyRecorder()
  /** operations during which the host stood still: apart from the others */
  private readonly stalled = new LatencyRecorder()
  private readonly stalls: Stall[] = []
  readonly migrations: Record<string, number> = Object.fromEntries(MIGRATION_NAMES.map((name) => [name, 0]))
  /** durations of whole operations that succeeded, ms: for the torture line */
  readonly onoff = { online: new Extent(), offline: new Extent() }

  /** The host did not come round between two times, ns. */
  stall(from: number, to: number): void {
    this.stalls.push({ from, to })
    if (this.stalls.length > 64) this.stalls.shift()
    this.stallCount++
    this.stallNs += to - from
    this.worstStallNs = Math.max(this.worstStallNs, to - from)
  }

  /** How long the host stood still since a time, as far as is remembered, ns. */
  stalledSince(timeNs: number): number {
    return this.stalls.reduce((sum, { from, to }) => sum + Math.max(0, to - Math.max(from, timeNs)), 0)
  }

  stallCount = 0
  stallNs = 0
  worstStallNs = 0

  count(events: readonly TraceEvent[]): void {
    for (const { event, b } of events) {
      if (event === 'sched_migrate_task') this.migrations[MIGRATION_NAMES[b >> 16]!]!++
    }
  }

  operation({ way, beganNs, totalNs, phases, bystanders }: Operation): void {
    for (const ns of bystanders) this.bystanders.record(ns)
    if (way === null) return
    this.onoff[way].add(totalNs / 1e6)
    const endNs = beganNs + totalNs
    if (this.stalls.some(({ from, to }) => from < endNs && to > beganNs)) {
      this.stalled.record(totalNs)
      return
    }
    this.totals[way].record(totalNs)
    for (const [phase, ns] of phases) this.phases[way].get(phase)?.record(ns)
  }

  get migrationCount(): number {
    return Object.values(this.migrations).reduce((sum, n) => sum + n, 0)
  }

  way(way: 'offline' | 'online'): WayFigures {
    const phases: Partial<Record<Phase, Row>> = {}
    for (const [phase, recorder] of this.phases[way]) {
      const row = recorder.row()
      if (row !== null) phases[phase] = row
    }
    return { total: this.totals[way].row(), phases }
  }

  get bystander(): Row | null {
    return this.bystanders.row()
  }

  /** Operations that a stall of the host fell into. */
  get stalledOperations(): Row | null {
    return this.stalled.row()
  }
}

/** How long something took at least and at most, and in all, ms. */
export class Extent {
  min = Number.POSITIVE_INFINITY
  max = 0
  sum = 0

  add(ms: number): void {
    this.min = Math.min(this.min, ms)
    this.max = Math.max(this.max, ms)
    this.sum += ms
  }
}

function recorders(phases: readonly Phase[]): ReadonlyMap<Phase, LatencyRecorder> {
  return new Map(phases.map((phase) => [phase, new LatencyRecorder()]))
}

/**
 * The line that kernel people know from rcutorture: successes/attempts of coming up and of going down, how long each took
 * at least and at most, and in all. Times in ms, as that many ticks of 1,000 Hz.
 */
export function tortureLine(
  done: { readonly online: number; readonly offline: number },
  attempts: { readonly online: number; readonly offline: number },
  onoff: { readonly online: Extent; readonly offline: Extent },
): string {
  const range = ({ min, max }: Extent): string => `${max === 0 ? 0 : Math.round(min)},${Math.round(max)}`
  const counts = `${done.online}/${attempts.online}:${done.offline}/${attempts.offline}`
  const sums = `${Math.round(onoff.online.sum)}:${Math.round(onoff.offline.sum)}`
  return `onoff: ${counts} ${range(onoff.online)}:${range(onoff.offline)} ${sums} (HZ=1000)`
}
