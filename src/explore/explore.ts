// A campaign: schedule after schedule, and what they found.
//
//   in the default order first        its length and its words are what strategies go by
//   then by one strategy or several   in turn
//   a failure                         run again: it must come to the same; equal ones are counted together
//   the first of its kind             made shorter, so that its token is short
import { Coverage } from './coverage.js'
import { DEVIATION, type Deviation } from './deviation.js'
import { FairTail } from './fair-tail.js'
import { type Failure, signatureOf } from './outcome.js'
import { Playback } from './playback.js'
import { type Ran, runSchedule, type Setup } from './schedule.js'
import type { Profiled, Search } from './search.js'
import { WordCounter } from './shared-words.js'
import { shorten } from './shorten.js'

export interface Campaign {
  readonly setup: Setup
  readonly seed: number
  /** what makes the strategies, which take turns */
  readonly searches: readonly ((seed: number, profiled: Profiled) => Search)[]
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

/** A failure, and how to see it again. */
export interface Found {
  readonly failure: Failure
  readonly signature: string
  /** the strategy and the schedule that found it first; schedule 0 is the default order */
  readonly strategy: string
  readonly schedule: number
  /** what leads to it, made shorter: and how many deviations that took at first */
  readonly deviations: readonly Deviation[]
  readonly deviationsAtFirst: number
  readonly digest: number
  /** how many schedules ended so */
  times: number
}

export interface Explored extends Progress {
  readonly failures: number
  /** schedules in which CPUs really took turns otherwise than by default */
  readonly interleaved: number
  /** operations of a schedule in the default order, and words that CPUs share in it */
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
  const found: Found[] = []
  const coverage = setup.coverage === true ? new Coverage() : null
  const tally = { schedules: 0, operations: 0, failures: 0, interleaved: 0 }
  const take = async (ran: Ran, strategy: string): Promise<void> => {
    tally.operations += ran.operations
    if (ran.covered !== undefined) coverage?.add(ran.covered)
    if (ran.deviations.some(({ kind }) => kind === DEVIATION.turn)) tally.interleaved++
    if (ran.outcome.kind !== 'ok') {
      tally.failures++
      await note(setup, found, ran, ran.outcome, strategy, tally.schedules)
    }
    tally.schedules++
  }
  const words = new WordCounter()
  const first = await runSchedule(setup, new Playback([]), words)
  await take(first, 'default order')
  const profiled = { operations: first.operations, counts: first.counts, words: words.shared() }
  const active = searches.map((make) => make(seed, profiled))
  const all = [...active]
  for (let n = 0; active.length > 0 && tally.schedules < schedules && !isOver({ ...tally, found }); n++) {
    const search = active[n % active.length]!
    const strategy = search.strategy(Math.floor(n / active.length))
    if (strategy === null) {
      active.splice(active.indexOf(search), 1)
      continue
    }
    const ran = await runSchedule(setup, new FairTail(strategy))
    search.learn?.(ran)
    await take(ran, search.name)
  }
  const says = all.flatMap((search) => search.says?.() ?? [])
  return { ...tally, found, profiled, coverage: coverage?.figures ?? null, says, exhausted: active.length === 0 }
}

async function note(
  setup: Setup,
  found: Found[],
  ran: Ran,
  failure: Failure,
  strategy: string,
  schedule: number,
): Promise<void> {
  const signature = signatureOf(failure)
  const known = found.find((one) => one.signature === signature)
  if (known !== undefined) {
    known.times++
    return
  }
  const common = { strategy, schedule, deviationsAtFirst: ran.deviations.length, times: 1 }
  const again = await runSchedule(setup, new Playback(ran.deviations))
  const second = again.outcome.kind === 'ok' ? 'ok' : signatureOf(again.outcome)
  if (second !== signature || again.digest !== ran.digest) {
    const differs: Failure = { kind: 'not-deterministic', first: signature, second }
    found.push({
      ...common,
      failure: differs,
      signature: `not-deterministic ${signature}`,
      deviations: ran.deviations,
      digest: ran.digest,
    })
    return
  }
  const short = await shorten(setup, { deviations: ran.deviations, digest: ran.digest, failure })
  found.push({ ...common, signature, ...short })
}
