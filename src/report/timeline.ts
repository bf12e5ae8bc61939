// One operation over all CPUs: what each of them ran meanwhile, when it had its interrupts off for it, and the
// callbacks. Times in ns since cpu_hotplug_lock was taken.
import { MARK } from '../trace/events.js'
import type { TraceEvent } from '../trace/ring.js'
import type { Operation } from './phases.js'
import type { StepCall } from './steps.js'

/** user: a user task; hotplug: cpuhp/N; stopper: migration/N; kernel: any other kernel thread; offline: the CPU is not up */
export type Kind = 'idle' | 'user' | 'hotplug' | 'stopper' | 'kernel' | 'offline'

export interface Span {
  readonly fromNs: number
  readonly toNs: number
  readonly kind: Kind
  readonly name: string
}

export interface Lane {
  readonly cpu: number
  readonly spans: readonly Span[]
  readonly irqsOff: readonly { readonly fromNs: number; readonly toNs: number }[]
}

export interface Timeline {
  readonly cpu: number
  readonly way: 'offline' | 'online'
  readonly totalNs: number
  /** CPUs in their order; of a large machine those where most happened */
  readonly lanes: readonly Lane[]
  /** CPUs of the machine */
  readonly cpus: number
  readonly calls: readonly { readonly fn: string; readonly fromNs: number; readonly toNs: number }[]
}

export interface TaskDescription {
  readonly name: string
  readonly kind: Kind
}

const MOST_LANES = 16

/** What each CPU runs, as the events tell. */
export type Running = Map<number, number>

export function follow(running: Running, { event, cpu, c }: TraceEvent): void {
  if (event === 'sched_switch') running.set(cpu, c)
}

/**
 * Makes the timeline of an operation of its events, and perhaps some before them.
 * @param running what CPUs ran before the first of them; changed
 * @param describe what a task is
 */
export function timelineOf(
  { cpu: subject, way, beganNs, totalNs, phases }: Operation & { readonly way: 'offline' | 'online' },
  events: readonly TraceEvent[],
  running: Running,
  cpus: number,
  calls: readonly StepCall[],
  describe: (task: number) => TaskDescription,
): Timeline {
  const lock = phases.get('lock') ?? 0
  const from = beganNs + lock
  const to = beganNs + totalNs
  const lanes = Array.from({ length: cpus }, (_, cpu) => new LaneBuilder(cpu, to - from, describe))
  const inside: TraceEvent[] = []
  for (const event of events) {
    if (event.timeNs < from) follow(running, event)
    else if (event.timeNs <= to) inside.push(event)
  }
  for (const [cpu, task] of running) lanes[cpu]?.begin(task)
  if (way === 'online') lanes[subject]?.down()
  for (const event of inside) {
    const at = event.timeNs - from
    if (event.event === 'sched_switch') lanes[event.cpu]?.switch(event.c, at)
    else if (event.event === 'cpuhp_mark') {
      if (event.b === MARK.irqsOff) lanes[event.cpu]?.irqs(at)
      else if (event.b === MARK.irqsOn) lanes[event.cpu]?.irqsOn(at)
      else if (event.b === MARK.died) lanes[subject]?.down(at)
    }
    if (way === 'online' && event.cpu === subject) lanes[subject]?.up(at)
  }
  return {
    cpu: subject,
    way,
    totalNs: to - from,
    cpus,
    lanes: choose(lanes, subject).map((lane) => lane.lane()),
    calls: calls
      .filter((call) => call.beganNs >= from)
      .map(({ fn, beganNs: began, endNs }) => ({ fn, fromNs: began - from, toNs: endNs - from })),
  }
}

/** The CPU that it is about, and those on which most happened. */
function choose(lanes: readonly LaneBuilder[], subject: number): LaneBuilder[] {
  if (lanes.length <= MOST_LANES) return [...lanes]
  const others = lanes.filter(({ cpu }) => cpu !== subject).sort((x, y) => y.changes - x.changes || x.cpu - y.cpu)
  return [lanes[subject]!, ...others.slice(0, MOST_LANES - 1)].sort((x, y) => x.cpu - y.cpu)
}

class LaneBuilder {
  readonly cpu: number
  private readonly endNs: number
  private readonly describe: (task: number) => TaskDescription
  private readonly spans: Span[] = []
  private readonly off: { fromNs: number; toNs: number }[] = []
  private current: TaskDescription = { name: 'idle', kind: 'idle' }
  private sinceNs = 0
  private offSinceNs = -1
  changes = 0

  constructor(cpu: number, endNs: number, describe: (task: number) => TaskDescription) {
    this.cpu = cpu
    this.endNs = endNs
    this.describe = describe
  }

  begin(task: number): void {
    this.current = this.describe(task)
  }

  switch(task: number, at: number): void {
    this.change(this.describe(task), at)
  }

  /** Not up from here on. */
  down(at = 0): void {
    this.change({ name: 'offline', kind: 'offline' }, at)
  }

  /** A sign of life. */
  up(at: number): void {
    if (this.current.kind === 'offline') this.change({ name: 'idle', kind: 'idle' }, at)
  }

  irqs(at: number): void {
    this.offSinceNs = at
  }

  irqsOn(at: number): void {
    if (this.offSinceNs >= 0) this.off.push({ fromNs: this.offSinceNs, toNs: at })
    this.offSinceNs = -1
  }

  private change(next: TaskDescription, at: number): void {
    if (at > this.sinceNs) this.spans.push({ fromNs: this.sinceNs, toNs: at, ...this.current })
    this.current = next
    this.sinceNs = at
    this.changes++
  }

  lane(): Lane {
    const { cpu, spans, off, offSinceNs, endNs } = this
    if (offSinceNs >= 0) off.push({ fromNs: offSinceNs, toNs: endNs })
    const last = { fromNs: this.sinceNs, toNs: endNs, ...this.current }
    return { cpu, spans: last.toNs > last.fromNs ? [...spans, last] : spans, irqsOff: off }
  }
}
