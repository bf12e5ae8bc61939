// How long the oldest request may wait on the deterministic machine: so many operations, and so much virtual time where that
// is limited. One that has asked to be left waiting for a time is late only afterwards.
import { NS_PER_MS } from '../../base/time.js'
import { NO_REQUEST } from '../engine.js'

/** Operations without an answer, after which the machine counts as livelocked, unless it is told otherwise. */
const LIVELOCK = 50_000_000

/** Operations without one of a task's own, ticks and their like only, after which nothing more will come. */
const DEADLOCK = 1_000_000
/** Operations in one go, before the event loop has its turn. */
const BATCH = 200_000

export class Patience {
  /** operations with nothing but ticks that count as a deadlock: told apart from a livelock before that is one */
  readonly deadlock: number
  /** operations in one go: no more than that */
  readonly batch: number
  private readonly limitNs: number
  private readonly operations: number
  private oldest: number = NO_REQUEST
  private allowanceNs = 0
  /** how many operations had been done when it became the oldest, or may be late, and what the time was when it became that */
  private sinceStep = 0
  private sinceNs = 0
  private readonly limitsProcesses: boolean

  /** when anything was last asked for, or answered, in operations */
  changedAt = 0

  /** `limitMs` of virtual time; `operations` limits what user processes do as well, when it is given. */
  constructor(limitMs: number, operations: number | null) {
    this.limitNs = limitMs * NS_PER_MS
    this.operations = operations ?? LIVELOCK
    this.limitsProcesses = operations !== null
    this.deadlock = Math.min(DEADLOCK, (operations ?? Number.POSITIVE_INFINITY) / 20)
    this.batch = Math.min(BATCH, this.deadlock)
  }

  /** This one is the oldest from now on. */
  waitFor(oldest: number, allowanceNs: number, step: number, nowNs: number): void {
    this.changedAt = step
    this.allowanceNs = allowanceNs
    if (oldest === this.oldest) return
    this.oldest = oldest
    this.sinceStep = step
    this.sinceNs = nowNs
  }

  /** What is wrong, null while nothing is. */
  judge(step: number, nowNs: number): string | null {
    if (this.oldest === NO_REQUEST) {
      if (!this.limitsProcesses || step - this.changedAt <= this.operations) return null
      return `no process has ended for ${this.operations} operations`
    }
    const lateNs = nowNs - this.sinceNs - this.allowanceNs
    if (this.allowanceNs > 0 && lateNs < 0) this.sinceStep = step
    if (step - this.sinceStep > this.operations) return `a request has had no answer for ${this.operations} operations`
    return lateNs > this.limitNs ? `a request has had no answer for ${this.limitNs / NS_PER_MS} ms` : null
  }
}
