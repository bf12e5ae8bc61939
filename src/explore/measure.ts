// How soon a strategy finds a bug: schedules and seconds to the first failure, for several seeds.
import { FairTail } from './fair-tail.js'
import { minimise } from './minimise.js'
import { type Failure, signatureOf } from './outcome.js'
import { choose, Film } from './picture.js'
import { Playback } from './playback.js'
import { type Ran, runSchedule, type Setup } from './schedule.js'
import type { Profiled, Search } from './search.js'
import { WordCounter } from './shared-words.js'
import { RandomWalk } from './strategies/random.js'

export type MakeSearch = (seed: number, profiled: Profiled) => Search

export interface Wanted {
  readonly setup: Setup
  readonly searches: readonly { readonly name: string; readonly make: MakeSearch }[]
  readonly seeds: number
  /** how many schedules a search may take */
  readonly schedules: number
  /** asked after each schedule: whether to end, with what is known */
  readonly isOver: () => boolean
  /** a clock, in seconds */
  readonly now: () => number
}

/** What one strategy did. Medians over all seeds: a search that found nothing counts as endless. */
export interface Finding {
  readonly strategy: string
  /** searches that found it, of `seeds` */
  readonly found: number
  readonly seeds: number
  /** to the first failure, that one counted; null where fewer than half of the searches found one */
  readonly schedules: number | null
  readonly seconds: number | null
}

export interface Measured {
  /** the default order fails already: a bug, and no race */
  readonly inDefaultOrder: boolean
  /** how many of so many schedules of a random walk fail */
  readonly random: { readonly schedules: number; readonly failures: number }
  readonly findings: readonly Finding[]
  /** the shortest that was found, minimised; null when nothing was */
  readonly minimised: Minimised | null
}

export interface Minimised {
  readonly signature: string
  /** from the default order */
  readonly deviations: number
  /** of its table */
  readonly rows: number
  /** the run from where the actors begin */
  readonly operations: number
}

type Failed = Ran & { readonly outcome: Failure }

interface Trial {
  readonly schedules: number
  readonly seconds: number
  readonly ran: Failed
}

/** How many failures are minimised: where that ends is a matter of where it begins. */
const MINIMISED = 3

/** Measures all strategies on one bug. */
export async function measure(wanted: Wanted): Promise<Measured> {
  const { setup, searches, seeds, isOver, now } = wanted
  const words = new WordCounter()
  const begin = now()
  const first = await runSchedule(setup, new Playback([]), words)
  const seconds = now() - begin
  const profiled = { operations: first.operations, counts: first.counts, words: words.shared() }
  const atOnce = hasFailed(first) ? { schedules: 1, seconds, ran: first } : null
  const failures: Failed[] = []
  const findings: Finding[] = []
  for (const { name, make } of searches) {
    const trials: (Trial | null)[] = []
    for (let seed = 1; seed <= seeds && !isOver(); seed++) {
      const trial = atOnce ?? (await trialOf(wanted, make(seed, profiled)))
      trials.push(trial)
      if (trial !== null) failures.push(trial.ran)
    }
    findings.push(summary(name, trials))
  }
  const random = await shareOf(wanted)
  const minimised = isOver() ? null : await shortestOf(setup, failures)
  return { inDefaultOrder: atOnce !== null, random, findings, minimised }
}

function hasFailed(ran: Ran): ran is Failed {
  return ran.outcome.kind !== 'ok'
}

async function trialOf({ setup, schedules, isOver, now }: Wanted, search: Search): Promise<Trial | null> {
  const begin = now()
  for (let n = 0; n < schedules && !isOver(); n++) {
    const strategy = search.strategy(n)
    if (strategy === null) return null
    const ran = await runSchedule(setup, new FairTail(strategy))
    search.learn?.(ran)
    if (hasFailed(ran)) return { schedules: n + 1, seconds: now() - begin, ran }
  }
  return null
}

function summary(strategy: string, trials: readonly (Trial | null)[]): Finding {
  const found = trials.filter((trial) => trial !== null)
  return {
    strategy,
    found: found.length,
    seeds: trials.length,
    schedules: medianOf(trials.map((trial) => trial?.schedules ?? Number.POSITIVE_INFINITY)),
    seconds: medianOf(trials.map((trial) => trial?.seconds ?? Number.POSITIVE_INFINITY)),
  }
}

/** The lower of the two in the middle where there are two; null when that is endless. */
function medianOf(values: readonly number[]): number | null {
  const middle = values.toSorted((a, b) => a - b)[(values.length - 1) >> 1] ?? Number.POSITIVE_INFINITY
  return Number.isFinite(middle) ? middle : null
}

/** How many schedules of a random walk fail, of as many as one search may take. */
async function shareOf({ setup, schedules, isOver }: Wanted): Promise<Measured['random']> {
  const walk = new RandomWalk(0)
  let failures = 0
  let done = 0
  while (done < schedules && !isOver()) {
    const { outcome } = await runSchedule(setup, new FairTail(walk.strategy(done++)))
    if (outcome.kind !== 'ok') failures++
  }
  return { schedules: done, failures }
}

/** The shortest of those that were short already, minimised; null when there is none. */
async function shortestOf(setup: Setup, failures: readonly Failed[]): Promise<Minimised | null> {
  let shortest: Minimised | null = null
  const short = failures.toSorted((a, b) => a.deviations.length - b.deviations.length).slice(0, MINIMISED)
  for (const ran of short) {
    if (shortest?.deviations === 0) break
    const small = await minimisedOf(setup, ran)
    if (shortest === null || small.deviations < shortest.deviations) shortest = small
  }
  return shortest
}

async function minimisedOf(setup: Setup, { outcome, digest, deviations }: Failed): Promise<Minimised> {
  const small = await minimise(setup, { failure: outcome, digest, deviations }, () => {})
  const film = new Film()
  const again = { ...setup, without: small.without }
  const { operations } = await runSchedule(again, new Playback(small.deviations), film)
  const rows = choose(film.seen, small.deviations).length
  return { signature: signatureOf(small.failure), deviations: small.deviations.length, rows, operations }
}
