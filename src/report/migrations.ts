// Who moved from which CPU to which, and why.
import { MIGRATION } from '../sched/placement.js'
import type { TraceEvent } from '../trace/ring.js'

export interface Pair {
  readonly from: number
  readonly to: number
  count: number
}

const CAUSES = Object.keys(MIGRATION)

export class MigrationCounter {
  readonly causes: Record<string, number> = Object.fromEntries(CAUSES.map((name) => [name, 0]))
  private readonly counts = new Map<number, Pair>()

  take({ event, b, c }: TraceEvent): void {
    if (event !== 'sched_migrate_task') return
    this.causes[CAUSES[b >> 16]!]!++
    const from = b & 0xffff
    const key = from * 0x10000 + c
    const pair = this.counts.get(key)
    if (pair === undefined) this.counts.set(key, { from, to: c, count: 1 })
    else pair.count++
  }

  /** The most frequent first. */
  pairs(): Pair[] {
    return [...this.counts.values()].sort((x, y) => y.count - x.count || x.from - y.from || x.to - y.to)
  }
}
