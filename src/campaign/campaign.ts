// A campaign over several workers.
//
//   open       a worker loads the scenario and runs the default order; what it measures is told to the others
//   stints     workers take the next schedules by their numbers, a few tenths of a second's worth at a time
//   confirm    the first failure of each kind is run again and made shorter
//
// What schedule n is depends on n and the plan alone, and results are counted in the order of their numbers. So they are the
// same however many workers there are, and whatever their speed.
import type { Coverage } from '../explore/coverage.js'
import { type Found, unconfirmed } from '../explore/found.js'
import type { Plan } from './plan.js'
import { Pool, Trouble } from './pool.js'
import { Tally } from './tally.js'
import type { Opened, Stint } from './task.js'

export interface CampaignOptions {
  readonly plan: Plan
  readonly pool: Pool
  /** how many stints at the same time */
  readonly jobs: number
  /** numbers of schedules are below that */
  readonly schedules: number
  /** ends with the failure of the lowest number */
  readonly untilFound: boolean
  /** whether it is time to end; asked when a stint begins */
  readonly isOver: () => boolean
  readonly onProgress: (progress: {
    readonly schedules: number
    readonly failures: number
    readonly kinds: number
  }) => void
}

export interface CampaignResult {
  readonly name: string
  /** of the scenario's text */
  readonly hash: string
  readonly schedules: number
  readonly operations: number
  /** schedules in which CPUs really took turns otherwise than by default */
  readonly interleaved: number
  readonly coverage: Coverage['figures'] | null
  readonly failures: number
  readonly found: readonly Found[]
  readonly sharedWords: number
  /** what each strategy says about what it has done */
  readonly says: readonly string[]
  /** every strategy has seen all that it looks at */
  readonly exhausted: boolean
  /** what ended it early: a scenario that throws or loops, a worker that died; null when nothing did */
  readonly trouble: Trouble['error'] | null
}

/** How long a stint is to take; ms. */
const STINT_MS = 200
/** Schedules in the first stints, when it is not known how long one takes. */
const FIRST = 4

/** Runs a campaign. Rejects when not even the default order can be run. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const { plan } = options
  const opened = await options.pool.run({ kind: 'open', plan }).catch((error: unknown) => {
    throw unwrap(error)
  })
  // What strategies have learned lies in the one worker that runs them.
  const own = opened.inOrder ? new Pool(1) : null
  try {
    const pool = own ?? options.pool
    const { tally, trouble, ...last } = await runStints(
      { ...options, pool, jobs: own === null ? options.jobs : 1 },
      opened,
    )
    const { failed, ...counts } = tally.result()
    let error = trouble?.error ?? null
    const found = await Promise.all(
      failed.map(async ({ first, times }) => {
        try {
          return { ...(await pool.run({ kind: 'confirm', plan, failed: first })).found, times }
        } catch (problem) {
          error ??= unwrap(problem)
          return { ...unconfirmed(first), times }
        }
      }),
    )
    const { name, hash, profiled } = opened
    return { name, hash, ...counts, found, sharedWords: profiled.words.size, ...last, trouble: error }
  } finally {
    await own?.close()
  }
}

/** Has workers run one stint after the other, until it is over. */
async function runStints(
  { plan, pool, jobs, schedules, untilFound, isOver, onProgress }: CampaignOptions,
  opened: Opened,
): Promise<Pick<Stint, 'says' | 'exhausted'> & { tally: Tally; trouble: Trouble | null }> {
  const { profiled, inOrder } = opened
  const tally = new Tally(untilFound)
  tally.add(opened.went)
  let last = { says: opened.says, exhausted: false }
  let trouble: Trouble | null = null
  let next = 1
  let size = FIRST
  /** where the stints begin that are under way */
  const under = new Set<number>()

  const stint = async (from: number, to: number): Promise<void> => {
    const task = { kind: 'stint', plan, profiled, from, to, untilFound } as const
    const begin = performance.now()
    try {
      const { went, says, exhausted } = await pool.run(task)
      tally.add(went)
      last = { says: [...says], exhausted }
      const pace = STINT_MS / Math.max(1, performance.now() - begin)
      if (went.schedules.length > 0) size = clamp(Math.round(went.schedules.length * pace), 1, 4 * size)
    } catch (error) {
      if (!(error instanceof Trouble)) throw error
      if (trouble === null || error.number < trouble.number) trouble = error
      // What the worker had run before is run again: it died with it.
      if (!inOrder && error.number > from) await stint(from, error.number)
    }
  }
  const worker = async (): Promise<void> => {
    while (trouble === null && !last.exhausted && next < Math.min(schedules, tally.limit) && !isOver()) {
      // The last ones are small, so that all workers end at about the same time.
      const share = Math.ceil((schedules - next) / (2 * jobs))
      const from = next
      next = Math.min(schedules, from + clamp(size * plan.shard.count, 1, share))
      under.add(from)
      await stint(from, next)
      under.delete(from)
      tally.settle(Math.min(next, ...under))
      onProgress(tally.progress)
    }
  }
  await Promise.all(Array.from({ length: jobs }, worker))
  tally.settle(Number.POSITIVE_INFINITY)
  return { ...last, tally, trouble: trouble !== null && (trouble as Trouble).number < tally.limit ? trouble : null }
}

const clamp = (value: number, low: number, high: number): number => Math.max(low, Math.min(high, value))

/** What is behind a Trouble; anything else is a defect, and thrown. */
function unwrap(error: unknown): Trouble['error'] {
  if (error instanceof Trouble) return error.error
  throw error
}
