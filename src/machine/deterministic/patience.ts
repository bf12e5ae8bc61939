// How long the oldest request may wait on the deterministic machine: so many operations, and so much virtual time where that
// is limited. One that has asked to be left waiting for a time is late only afterwards.
import { NS_PER_MS } from '../../base/time.js'
import { NO_REQUEST } from '../engine.js'

/** Operations without an answer, after which the machine counts as livelocked. */
const LIVELOCK = 50_000_000

export class Patience {
  private readonly limitNs: number
  private oldest: number = NO_REQUEST
  private allowanceNs = 0
  /** how many operations had been done when it became the oldest, or may be late, and what the time was when it became that */
  private sinceStep = 0
  private sinceNs = 0

  constructor(limitMs: number) {
    this.limitNs = limitMs * NS_PER_MS
  }

  /** This one is the oldest from now on. */
  waitFor(oldest: number, allowanceNs: number, step: number, nowNs: number): void {
    this.allowanceNs = allowanceNs
    if (oldest === this.oldest) return
    this.oldest = oldest
    this.sinceStep = step
    this.sinceNs = nowNs
  }

  /** What is wrong, null while nothing is. */
  judge(step: number, nowNs: number): string | null {
    if (this.oldest === NO_REQUEST) return null
    const lateNs = nowNs - this.sinceNs - this.allowanceNs
    if (this.allowanceNs > 0 && lateNs < 0) this.sinceStep = step
    if (step - this.sinceStep > LIVELOCK) return `a request has had no answer for ${LIVELOCK} operations`
    return lateNs > this.limitNs ? `a request has had no answer for ${this.limitNs / NS_PER_MS} ms` : null
  }
}
