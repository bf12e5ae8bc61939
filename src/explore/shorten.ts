// Fewer deviations, the same failure: each attempt is confirmed by running it.
import type { Deviation } from './deviation.js'
import { type Failure, signatureOf } from './outcome.js'
import { Playback } from './playback.js'
import { reduce } from './reduce.js'
import { runSchedule, type Setup } from './schedule.js'

export interface Reproducer {
  readonly deviations: readonly Deviation[]
  readonly digest: number
  readonly failure: Failure
}

/** Runs that a shortening takes, at most. */
export const RUNS = 600

/** The same failure with fewer deviations from the default order. What it answers has been run, and led there. */
export async function shorten(
  setup: Setup,
  found: Reproducer,
  runs = RUNS,
  onRun: () => void = () => {},
): Promise<Reproducer> {
  let best = found
  let left = runs
  const signature = signatureOf(found.failure)
  await reduce(found.deviations, async (shorter) => {
    if (left-- <= 0) return null
    onRun()
    const ran = await attempt(setup, shorter, signature)
    if (ran === null || ran.deviations.length >= best.deviations.length) return null
    best = ran
    return ran.deviations
  })
  return best
}

/** Runs what is left; when it fails in the same way, how it really went: what did not fit any more is gone. */
async function attempt(setup: Setup, deviations: readonly Deviation[], signature: string): Promise<Reproducer | null> {
  const ran = await runSchedule(setup, new Playback(deviations, true))
  if (ran.outcome.kind === 'ok' || signatureOf(ran.outcome) !== signature) return null
  return { deviations: ran.deviations, digest: ran.digest, failure: ran.outcome }
}
