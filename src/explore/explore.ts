// A campaign in this thread: schedule after schedule, and what they found. The same over several threads is src/campaign.
import { Coverage } from './coverage.js'
import { confirm, type Found, failureOf, isInterleaved } from './found.js'
import type { Setup } from './schedule.js'
import type { Profiled } from './search.js'
import { profile, type SearchMaker, type Tried, Turns } from './turns.js'

export interface Campaign {
  readonly setup: Setup
  readonly seed: number
  /** what makes the strategies, which take turns */
  readonly searches: readonly SearchMaker[]
  /** how many schedules at most */
  readonly schedules: number
  /** whether it is time to end; asked after each schedule */
  readonly isOver: (progress: Progress) => boolean
}

export interface Progress {
  readonly schedules: number
  readonly operations: number
  readonly failures: number
  readonly found: readonly Found[]
}

export interface Explored extends Progress {
  readonly failures: number
  /** schedules in which CPUs really took turns otherwise than by default */
  readonly interleaved: number
  /** operations of a schedule at most, and words that CPUs share in the default order */
  readonly profiled: Profiled
  /** what the schedules have covered, where that is counted */
  readonly coverage: Coverage['figures'] | null
  /** what each strategy says about what it has done */
  readonly says: readonly string[]
  /** every strategy has seen all that it looks at */
  readonly exhausted: boolean
}

/** Runs a campaign. A UsageError when the scenario throws or never ends. */
export async function explore({ setup, seed, searches, schedules, isOver }: Campaign): Promise<Explored> {
  const found = new Map<string, Found>()
  const coverage = setup.coverage === true ? new Coverage() : null
  const tally = { schedules: 0, operations: 0, failures: 0, interleaved: 0 }
  const take = async (tried: Tried): Promise<void> => {
    if (tried.ran.covered !== undefined) coverage?.add(tried.ran.covered)
    tally.schedules++
    tally.operations += tried.ran.operations
    if (isInterleaved(tried)) tally.interleaved++
    const failed = failureOf(tried)
    if (failed === null) return
    tally.failures++
    const known = found.get(failed.signature)
    if (known !== undefined) known.times++
    else found.set(failed.signature, await confirm(setup, failed))
  }
  const { first, profiled } = await profile(setup, seed)
  await take(first)
  const turns = new Turns(setup, seed, searches, profiled)
  let exhausted = searches.length === 0
  while (!exhausted && tally.schedules < schedules && !isOver({ ...tally, found: [...found.values()] })) {
    const tried = await turns.run(tally.schedules)
    if (tried === null) exhausted = true
    else await take(tried)
  }
  const figures = coverage?.figures ?? null
  return { ...tally, found: [...found.values()], profiled, coverage: figures, says: turns.says(), exhausted }
}
