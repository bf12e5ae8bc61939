// The flight recorder: a ring of the latest events of each CPU, in shared memory. One writer, the CPU itself.
//
// A reader copies records and then looks at traceHead again: what the writer may have overwritten meanwhile is not used.
import type { Memory } from '../memory/memory.js'
import { PERCPU, TRACE_RECORD } from '../memory/structs.js'
import type { Cpu, Tracer } from '../ops/cpu.js'
import { EVENT, EVENT_NAMES, eventOf, flagsOf, functionOf, TRACE_FLAG, withFlags } from './events.js'

/** How a CPU stands: TRACE_FLAG. */
function standing({ irqDisabled, needResched, inInterrupt, servingSoftirq, softirqDisabled }: Cpu): number {
  let flags = irqDisabled > 0 ? TRACE_FLAG.irqsOff : 0
  if (needResched) flags |= TRACE_FLAG.needResched
  if (inInterrupt > 0) flags |= TRACE_FLAG.hardirq
  if (servingSoftirq) flags |= TRACE_FLAG.softirq
  // Serving them holds them off as well, which is not meant.
  if (softirqDisabled > (servingSoftirq ? 1 : 0)) flags |= TRACE_FLAG.softirqsOff
  return flags
}

class RingTracer implements Tracer {
  record(cpu: Cpu, event: number, a: number, b: number, c: number): void {
    const { memory, services } = cpu
    const head = memory.percpu(cpu.id) + PERCPU.traceHead
    const sequence = memory.get(head)
    const record = memory.traceRecord(cpu.id, sequence)
    memory.set(record + TRACE_RECORD.ticket, services.ticket())
    // As Linux counts: neither a handler nor a section without softirqs is one without preemption.
    const depth = cpu.preemptCount - cpu.inInterrupt - cpu.softirqDisabled
    memory.set(record + TRACE_RECORD.event, withFlags(event, standing(cpu), depth))
    memory.set(record + TRACE_RECORD.task, cpu.task)
    memory.set(record + TRACE_RECORD.a, a)
    memory.set(record + TRACE_RECORD.b, b)
    memory.set(record + TRACE_RECORD.c, c)
    memory.setTime(record + TRACE_RECORD.time, services.now())
    services.publish(head, (sequence + 1) | 0)
  }
}

/**
 * Calls `tap` before a ring has gone half the way round, so that whoever reads them all then misses nothing; and when a
 * task has been made, while it has its name.
 */
class TappedTracer extends RingTracer {
  private readonly mask: number
  private readonly tap: () => void

  constructor(records: number, tap: () => void) {
    super()
    this.mask = records / 2 - 1
    this.tap = tap
  }

  override record(cpu: Cpu, event: number, a: number, b: number, c: number): void {
    super.record(cpu, event, a, b, c)
    const isMaking = eventOf(event) === EVENT.sched_process_fork
    if (isMaking || (cpu.memory.get(cpu.memory.percpu(cpu.id) + PERCPU.traceHead) & this.mask) === 0) this.tap()
  }
}

/** Who records a machine's events: nobody, where there is no room for them. `tap`: for machines of one thread. */
export function tracerFor(memory: Memory, tap: (() => void) | null = null): Tracer {
  const { traceRecords } = memory.layout.config
  if (traceRecords === 0) return { record() {} }
  return tap === null ? new RingTracer() : new TappedTracer(traceRecords, tap)
}

export interface TraceEvent {
  readonly cpu: number
  /** orders the events of all CPUs: drawn from one counter, so it follows every handshake */
  readonly ticket: number
  readonly event: string
  /** number of the function it is about; of the scheduler's events, priorities: the first | the second << 8 */
  readonly function: number
  /** how the CPU stood: TRACE_FLAG, and preemptDepth */
  readonly flags: number
  readonly task: number
  readonly a: number
  readonly b: number
  readonly c: number
  readonly timeNs: number
}

/** Reads rings from outside the machine, each event once. */
export class TraceReader {
  private readonly memory: Memory
  private readonly load: (word: number) => number
  private readonly next: Int32Array
  /** events that were overwritten before they were read: of all CPUs, and of each */
  lost = 0
  readonly lostOf: Float64Array

  /** `load` reads a word that a CPU published. */
  constructor(memory: Memory, load: (word: number) => number) {
    this.memory = memory
    this.load = load
    this.next = new Int32Array(memory.layout.config.cpus)
    this.lostOf = new Float64Array(memory.layout.config.cpus)
  }

  /** All new events of all CPUs, in order. */
  read(): TraceEvent[] {
    const events: TraceEvent[] = []
    for (let cpu = 0; cpu < this.next.length; cpu++) this.readCpu(cpu, events)
    return events.sort((x, y) => (x.ticket - y.ticket) | 0)
  }

  /** The latest events of one CPU that its ring still holds, oldest first; does not count as reading them. */
  latest(cpu: number, limit: number): TraceEvent[] {
    const head = this.load(this.memory.percpu(cpu) + PERCPU.traceHead)
    const size = this.memory.layout.config.traceRecords
    const events: TraceEvent[] = []
    for (let s = Math.max(0, head - Math.min(limit, size)); s < head; s++) events.push(this.event(cpu, s))
    return events
  }

  private readCpu(cpu: number, into: TraceEvent[]): void {
    const headWord = this.memory.percpu(cpu) + PERCPU.traceHead
    const size = this.memory.layout.config.traceRecords
    const head = this.load(headWord)
    let from = this.next[cpu]!
    let lost = 0
    if (head - from > size) {
      lost = head - from - size
      from = head - size
    }
    const copied: TraceEvent[] = []
    for (let s = from; s < head; s++) copied.push(this.event(cpu, s))
    // The writer may be in the middle of the record after its head: that one is not trusted either.
    const overwritten = Math.max(0, this.load(headWord) + 1 - size - from)
    lost += Math.min(overwritten, copied.length)
    this.lost += lost
    this.lostOf[cpu]! += lost
    for (const event of copied.slice(overwritten)) into.push(event)
    this.next[cpu] = head
  }

  private event(cpu: number, sequence: number): TraceEvent {
    const { memory } = this
    const record = memory.traceRecord(cpu, sequence)
    const event = memory.get(record + TRACE_RECORD.event)
    return {
      cpu,
      ticket: memory.get(record + TRACE_RECORD.ticket),
      event: EVENT_NAMES[eventOf(event)] ?? `event ${eventOf(event)}`,
      function: functionOf(event),
      flags: flagsOf(event),
      task: memory.get(record + TRACE_RECORD.task),
      a: memory.get(record + TRACE_RECORD.a),
      b: memory.get(record + TRACE_RECORD.b),
      c: memory.get(record + TRACE_RECORD.c),
      timeNs: memory.getTime(record + TRACE_RECORD.time),
    }
  }
}
