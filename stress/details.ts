// What operations did besides taking time: steps, interrupts, migrations, and one of them in full. For reports.
import type { Machine } from '../src/machine/machine.js'
import type { Profile } from '../src/profiles/profile.js'
import { InterruptReader } from '../src/report/interrupts.js'
import type { Details, Way } from '../src/report/measurement.js'
import { MigrationCounter } from '../src/report/migrations.js'
import type { Operation } from '../src/report/phases.js'
import { type StepCall, StepReader, timesOf } from '../src/report/steps.js'
import { describeTask } from '../src/report/task-kinds.js'
import { follow, type Running, type Timeline, timelineOf } from '../src/report/timeline.js'
import type { TraceEvent } from '../src/trace/ring.js'
import { LatencyRecorder } from './verdict.js'

/** Timelines that are kept, to choose from at the end. */
const TIMELINES = 64
/** Events that are kept for the next timeline, at most. */
const RECENT = 200_000

interface StepRecord {
  readonly way: Way
  readonly state: number
  readonly fn: string
  readonly recorder: LatencyRecorder
}

export class DetailReader {
  private readonly machine: Machine
  private readonly steps: StepReader
  private readonly interrupts = new InterruptReader()
  private readonly migrations = new MigrationCounter()
  private readonly latencies = new LatencyRecorder()
  private readonly records = new Map<string, StepRecord>()
  private readonly timelines: Timeline[] = []
  private readonly running: Running = new Map()
  private recent: TraceEvent[] = []

  constructor(machine: Machine) {
    this.machine = machine
    this.steps = new StepReader((fn) => machine.functionName(fn))
  }

  /** Events between operations, of which only is of interest what they leave running. */
  skip(events: readonly TraceEvent[]): void {
    this.recent = []
    // An interrupt that was under way as an operation ended has been taken meanwhile, unseen.
    this.interrupts.forget()
    for (const event of events) follow(this.running, event)
  }

  /** Events, and the operations that have ended with them. */
  take(events: readonly TraceEvent[], operations: readonly Operation[]): void {
    for (const event of events) {
      this.steps.take(event)
      this.migrations.take(event)
      const latency = this.interrupts.take(event)
      if (latency !== null) this.latencies.record(latency)
    }
    this.recent = this.recent.length === 0 ? [...events] : this.recent.concat(events)
    if (this.recent.length > RECENT) this.prune(this.recent.length - RECENT)
    for (const operation of operations) this.operation(operation)
  }

  /** Events were lost. */
  forget(): void {
    this.steps.forget()
    this.interrupts.forget()
    this.running.clear()
    this.recent = []
  }

  private operation(operation: Operation): void {
    const calls = this.steps.callsOf(operation)
    const { way, beganNs, totalNs } = operation
    if (way === null) return
    for (const { state, fn, ns } of timesOf(calls)) this.record(way, state, fn, ns)
    if (way === 'offline' && this.timelines.length < TIMELINES) this.draw({ ...operation, way }, calls)
    const after = this.recent.findIndex((event) => event.timeNs > beganNs + totalNs)
    this.prune(after < 0 ? this.recent.length : after)
  }

  private draw(operation: Operation & { readonly way: Way }, calls: readonly StepCall[]): void {
    const { machine } = this
    const describe = (task: number) => describeTask(machine.memory, task)
    const running = new Map(this.running)
    this.timelines.push(timelineOf(operation, this.recent, running, machine.cpus, calls, describe))
  }

  private record(way: Way, state: number, fn: string, ns: number): void {
    const key = `${way} ${state} ${fn}`
    let record = this.records.get(key)
    if (record === undefined) {
      record = { way, state, fn, recorder: new LatencyRecorder() }
      this.records.set(key, record)
    }
    record.recorder.record(ns)
  }

  private prune(n: number): void {
    for (const event of this.recent.splice(0, n)) follow(this.running, event)
  }

  details(profile: Profile): Details {
    const names = new Map(profile.states.map(({ state, name }) => [state, name]))
    const steps = [...this.records.values()].flatMap(({ way, state, fn, recorder }) => {
      const quantiles = recorder.row()
      return quantiles === null ? [] : [{ way, state, step: names.get(state) ?? String(state), fn, quantiles }]
    })
    // Down as a CPU goes down, then up as it comes up.
    const order = (x: { way: Way; state: number }): number => (x.way === 'offline' ? -x.state : 1000 + x.state)
    return {
      steps: steps.sort((x, y) => order(x) - order(y)),
      interrupts: this.latencies.row(),
      migrations: { causes: { ...this.migrations.causes }, pairs: this.migrations.pairs() },
      timeline: this.typical(),
    }
  }

  /** The one whose length is nearest to the median. */
  private typical(): Timeline | null {
    const sorted = [...this.timelines].sort((x, y) => x.totalNs - y.totalNs)
    return sorted[sorted.length >> 1] ?? null
  }
}
