// What the CPUs that stay get done meanwhile: the part of their time in which they run user tasks.
import type { Machine } from '../../src/machine/machine.js'
import { cpuTimes } from '../../src/vfs/accounting.js'

/** Adds up stretches of time: what part of the CPUs' time was spent on user tasks. */
export class UserTime {
  private userNs = 0
  private allNs = 0

  /** Runs `act`; its time counts for all CPUs but `apart`, which are up all the while. */
  async during(machine: Machine, apart: number, act: () => Promise<void>): Promise<void> {
    const beganNs = machine.now()
    const before = userTime(machine, apart, beganNs)
    await act()
    const endNs = machine.now()
    this.userNs += Math.max(0, userTime(machine, apart, endNs) - before)
    this.allNs += (endNs - beganNs) * (machine.cpus - 1)
  }

  /** 0..1; null when no time has passed. CPUs are looked at while they run, so a stretch may be off by a little. */
  get part(): number | null {
    return this.allNs === 0 ? null : Math.min(1, this.userNs / this.allNs)
  }
}

function userTime(machine: Machine, apart: number, nowNs: number): number {
  let sum = 0
  for (let cpu = 0; cpu < machine.cpus; cpu++) {
    if (cpu === apart) continue
    const { userNs, niceNs } = cpuTimes(machine.memory, cpu, nowNs)
    sum += userNs + niceNs
  }
  return sum
}
