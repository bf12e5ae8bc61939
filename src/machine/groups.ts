// Task groups with a limit on the time that their tasks run, as the host sees them: cpu.max and cpu.stat of cgroup v2.
import { UsageError } from '../base/failure.js'
import { NS_PER_US } from '../base/time.js'
import { REQUEST } from '../kernel/port.js'
import type { Memory } from '../memory/memory.js'
import { TASK_GROUP } from '../memory/structs/task-groups.js'

/** cpu.max: a quota for each period, all CPUs together. */
export interface BandwidthLimit {
  /** us, 1,000 or more; null: no limit ('max') */
  readonly quotaUs: number | null
  /** us, 1,000 to 1,000,000 (default 100,000) */
  readonly periodUs?: number
}

/** cpu.stat, as far as it is about the limit. */
export interface BandwidthStat {
  /** periods that have passed */
  readonly nr_periods: number
  /** those in which the group was throttled on some CPU */
  readonly nr_throttled: number
  /** for how long CPUs had none of its tasks run that would have, in all */
  readonly throttled_usec: number
}

type Ask = (kind: number, args: readonly number[]) => Promise<{ readonly result: number }>

export class TaskGroup {
  /** 1 to 31 */
  readonly number: number
  private readonly memory: Memory
  private readonly ask: Ask

  private constructor(number: number, memory: Memory, ask: Ask) {
    this.number = number
    this.memory = memory
    this.ask = ask
  }

  static async create(memory: Memory, limit: BandwidthLimit, ask: Ask): Promise<TaskGroup> {
    checkLimit(limit)
    const { result } = await ask(REQUEST.createGroup, [])
    const group = new TaskGroup(result, memory, ask)
    await group.setLimit(limit)
    return group
  }

  /** From now on. Who is throttled runs at once. */
  async setLimit(limit: BandwidthLimit): Promise<void> {
    checkLimit(limit)
    const { quotaUs, periodUs = 100_000 } = limit
    await this.ask(REQUEST.setBandwidth, [this.number, quotaUs ?? 0, periodUs])
  }

  get stat(): BandwidthStat {
    const { memory } = this
    const group = memory.taskGroup(this.number)
    return {
      nr_periods: memory.get(group + TASK_GROUP.periods),
      nr_throttled: memory.get(group + TASK_GROUP.throttledPeriods),
      throttled_usec: Math.floor(memory.getTime(group + TASK_GROUP.throttledNs) / NS_PER_US),
    }
  }

  /** Takes it away; its tasks must have ended. */
  async destroy(): Promise<void> {
    await this.setLimit({ quotaUs: null })
    await this.ask(REQUEST.destroyGroup, [this.number])
  }
}

function checkLimit({ quotaUs, periodUs = 100_000 }: BandwidthLimit): void {
  const whole = (name: string, value: number, high: number): void => {
    if (Number.isInteger(value) && value >= 1_000 && value <= high) return
    throw new UsageError(`${name} is a whole number of us from 1000 to ${high}, not ${String(value)}`)
  }
  if (quotaUs !== null) whole('quotaUs', quotaUs, 2 ** 31 - 1)
  whole('periodUs', periodUs, 1_000_000)
}
