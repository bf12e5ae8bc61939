// A search: one strategy for each schedule, and what it learns from one for the next.
import type { Strategy } from '../machine/deterministic/strategy.js'
import type { Ran } from './schedule.js'

export interface Search {
  /** as on the command line: 'pct:3' */
  readonly name: string
  /**
   * A schedule of it depends on how the ones before it went (it learns, or enumerates): one worker has to run them all, in order.
   * Otherwise schedule n is the same whoever runs it, and whatever has been run before.
   */
  readonly inOrder?: boolean
  /** Who decides in schedule number `schedule`, from 0; null when all that this search looks at has been seen. */
  strategy(schedule: number): Strategy | null
  /** How the latest one went; for those that are `inOrder`. */
  learn?(ran: Ran): void
  /** What its result is worth, in a sentence: a bound on the probability, or what has been seen and what is left. */
  says?(): string
}

/** What is known before: the scenario in the default order, and how long a few others were. */
export interface Profiled {
  /** operations that are explored, at most; and how many of them each CPU does in the default order */
  readonly operations: number
  readonly counts: readonly number[]
  /** for each word that CPUs share, how often each CPU uses it */
  readonly words: ReadonlyMap<number, readonly number[]>
}
