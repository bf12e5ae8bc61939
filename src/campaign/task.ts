// What the host of a campaign and its workers say to each other. All of it is plain data: it is copied from thread to thread.
import type { ExitCode } from '../base/failure.js'
import type { Covered } from '../explore/coverage.js'
import type { Deviation } from '../explore/deviation.js'
import type { Failed, Found } from '../explore/found.js'
import type { Profiled } from '../explore/search.js'
import type { Plan } from './plan.js'

export type Task =
  /** loads the scenario, and runs it in the default order */
  | { readonly kind: 'open'; readonly plan: Plan }
  /** runs the schedules from `from` to before `to` that are in the shard; until one fails, if that ends it */
  | {
      readonly kind: 'stint'
      readonly plan: Plan
      readonly profiled: Profiled
      readonly from: number
      readonly to: number
      readonly untilFound: boolean
    }
  /** runs a failure again, and makes it shorter */
  | { readonly kind: 'confirm'; readonly plan: Plan; readonly failed: Failed }
  /** runs a schedule, only to see whether that ends */
  | {
      readonly kind: 'try'
      readonly plan: Plan
      readonly without: readonly string[]
      readonly deviations: readonly Deviation[]
    }

export interface Opened {
  readonly kind: 'opened'
  readonly name: string
  readonly hash: string
  readonly profiled: Profiled
  /** one worker has to run all schedules */
  readonly inOrder: boolean
  readonly says: readonly string[]
  readonly went: Went
}

/** Schedules that have been run. */
export interface Stint {
  readonly kind: 'stint'
  readonly went: Went
  readonly says: readonly string[]
  readonly exhausted: boolean
}

export interface Went {
  readonly schedules: readonly Line[]
  /** of each signature the first */
  readonly failed: readonly Failed[]
}

/** A schedule, as far as it is counted. */
export interface Line {
  readonly number: number
  readonly operations: number
  readonly interleaved: boolean
  readonly covered?: Covered
  /** null: ok */
  readonly signature: string | null
}

export interface Confirmed {
  readonly kind: 'confirmed'
  readonly found: Found
}

export interface Tried {
  readonly kind: 'tried'
}

/** Bad input, found by a worker: the error's class would not survive the way. */
export interface Refused {
  readonly kind: 'refused'
  readonly number: number
  readonly message: string
  readonly exitCode: ExitCode
}

export type Answer = Opened | Stint | Confirmed | Tried | Refused
