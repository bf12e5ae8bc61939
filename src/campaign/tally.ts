// What a campaign has come to. Stints end in any order; they are counted in the order of their schedules' numbers, and only up to
// the first failure where that ends the campaign: what workers did beyond it is as if it had not been.
import { Coverage } from '../explore/coverage.js'
import type { Failed } from '../explore/found.js'
import type { Line, Went } from './task.js'

export interface Counts {
  readonly schedules: number
  readonly operations: number
  readonly interleaved: number
  readonly failures: number
  /** where it was counted */
  readonly coverage: Coverage['figures'] | null
}

export class Tally {
  /** schedules from this number on do not count */
  limit = Number.POSITIVE_INFINITY
  private readonly untilFound: boolean
  /** stints that are done, while others before them are not */
  private pending: Went[] = []
  private coverage: Coverage | null = null
  private readonly counts = { schedules: 0, operations: 0, interleaved: 0, failures: 0 }
  private readonly kinds = new Map<string, { first: Failed; times: number }>()
  /** of all stints, for whoever watches */
  private readonly seen = { schedules: 0, failures: 0, kinds: new Set<string>() }

  constructor(untilFound: boolean) {
    this.untilFound = untilFound
  }

  add(went: Went): void {
    this.pending.push(went)
    const failures = went.schedules.filter(({ signature }) => signature !== null)
    this.seen.schedules += went.schedules.length
    this.seen.failures += failures.length
    for (const { signature } of went.failed) this.seen.kinds.add(signature)
    if (this.untilFound && failures.length > 0) this.limit = Math.min(this.limit, failures[0]!.number + 1)
  }

  get progress(): { schedules: number; failures: number; kinds: number } {
    const { schedules, failures, kinds } = this.seen
    return { schedules, failures, kinds: kinds.size }
  }

  /** All schedules with numbers below `number` have been run, or never will be. */
  settle(number: number): void {
    const isSettled = ({ schedules }: Went): boolean => schedules.every((line) => line.number < number)
    for (const { schedules, failed } of this.pending.filter(isSettled)) {
      for (const one of failed) {
        const known = this.kinds.get(one.signature)
        if (known === undefined) this.kinds.set(one.signature, { first: one, times: 0 })
        else if (one.number < known.first.number) known.first = one
      }
      for (const line of schedules) if (line.number < this.limit) this.count(line)
    }
    this.pending = this.pending.filter((went) => !isSettled(went))
  }

  private count({ operations, interleaved, signature, covered }: Line): void {
    if (covered !== undefined) {
      this.coverage ??= new Coverage()
      this.coverage.add(covered)
    }
    this.counts.schedules++
    this.counts.operations += operations
    if (interleaved) this.counts.interleaved++
    if (signature === null) return
    this.counts.failures++
    this.kinds.get(signature)!.times++
  }

  /** When all is settled. Failures by the number of the first of their kind. */
  result(): Counts & { readonly failed: readonly { readonly first: Failed; readonly times: number }[] } {
    const failed = [...this.kinds.values()].filter(({ times }) => times > 0)
    failed.sort((a, b) => a.first.number - b.first.number)
    return { ...this.counts, coverage: this.coverage?.figures ?? null, failed }
  }
}
