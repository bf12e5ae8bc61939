// Failures of a campaign: equal ones are counted together; the first of its kind is run again, and made shorter.
import { DEVIATION, type Deviation } from './deviation.js'
import { type Failure, signatureOf } from './outcome.js'
import { Playback } from './playback.js'
import { runSchedule, type Setup } from './schedule.js'
import { RUNS, shorten } from './shorten.js'
import { Sleepers, withPlaces } from './sleepers.js'
import type { Tried } from './turns.js'

/** A schedule that failed. */
export interface Failed {
  readonly number: number
  readonly strategy: string
  readonly failure: Failure
  readonly signature: string
  readonly deviations: readonly Deviation[]
  readonly digest: number
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

/** How a schedule failed; null when it did not. */
export function failureOf({ number, strategy, ran }: Tried): Failed | null {
  const { outcome, deviations, digest } = ran
  if (outcome.kind === 'ok') return null
  return { number, strategy, failure: outcome, signature: signatureOf(outcome), deviations, digest }
}

/** Whether CPUs took turns otherwise than by default. */
export function isInterleaved({ ran }: Tried): boolean {
  return ran.deviations.some(({ kind }) => kind === DEVIATION.turn)
}

/** A failure as it was found, for want of a better one. */
export function unconfirmed({ failure, signature, strategy, number, deviations, digest }: Failed): Found {
  const deviationsAtFirst = deviations.length
  return { failure, signature, strategy, schedule: number, deviations, deviationsAtFirst, digest, times: 1 }
}

/** Runs a failure again, which must come to the same, makes it shorter, and says where in the kernel tasks sleep. */
export async function confirm(setup: Setup, failed: Failed, onRun: () => void = () => {}): Promise<Found> {
  const { failure, signature, deviations, digest } = failed
  const asFound = unconfirmed(failed)
  onRun()
  const again = await runSchedule(setup, new Playback(deviations))
  const second = again.outcome.kind === 'ok' ? 'ok' : signatureOf(again.outcome)
  if (second !== signature || again.digest !== digest) {
    const differs: Failure = { kind: 'not-deterministic', first: signature, second }
    return { ...asFound, failure: differs, signature: `not-deterministic ${signature}` }
  }
  const short = await shorten(setup, { deviations, digest, failure }, RUNS, onRun)
  const sleepers = new Sleepers()
  await runSchedule(setup, new Playback(short.deviations), sleepers)
  return { ...asFound, ...short, failure: withPlaces(short.failure, sleepers) }
}
