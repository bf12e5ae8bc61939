// A uniform random walk: every runnable CPU is as likely as any other at every step.
import { Prng } from '../../base/prng.js'
import { RandomStrategy, type Strategy } from '../../machine/deterministic/strategy.js'
import type { Search } from '../search.js'

export class RandomWalk implements Search {
  readonly name = 'random'
  private readonly prng: Prng

  constructor(seed: number) {
    this.prng = new Prng(seed).fork('random')
  }

  strategy(schedule: number): Strategy {
    return new RandomStrategy(this.prng.fork(schedule).next())
  }
}
