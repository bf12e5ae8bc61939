// The schedules of a campaign, each by its number: 0 is the default order; after that the strategies take turns. What schedule
// n is does not depend on how others went, unless a strategy goes by that (`inOrder`): so whoever likes may run it.
import { FairTail } from './fair-tail.js'
import { Playback } from './playback.js'
import { type Ran, runSchedule, type Setup } from './schedule.js'
import type { Profiled, Search } from './search.js'
import { WordCounter } from './shared-words.js'
import { PartialOrderSampling } from './strategies/pos.js'
import { RandomWalk } from './strategies/random.js'

/** What makes a search for a campaign with that seed. */
export type SearchMaker = (seed: number, profiled: Profiled) => Search

/** A schedule that has been run, and the name of the strategy that decided. */
export interface Tried {
  readonly number: number
  readonly strategy: string
  readonly ran: Ran
}

/** Schedules of each kind that are run to see how long they become. */
const TRIALS = 4

/**
 * Runs the default order, which is schedule 0, and a few others that are not counted: its words and the lengths are what
 * strategies go by.
 */
export async function profile(setup: Setup, seed: number): Promise<{ first: Tried; profiled: Profiled }> {
  const counter = new WordCounter()
  const ran = await runSchedule(setup, new Playback([]), counter)
  let operations = Math.max(1, ran.operations)
  for (const search of [new RandomWalk(seed), new PartialOrderSampling(seed)]) {
    for (let n = 0; n < TRIALS; n++) {
      const trial = await runSchedule(setup, new FairTail(search.strategy(n)))
      // One that hangs says nothing of how long the others are.
      if (trial.outcome.kind === 'ok') operations = Math.max(operations, trial.operations)
    }
  }
  const first = { number: 0, strategy: 'default order', ran }
  return { first, profiled: { operations, counts: ran.counts, words: counter.shared() } }
}

export class Turns {
  /** a strategy goes by what came before: all schedules have to be run, in the order of their numbers */
  readonly inOrder: boolean
  private readonly setup: Setup
  private readonly searches: readonly Search[]
  /** those that have not seen all that they look at */
  private readonly active: Search[]

  constructor(setup: Setup, seed: number, searches: readonly SearchMaker[], profiled: Profiled) {
    this.setup = setup
    this.searches = searches.map((make) => make(seed, profiled))
    this.active = [...this.searches]
    this.inOrder = this.searches.some(({ inOrder }) => inOrder === true)
  }

  /** Runs schedule `number`, from 1 on; null when every strategy has seen all that it looks at. */
  async run(number: number): Promise<Tried | null> {
    const { active } = this
    while (active.length > 0) {
      const search = active[(number - 1) % active.length]!
      const strategy = search.strategy(Math.floor((number - 1) / active.length))
      if (strategy !== null) {
        const ran = await runSchedule(this.setup, new FairTail(strategy))
        search.learn?.(ran)
        return { number, strategy: search.name, ran }
      }
      active.splice(active.indexOf(search), 1)
    }
    return null
  }

  /** What each strategy says about what it has done. */
  says(): string[] {
    return this.searches.flatMap((search) => search.says?.() ?? [])
  }
}
