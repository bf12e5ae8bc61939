// A strategy that need not be fair, and a fair order that takes over when nothing gets on: a loop of one CPU that waits for
// another must end, or the search would find livelocks that no machine has.
import type { Strategy, View } from '../machine/deterministic/strategy.js'
import { DefaultOrder, orderFor } from './deviation.js'

/** Operations without progress after which it takes over. */
const PATIENCE = 20_000

export class FairTail implements Strategy {
  readonly name: string
  private readonly inner: Strategy
  private order = new DefaultOrder()
  private view: View | null = null

  constructor(inner: Strategy) {
    this.inner = inner
    this.name = inner.name
  }

  attach(view: View): void {
    this.view = view
    this.order = orderFor(view)
    this.inner.attach?.(view)
  }

  private get isOver(): boolean {
    return this.view!.sinceProgress > PATIENCE
  }

  next(runnable: Int32Array, count: number): number {
    const place = this.isOver ? this.order.prefer(runnable, count) : this.inner.next(runnable, count)
    this.order.went(runnable[place]!)
    return place
  }

  takeInterrupt(cpu: number): boolean {
    return this.isOver || this.inner.takeInterrupt(cpu)
  }

  choose(n: number): number {
    return this.inner.choose(n)
  }
}
