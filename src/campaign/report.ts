// The report of a campaign: what `--json` writes and `cpuhp merge` reads, and what is told as text.

import type { Coverage } from '../explore/coverage.js'
import type { Deviation } from '../explore/deviation.js'
import type { Found } from '../explore/found.js'
import type { Failure } from '../explore/outcome.js'
import { encodeToken } from '../explore/token.js'
import type { MemoryModel } from '../machine/deterministic/memory-model.js'
import type { CampaignResult } from './campaign.js'
import type { Plan } from './plan.js'

/** A failure, with how often it came, what found it first, and its token. */
export type FoundReport = Failure & {
  readonly signature: string
  readonly times: number
  readonly strategy: string
  /** number of the schedule that found it first */
  readonly schedule: number
  /** how many of them its token has, and the schedule that found it had */
  readonly deviations: number
  readonly deviationsAtFirst: number
  readonly token: string
}

/** What the campaign was asked for. */
export interface Asked {
  /** of the package */
  readonly version: string
  /** schedules of a scenario; null: as many as fit into the time */
  readonly asked: number | null
  readonly untilFound: boolean
}

export interface Report extends Asked {
  /** as the user named it: the name of a shipped one, or a path */
  readonly scenario: string
  readonly name: string
  readonly hash: string
  readonly profile: string
  readonly bugs: Plan['bugs']
  readonly memory: MemoryModel
  readonly races: boolean
  readonly strategies: readonly string[]
  readonly seed: number
  /** `index` from 1; null: all of it */
  readonly shard: { readonly index: number; readonly count: number } | null
  readonly schedules: number
  readonly operations: number
  readonly interleaved: number
  readonly failures: number
  readonly sharedWords: number
  readonly exhausted: boolean
  readonly seconds: number
  /** null: it was not counted, or parts were merged, whose traces can't be */
  readonly coverage: Coverage['figures'] | null
  readonly says: readonly string[]
  readonly found: readonly FoundReport[]
}

export function reportOf(plan: Plan, asked: Asked, result: CampaignResult, seconds: number): Report {
  const { scenario, profile, bugs, strategies, seed, shard, memory = 'sc', races = false } = plan
  const { name, hash, schedules, operations, interleaved, failures, sharedWords, exhausted, says, coverage } = result
  const part = shard.count === 1 ? null : { index: shard.index + 1, count: shard.count }
  const found = result.found.map((one) => foundReportOf(plan, asked.version, hash, one))
  const what = { scenario, name, hash, ...asked, profile, bugs, memory, races, strategies, seed, shard: part }
  return {
    ...what,
    schedules,
    operations,
    interleaved,
    failures,
    sharedWords,
    exhausted,
    seconds,
    coverage,
    says,
    found,
  }
}

function foundReportOf(plan: Plan, version: string, hash: string, found: Found): FoundReport {
  const { failure, signature, times, strategy, schedule, deviations, deviationsAtFirst } = found
  const token = tokenOf(plan, version, hash, found, deviations)
  return { ...failure, signature, times, strategy, schedule, deviations: deviations.length, deviationsAtFirst, token }
}

function tokenOf(plan: Plan, version: string, hash: string, found: Found, deviations: readonly Deviation[]): string {
  const { scenario, profile, bugs, seed, memory = 'sc', races = false } = plan
  const { strategy, digest, signature } = found
  const recipe = { version, scenario, hash, profile, bugs, without: [], memory, races, seed, strategy }
  return encodeToken({ ...recipe, digest, signature, deviations })
}
