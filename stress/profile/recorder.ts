// The times of the operations under one load: every one of them, and their percentiles.
import type { Quantiles, Way, WayQuantiles } from '../../src/report/measurement.js'
import type { Operation, Phase } from '../../src/report/phases.js'
import { LatencyRecorder } from '../verdict.js'
import type { Samples } from './result.js'

export class OperationRecorder {
  private readonly times = {
    offline: new Map<Phase | 'total', number[]>(),
    online: new Map<Phase | 'total', number[]>(),
  }
  private readonly stopped: number[] = []

  add({ way, totalNs, phases, bystanders }: Operation): void {
    if (way === null) return
    this.push(way, 'total', totalNs)
    for (const [phase, ns] of phases) this.push(way, phase, ns)
    this.stopped.push(...bystanders)
  }

  private push(way: Way, phase: Phase | 'total', ns: number): void {
    const times = this.times[way]
    const list = times.get(phase)
    if (list === undefined) times.set(phase, [Math.round(ns)])
    else list.push(Math.round(ns))
  }

  way(way: Way): WayQuantiles {
    const { total, ...phases } = Object.fromEntries(
      [...this.times[way]].map(([phase, times]) => [phase, quantilesOf(times)]),
    )
    return { total: total ?? null, phases }
  }

  get bystanders(): Quantiles | null {
    return quantilesOf(this.stopped)
  }

  get samples(): Samples {
    return { offline: Object.fromEntries(this.times.offline), online: Object.fromEntries(this.times.online) }
  }
}

function quantilesOf(times: readonly number[]): Quantiles | null {
  const recorder = new LatencyRecorder()
  for (const ns of times) recorder.record(ns)
  return recorder.row()
}
