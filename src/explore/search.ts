// A search: one strategy for each schedule, and what it learns from one for the next.
import type { Strategy } from '../machine/deterministic/strategy.js'
import type { Ran } from './schedule.js'

export interface Search {
  /** as on the command line: 'pct:3' */
  readonly name: string
  /** Who decides in schedule number `schedule`, from 0; null when all that this search looks at has been seen. */
  strategy(schedule: number): Strategy | null
  /** How the latest one went. */
  learn?(ran: Ran): void
  /** What its result is worth, in a sentence: a bound on the probability, or what has been seen and what is left. */
  says?(): string
}

/** What is known before: the scenario in the default order. */
export interface Profiled {
  /** operations that are explored, and how many of them each CPU does */
  readonly operations: number
  readonly counts: readonly number[]
  /** for each word that CPUs share, how often each CPU uses it */
  readonly words: ReadonlyMap<number, readonly number[]>
}
