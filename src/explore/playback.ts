// The strategy that plays a schedule again: the default order, but where it is told to deviate.
import type { Strategy, View } from '../machine/deterministic/strategy.js'
import { actorNames, DEVIATION, DefaultOrder, type Deviation, describeDeviation, orderFor } from './deviation.js'

/** For how many operations of its CPU a deviation is looked for that did not fit where it was. */
const DRIFT = 64

export class Playback implements Strategy {
  readonly name = 'replay'
  /** the first deviation that found another operation than the one it was noted for; null while all fit */
  divergence: string | null = null
  private readonly bestEffort: boolean
  private readonly afterwards: Strategy | null
  /** for each CPU and kind, by number of the operation */
  private readonly waiting: Map<number, Deviation[]>[][] = []
  /** those that did not fit where they were, with best effort */
  private readonly overdue: Deviation[] = []
  private readonly all: readonly Deviation[]
  private order = new DefaultOrder()
  private readonly done: number[] = []
  /** for each CPU how often its interrupt is late yet */
  private readonly late: number[] = []
  private view: View | null = null
  private left: number
  private current = 0

  /**
   * `bestEffort`: a deviation whose operation is elsewhere now is made when that comes; without it, the first that does not
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
    this.order = orderFor(view)
    for (let cpu = 0; cpu < view.actors; cpu++) {
      this.done.push(0)
      this.late.push(0)
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

  /** How many deviations have been made. */
  get made(): number {
    return this.all.length - this.left
  }

  /** The deviations that have not been made, in order. */
  get unmade(): Deviation[] {
    const kept = new Set([
      ...this.overdue,
      ...this.waiting.flatMap((kinds) => kinds.flatMap((map) => [...map.values()].flat())),
    ])
    return this.all.filter((deviation) => kept.has(deviation) || deviation.cpu >= this.waiting.length)
  }

  next(runnable: Int32Array, count: number): number {
    let place = this.order.prefer(runnable, count)
    if (this.left === 0 && this.afterwards !== null) place = this.afterwards.next(runnable, count)
    else {
      const wanted = this.take(DEVIATION.turn, runnable[place]!, 0)
      const other = wanted === null ? -1 : runnable.subarray(0, count).indexOf(wanted.value)
      if (other >= 0) place = other
      else if (wanted !== null)
        this.diverge(`${describeDeviation(wanted, actorNames(this.view))}: it has nothing to do now`)
    }
    const cpu = runnable[place]!
    this.order.went(cpu)
    this.current = cpu
    this.done[cpu]!++
    return place
  }

  takeInterrupt(cpu: number): boolean {
    if (this.left === 0 && this.late[cpu] === 0 && this.afterwards !== null) return this.afterwards.takeInterrupt(cpu)
    if (this.late[cpu]! === 0) this.late[cpu] = this.take(DEVIATION.late, cpu, 1)?.value ?? 0
    if (this.late[cpu]! === 0) return true
    this.late[cpu]!--
    return false
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
    const exact = waiting.get(nth)
    const overdue = this.overdue.length > 0
    if (exact === undefined && !overdue) return null
    const { place } = this.view!.declared(cpu)
    if (exact !== undefined && exact[0]!.place === place) {
      const found = exact.shift()!
      if (exact.length === 0) waiting.delete(nth)
      this.left--
      return found
    }
    if (exact !== undefined) {
      this.diverge(`${describeDeviation(exact[0]!, actorNames(this.view))}: now that operation is at ${place}`)
      if (!this.bestEffort) return null
      waiting.delete(nth)
      this.overdue.push(...exact)
    }
    const late = this.overdue.findIndex((one) => one.kind === kind && one.cpu === cpu && one.place === place)
    if (late < 0) return null
    const [found] = this.overdue.splice(late, 1)
    if (nth - found!.nth > DRIFT) return null
    this.left--
    return found!
  }

  private diverge(message: string): void {
    this.divergence ??= message
    if (!this.bestEffort) this.left = 0
  }
}
