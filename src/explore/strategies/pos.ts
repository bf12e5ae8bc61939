// POS, partial order sampling (Yuan, Yang, Gu, CAV 2018): every operation that is declared has a random priority, and the
// highest goes first. Those that race with it (the same word, one of them a write) are given new priorities: so orders that
// differ in what comes of them are about as likely as each other, however many operations lie between.
//
// An interrupt that could be taken is an operation like any other: it comes when its priority is the higher one.
import { Prng } from '../../base/prng.js'
import type { Strategy, View } from '../../machine/deterministic/strategy.js'
import type { Search } from '../search.js'
import { conflict } from '../shared-words.js'

export class PartialOrderSampling implements Search {
  readonly name = 'pos'
  private readonly prng: Prng

  constructor(seed: number) {
    this.prng = new Prng(seed).fork('pos')
  }

  strategy(schedule: number): Strategy {
    return new PosStrategy(this.prng.fork(schedule))
  }
}

class PosStrategy implements Strategy {
  readonly name = 'pos'
  private readonly prng: Prng
  private readonly priorities: number[] = []
  private view: View | null = null

  constructor(prng: Prng) {
    this.prng = prng
  }

  attach(view: View): void {
    this.view = view
    for (let cpu = 0; cpu < view.actors; cpu++) this.priorities.push(this.prng.next())
  }

  next(runnable: Int32Array, count: number): number {
    const { priorities, view } = this
    let best = 0
    for (let i = 1; i < count; i++) if (priorities[runnable[i]!]! > priorities[runnable[best]!]!) best = i
    const chosen = runnable[best]!
    const operation = view!.declared(chosen)
    for (let cpu = 0; cpu < priorities.length; cpu++) {
      if (cpu === chosen || conflict(operation, view!.declared(cpu))) priorities[cpu] = this.prng.next()
    }
    return best
  }

  takeInterrupt(): boolean {
    return (this.prng.next() & 1) === 0
  }

  choose(n: number): number {
    return this.prng.below(n)
  }
}
