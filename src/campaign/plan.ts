// What a campaign is: everything that decides what its schedules are. Two campaigns with the same plan find the same.
import type { MemoryModel } from '../machine/deterministic/memory-model.js'
import type { BugName } from '../ops/switches.js'

export interface Plan {
  /** name of a shipped scenario, or the path of a user's */
  readonly scenario: string
  /** name or path of the step table */
  readonly profile: string
  readonly bugs: readonly BugName[]
  /** sc, when it is not given */
  readonly memory?: MemoryModel
  /** whether data races are looked for, and whether what is covered is counted; not, when it is not given */
  readonly races?: boolean
  readonly coverage?: boolean
  /** which take turns, as on the command line */
  readonly strategies: readonly string[]
  readonly seed: number
  readonly shard: Shard
}

/** One of `count` equal parts of a campaign; `index` from 0. */
export interface Shard {
  readonly index: number
  readonly count: number
}

/** Whether schedule `number` is part of the plan's shard. A round of all strategies stays together. */
export function isInShard(number: number, { shard, strategies }: Pick<Plan, 'shard' | 'strategies'>): boolean {
  const round = number === 0 ? 0 : Math.floor((number - 1) / strategies.length)
  return round % shard.count === shard.index
}
