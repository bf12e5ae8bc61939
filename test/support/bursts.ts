// A strategy for tests: CPUs run in bursts of all lengths, so that one may be far ahead of another that has stopped at an
// unlucky point. What every step's own draw almost never gives is common here.

import { Prng } from '#dist/src/base/prng.js'
import type { Strategy } from '#dist/src/index.js'

/** A burst is up to 2^LONGEST operations long, short ones and long ones as often. */
const LONGEST = 11

export class BurstStrategy implements Strategy {
  readonly name = 'bursts'
  private readonly prng: Prng
  private current = -1
  private left = 0
  /** interrupts are late for a burst, or they are not */
  private late = false

  constructor(seed: number) {
    this.prng = new Prng(seed, 1)
  }

  next(runnable: Int32Array, count: number): number {
    if (this.left > 0) {
      const place = runnable.subarray(0, count).indexOf(this.current)
      this.left--
      if (place >= 0) return place
    }
    const place = this.prng.below(count)
    this.current = runnable[place]
    this.left = this.prng.below(1 << this.prng.below(LONGEST + 1))
    this.late = this.prng.below(4) === 0
    return place
  }

  takeInterrupt(): boolean {
    return !this.late || this.left === 0
  }

  choose(n: number): number {
    return this.prng.below(n)
  }
}
