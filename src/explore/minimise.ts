// Minimising: first the scenario's steps that the failure does not need, then the deviations. Each attempt is run, and counts
// only when it fails in the same way. A failure that only some orders show stays one: a scenario that has lost so much that
// it fails in the default order as well (nobody is left to wake the sleeper) is another failure.
import type { Deviation } from './deviation.js'
import { signatureOf } from './outcome.js'
import { Playback } from './playback.js'
import { reduce } from './reduce.js'
import { type Ran, runSchedule, type Setup } from './schedule.js'
import { type Reproducer, shorten } from './shorten.js'

export interface Minimised extends Reproducer {
  /** 'actor/step' by their numbers */
  readonly without: ReadonlySet<string>
  /** how many runs that took */
  readonly runs: number
}

/** The same failure with fewer steps and deviations. */
export async function minimise(setup: Setup, found: Reproducer, onRun: () => void): Promise<Minimised> {
  const signature = signatureOf(found.failure)
  let runs = 0
  const count = (): void => {
    runs++
    onRun()
  }
  const all = stepsOf(setup)
  const run = (without: ReadonlySet<string>, deviations: readonly Deviation[]): Promise<Ran> => {
    count()
    return runSchedule({ ...setup, without }, new Playback(deviations, true))
  }
  const isSame = ({ outcome }: Ran): boolean => outcome.kind !== 'ok' && signatureOf(outcome) === signature
  const isRace = !isSame(await run(setup.without, []))
  let best: Minimised = { ...found, without: setup.without, runs }
  await reduce(
    all.filter((key) => !setup.without.has(key)),
    async (kept) => {
      const without = new Set([...setup.without, ...all.filter((key) => !kept.includes(key))])
      const ran = await run(without, best.deviations)
      if (ran.outcome.kind === 'ok' || signatureOf(ran.outcome) !== signature) return null
      if (isRace && isSame(await run(without, []))) return null
      best = { failure: ran.outcome, digest: ran.digest, deviations: ran.deviations, without, runs }
      return kept
    },
  )
  const short = await shorten({ ...setup, without: best.without }, best, Number.POSITIVE_INFINITY, count)
  return { ...short, without: best.without, runs }
}

/** The steps that may be left out. */
function stepsOf({ scenario }: Setup): string[] {
  return scenario.actors.flatMap(({ steps, needed }, actor) =>
    needed === true ? [] : steps.map((_, n) => `${actor}/${n}`),
  )
}
