// The strategy that plays a schedule again: the default order, but where it is told to deviate.
import type { Strategy, View } from '../machine/deterministic/strategy.js'
import { DEVIATION, DefaultOrder, type Deviation, describeDeviation } from './deviation.js'

/** How far from where it was a deviation is looked for when the code has changed, in operations of its CPU. */
const DRIFT = 64

export class Playback implements Strategy {
  readonly name = 'replay'
  /** the first deviation that found another operation than the one it was noted for; null while all fit */
  divergence: string | null = null
  private readonly bestEffort: boolean
  private readonly afterwards: Strategy | null
  /** for each CPU and kind, by number of the operation */
  private readonly waiting: Map<number, Deviation[]>[][] = []
  private readonly all: readonly Deviation[]
  private readonly order = new DefaultOrder()
  private readonly done: number[] = []
  private view: View | null = null
  private left: number
  private current = 0

  /**
   * `bestEffort`: a deviation whose operation is elsewhere now is looked for nearby; without it, the first that does not
   * fit is the last. `afterwards`: who decides when all deviations have been made.
   */
  constructor(deviations: readonly Deviation[], bestEffort = false, afterwards: Strategy | null = null) {
    this.all = deviations
    this.left = deviations.length
    this.bestEffort = bestEffort
    this.afterwards = afterwards
  }

  attach(view: View): void {
    this.view = view
    const { cpus } = view.memory.layout.config
    for (let cpu = 0; cpu < cpus; cpu++) {
      this.done.push(0)
      this.waiting.push([new Map(), new Map(), new Map()])
    }
    for (const deviation of this.all) {
      const at = this.waiting[deviation.cpu]?.[deviation.kind]
      at?.set(deviation.nth, [...(at.get(deviation.nth) ?? []), deviation])
    }
    this.afterwards?.attach?.(view)
  }

  /** Whether all deviations have been made. */
  get isThrough(): boolean {
    return this.left === 0
  }

  /** The deviations that have not been made, in order. */
  get unmade(): Deviation[] {
    const kept = new Set(this.waiting.flatMap((kinds) => kinds.flatMap((map) => [...map.values()].flat())))
    return this.all.filter((deviation) => kept.has(deviation) || deviation.cpu >= this.waiting.length)
  }

  next(runnable: Int32Array, count: number): number {
    let place = this.order.prefer(runnable, count)
    if (this.left === 0 && this.afterwards !== null) place = this.afterwards.next(runnable, count)
    else {
      const wanted = this.take(DEVIATION.turn, runnable[place]!, 0)
      const other = wanted === null ? -1 : runnable.subarray(0, count).indexOf(wanted.value)
      if (other >= 0) place = other
      else if (wanted !== null) this.diverge(`${describeDeviation(wanted)}: it has nothing to do now`)
    }
    const cpu = runnable[place]!
    this.order.went(cpu)
    this.current = cpu
    this.done[cpu]!++
    return place
  }

  takeInterrupt(cpu: number): boolean {
    if (this.left === 0 && this.afterwards !== null) return this.afterwards.takeInterrupt(cpu)
    return this.take(DEVIATION.late, cpu, 1) === null
  }

  choose(n: number): number {
    if (this.left === 0 && this.afterwards !== null) return this.afterwards.choose(n)
    return Math.min(n - 1, this.take(DEVIATION.choice, this.current, 1)?.value ?? 0)
  }

  /** The deviation for what a CPU does now, if there is one and it fits. */
  private take(kind: Deviation['kind'], cpu: number, back: number): Deviation | null {
    if (this.left === 0) return null
    const nth = this.done[cpu]! - back
    const waiting = this.waiting[cpu]![kind]!
    const exact = waiting.get(nth)?.[0]
    if (exact === undefined && !this.bestEffort) return null
    const { place } = this.view!.declared(cpu)
    const found = exact?.place === place ? exact : this.bestEffort ? nearby(waiting, nth, place) : undefined
    if (found !== undefined) {
      const rest = waiting.get(found.nth)!.slice(1)
      if (rest.length > 0) waiting.set(found.nth, rest)
      else waiting.delete(found.nth)
      this.left--
      return found
    }
    if (exact !== undefined) this.diverge(`${describeDeviation(exact)}: now that operation is at ${place}`)
    return null
  }

  private diverge(message: string): void {
    this.divergence ??= message
    if (!this.bestEffort) this.left = 0
  }
}

function nearby(waiting: ReadonlyMap<number, Deviation[]>, nth: number, place: string): Deviation | undefined {
  for (const [deviation] of waiting.values()) {
    if (deviation!.place === place && Math.abs(deviation!.nth - nth) <= DRIFT) return deviation
  }
  return undefined
}
