// Every schedule with up to so many deviations from the default order: delay bounding (Emmi, Qadeer, Rakamaric, POPL 2011),
// with 0 deviations first, then 1, and so on. A preemption is a deviation, another CPU's turn after a wait is one, and so
// is an interrupt that is late.
//
// Not looked at: preemptions before operations that no other CPU could notice (their word is used by one CPU only, in the
// default order, or they have none), and other answers to `choose` than 0.
import type { Strategy, View } from '../../machine/deterministic/strategy.js'
import { KIND } from '../../ops/operation.js'
import { DEVIATION, DefaultOrder, type Deviation, orderFor } from '../deviation.js'
import { Playback } from '../playback.js'
import type { Profiled, Search } from '../search.js'
import { wordOf } from '../shared-words.js'

export class Exhaustive implements Search {
  readonly name: string
  readonly inOrder = true
  private readonly bound: number
  private readonly words: ReadonlySet<number>
  private readonly walk: Generator<readonly Deviation[], void, readonly Deviation[]>
  private latest: Enumerator | null = null
  /** for each number of deviations, how many schedules with as many there have been; the last may not be complete */
  private readonly seen: number[] = []

  constructor(bound: number, { words }: Profiled) {
    this.name = `exhaustive:${bound}`
    this.bound = bound
    this.words = new Set(words.keys())
    this.walk = this.deepen()
  }

  strategy(): Strategy | null {
    const next = this.walk.next(this.latest?.candidates ?? [])
    if (next.done) return null
    this.latest = new Enumerator(next.value, this.words)
    return this.latest
  }

  says(): string {
    const told = this.seen.map((count, n) => `${count} with ${n}`)
    const complete = this.seen.length > this.bound && this.isThrough
    return complete
      ? `all schedules with up to ${this.bound} deviations from the default order: ${told.join(', ')}`
      : `schedules by deviations from the default order: ${told.join(', ')}; the last number is not complete`
  }

  private isThrough = false

  private *deepen(): Generator<readonly Deviation[], void, readonly Deviation[]> {
    for (let depth = 0; depth <= this.bound; depth++) yield* this.extend([], depth)
    this.isThrough = true
  }

  /** All extensions by `more`. The ones on the way there are run again: what can follow them must be known. */
  private *extend(
    deviations: readonly Deviation[],
    more: number,
  ): Generator<readonly Deviation[], void, readonly Deviation[]> {
    if (more === 0) this.seen[deviations.length] = (this.seen[deviations.length] ?? 0) + 1
    const candidates = yield deviations
    if (more === 0) return
    for (const candidate of candidates) yield* this.extend([...deviations, candidate], more - 1)
  }
}

/** How often an interrupt that is late could have been taken. */
const LATE = 64

/** Plays deviations, and notes those that could follow the last of them. */
class Enumerator implements Strategy {
  readonly name = 'exhaustive'
  readonly candidates: Deviation[] = []
  private readonly playback: Playback
  private readonly words: ReadonlySet<number>
  private order = new DefaultOrder()
  private readonly done: number[] = []
  private current = -1
  private view: View | null = null

  constructor(deviations: readonly Deviation[], words: ReadonlySet<number>) {
    this.playback = new Playback(deviations)
    this.words = words
  }

  attach(view: View): void {
    this.view = view
    this.order = orderFor(view)
    for (let cpu = 0; cpu < view.actors; cpu++) this.done.push(0)
    this.playback.attach(view)
  }

  next(runnable: Int32Array, count: number): number {
    const preferred = runnable[this.order.prefer(runnable, count)]!
    const through = this.playback.isThrough
    const place = this.playback.next(runnable, count)
    if (through && (preferred !== this.current || this.isVisible(preferred))) {
      for (let i = 0; i < count; i++) {
        const value = runnable[i]!
        if (value !== preferred) this.note(DEVIATION.turn, preferred, 0, value)
      }
    }
    this.current = runnable[place]!
    this.order.went(this.current)
    this.done[this.current]!++
    return place
  }

  takeInterrupt(cpu: number): boolean {
    if (this.playback.isThrough) this.note(DEVIATION.late, cpu, 1, LATE)
    return this.playback.takeInterrupt(cpu)
  }

  choose(): number {
    return 0
  }

  private isVisible(cpu: number): boolean {
    const operation = this.view!.declared(cpu)
    return operation.kind === KIND.sendIpi || this.words.has(wordOf(operation))
  }

  private note(kind: Deviation['kind'], cpu: number, back: number, value: number): void {
    const { place } = this.view!.declared(cpu)
    this.candidates.push({ kind, cpu, nth: this.done[cpu]! - back, place, value })
  }
}
