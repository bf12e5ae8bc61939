// The tick: what a CPU that runs tasks does every 4 ms.
import type { Cpu } from '../ops/cpu.js'
import type { Kernel } from '../ops/operation.js'
import { schedulerTick } from '../sched/tick.js'
import { EVENT } from '../trace/events.js'
import { TICK_DEP } from '../trace/fields.js'
import { tickSchedDoTimer, tickStopped } from './jiffies.js'

/** In the timer's interrupt, when the tick is due. An idle CPU stops ticking here, until it runs a task again. */
export function* tickSchedTimer(cpu: Cpu, now: number): Kernel<void> {
  yield* tickSchedDoTimer(cpu, now)
  yield* schedulerTick(cpu, now)
  if (cpu.tickAt !== Number.POSITIVE_INFINITY) return
  cpu.trace(EVENT.tick_stop, 1, TICK_DEP.none, 0)
  yield* tickStopped(cpu)
}
