// A schedule as what is different in it from the default order: all of it that is not the same in every run.

import type { View } from '../machine/deterministic/strategy.js'

export const DEVIATION = {
  /** another CPU goes on before this operation of the CPU whose turn it would be; `value`: which */
  turn: 0,
  /** an interrupt that could be taken before this operation is late, and again the next `value` - 1 times that it could */
  late: 1,
  /** this operation asks for a number, and is given `value` rather than 0 */
  choice: 2,
} as const

export interface Deviation {
  readonly kind: (typeof DEVIATION)[keyof typeof DEVIATION]
  /** the CPU whose operation it is about, and how many that CPU had done before it since exploring began */
  readonly cpu: number
  readonly nth: number
  /** where in the kernel that operation is */
  readonly place: string
  readonly value: number
}

/** What an actor is called; without a view, all of them are CPUs. */
export function actorNames(view: View | null): (actor: number) => string {
  return (actor) => {
    const cpu = view !== null && actor < view.actors ? view.cpuOf(actor) : actor
    const cpus = view?.memory.layout.config.cpus ?? Number.POSITIVE_INFINITY
    if (cpu >= cpus) return `device ${cpu - cpus}`
    return cpu === actor ? `CPU ${cpu}` : `the store buffer of CPU ${cpu}`
  }
}

export function describeDeviation(
  { kind, cpu, nth, place, value }: Deviation,
  actorName: (actor: number) => string = actorNames(null),
): string {
  const where = `operation ${nth} of ${actorName(cpu)} (${place})`
  if (kind === DEVIATION.turn) return `before ${where} ${actorName(value)} goes on`
  return kind === DEVIATION.late ? `the interrupt before ${where} is ${value} times late` : `${where} is given ${value}`
}

/**
 * The order that a schedule deviates from: a CPU goes on until it waits, or has had a long turn; then the next one. Stores go
 * into memory at once; where something else has come instead, that buffer waits until no CPU can go on.
 */
export class DefaultOrder {
  private readonly cpus: number
  private current = 0
  private left = TURN
  /** the buffer that had been preferred, -1: none; and those that wait */
  private preferred = -1
  private readonly late = new Set<number>()

  constructor(cpus = Number.POSITIVE_INFINITY) {
    this.cpus = cpus
  }

  /** The place in `runnable` of the one whose turn it is. */
  prefer(runnable: Int32Array, count: number): number {
    const buffer = this.cpus === Number.POSITIVE_INFINITY ? -1 : this.preferBuffer(runnable, count)
    return buffer >= 0 ? buffer : this.preferCpu(runnable, count)
  }

  private preferBuffer(runnable: Int32Array, count: number): number {
    const present = runnable.subarray(0, count)
    for (const buffer of this.late) if (!present.includes(buffer)) this.late.delete(buffer)
    const onlyBuffers = present.every((actor) => actor >= this.cpus)
    const place = present.findIndex((actor) => actor >= this.cpus && (onlyBuffers || !this.late.has(actor)))
    this.preferred = place < 0 ? -1 : present[place]!
    return place
  }

  private preferCpu(runnable: Int32Array, count: number): number {
    let next = -1
    let lowest = -1
    for (let i = 0; i < count; i++) {
      const cpu = runnable[i]!
      if (cpu >= this.cpus) continue
      if (cpu === this.current && this.left > 0) return i
      if (cpu > this.current && (next < 0 || cpu < runnable[next]!)) next = i
      if (lowest < 0 || cpu < runnable[lowest]!) lowest = i
    }
    return next < 0 ? lowest : next
  }

  /** That one has been given the turn. */
  went(cpu: number): void {
    if (this.preferred >= 0 && cpu !== this.preferred) this.late.add(this.preferred)
    this.preferred = -1
    if (cpu >= this.cpus) {
      this.late.delete(cpu)
      return
    }
    if (cpu === this.current && this.left > 0) this.left--
    else {
      this.current = cpu
      this.left = TURN - 1
    }
  }
}

/** Operations in a turn: long, for every end of one is a switch that a reader has to follow. */
const TURN = 1000

/** The default order of a machine, from its beginning. */
export function orderFor(view: View): DefaultOrder {
  const { masters } = view.memory.layout
  return view.actors > masters ? new DefaultOrder(masters) : new DefaultOrder()
}
