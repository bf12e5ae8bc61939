// What stands between the machine and a strategy: it lets it decide when exploring has begun, and notes where it deviates
// from the default order.
import type { Observer } from '../machine/deterministic/observer.js'
import type { Strategy, View } from '../machine/deterministic/strategy.js'
import { DEVIATION, DefaultOrder, type Deviation, orderFor } from './deviation.js'

/** Somebody who is told of every operation before it is carried out. */
export interface Watcher {
  /** `nth`: how many the CPU had done before */
  step(view: View, cpu: number, nth: number): void
  /** The interrupt that was to come first is late: it is the operation after all. */
  late?(view: View, cpu: number): void
}

/** An observer for whom it begins when exploring does. */
export interface LateObserver extends Observer {
  begin(view: View): void
}

export class Recorder implements Strategy {
  readonly name: string
  readonly deviations: Deviation[] = []
  /** for each CPU where in `deviations` the interrupt stands that is late there, -1: none */
  private readonly late: number[] = []
  /** operations since exploring began */
  operations = 0
  readonly observer?: LateObserver
  private readonly inner: Strategy
  private readonly watchers: readonly Watcher[]
  private order = new DefaultOrder()
  private readonly done: number[] = []
  private view: View | null = null
  private exploring = false
  private current = 0

  constructor(inner: Strategy, watchers: readonly Watcher[] = [], observer: LateObserver | null = null) {
    if (observer !== null) this.observer = observer
    this.inner = inner
    this.name = inner.name
    this.watchers = watchers
  }

  attach(view: View): void {
    this.view = view
    this.order = orderFor(view)
    for (let cpu = 0; cpu < view.actors; cpu++) {
      this.done.push(0)
      this.late.push(-1)
    }
  }

  /** From here on the strategy decides. */
  begin(): void {
    this.exploring = true
    this.order = orderFor(this.view!)
    this.observer?.begin(this.view!)
    this.inner.attach?.(this.view!)
  }

  /** How many operations each CPU has done. */
  get counts(): readonly number[] {
    return this.done
  }

  next(runnable: Int32Array, count: number): number {
    const preferred = this.order.prefer(runnable, count)
    let place = preferred
    if (this.exploring) {
      place = this.inner.next(runnable, count)
      if (place !== preferred) this.note(DEVIATION.turn, runnable[preferred]!, 0, runnable[place]!)
      this.operations++
    }
    const cpu = runnable[place]!
    this.order.went(cpu)
    this.current = cpu
    if (this.exploring) {
      for (const watcher of this.watchers) watcher.step(this.view!, cpu, this.done[cpu]!)
      this.done[cpu]!++
    }
    return place
  }

  takeInterrupt(cpu: number): boolean {
    const taken = !this.exploring || this.inner.takeInterrupt(cpu)
    if (this.exploring && !taken) for (const watcher of this.watchers) watcher.late?.(this.view!, cpu)
    const before = this.late[cpu]!
    if (taken) this.late[cpu] = -1
    else if (before < 0) this.late[cpu] = this.note(DEVIATION.late, cpu, 1, 1) - 1
    else this.deviations[before] = { ...this.deviations[before]!, value: this.deviations[before]!.value + 1 }
    return taken
  }

  choose(n: number): number {
    const value = this.exploring ? this.inner.choose(n) : 0
    if (value !== 0) this.note(DEVIATION.choice, this.current, 1, value)
    return value
  }

  private note(kind: Deviation['kind'], cpu: number, back: number, value: number): number {
    const { place } = this.view!.declared(cpu)
    return this.deviations.push({ kind, cpu, nth: this.done[cpu]! - back, place, value })
  }
}
