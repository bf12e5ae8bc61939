// Jiffies: the time in ticks, in one word for all. One of the CPUs that tick keeps it.
//
//   the keeper's tick     jiffies go on
//   it goes idle          nobody keeps them: whoever ticks next does (tick_do_timer_cpu is none)
//   it dies               its last act with interrupts off: the first online CPU keeps them
//   another CPU's tick    finds that they have stood still for five ticks: it has them go on, whoever keeps them
//
// Where every CPU is idle they stand still. A CPU that begins to tick again brings them up to date, as does who arms a timer.
import { GLOBAL } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { hasBit, loadBit } from '../ops/mask.js'
import { type Kernel, relaxed } from '../ops/operation.js'
import { updateJiffies } from '../sched/tick.js'

/** No CPU keeps them. */
export const TICK_DO_TIMER_NONE = -1
/** Ticks of a CPU in which they stand still before it does something about it. */
const MAX_STALLED = 5

/** At each tick: the keeper has them go on. */
export function* tickSchedDoTimer(cpu: Cpu, now: number): Kernel<void> {
  const { memory } = cpu
  const keeper = yield cpu.load(memory.global + GLOBAL.tickDoTimerCpu, relaxed, 'tick_sched_do_timer')
  if (keeper === cpu.id || (keeper === TICK_DO_TIMER_NONE && (yield* takeOver(cpu)))) {
    yield* updateJiffies(cpu, now)
    return
  }
  const jiffies = yield cpu.load(memory.global + GLOBAL.jiffies, relaxed, 'tick_sched_do_timer:jiffies')
  if (jiffies !== cpu.tickJiffies) {
    cpu.tickJiffies = jiffies
    cpu.stalledTicks = 0
  } else if (++cpu.stalledTicks === MAX_STALLED) {
    cpu.stalledTicks = 0
    yield* updateJiffies(cpu, now)
  }
}

/** A CPU that is offline may still tick once or twice; it keeps nothing any more. */
function* takeOver(cpu: Cpu): Kernel<boolean> {
  const { memory, id } = cpu
  if (!hasBit(yield loadBit(cpu, memory.online, id, 'tick_sched_do_timer:online'), id)) return false
  const keeper = memory.global + GLOBAL.tickDoTimerCpu
  const before = yield cpu.compareExchange(keeper, TICK_DO_TIMER_NONE, id, relaxed, 'tick_sched_do_timer:take')
  return before === TICK_DO_TIMER_NONE
}

/** By a CPU whose tick stops. */
export function* tickStopped(cpu: Cpu): Kernel<void> {
  const keeper = cpu.memory.global + GLOBAL.tickDoTimerCpu
  if ((yield cpu.load(keeper, relaxed, 'tick_nohz_stop_tick')) !== cpu.id) return
  yield cpu.store(keeper, TICK_DO_TIMER_NONE, relaxed, 'tick_nohz_stop_tick:give_up')
}

/** By a dying CPU in the lockstep of stop_machine; `heir` is online. */
export function* tickHandoverDoTimer(cpu: Cpu, heir: number): Kernel<void> {
  const keeper = cpu.memory.global + GLOBAL.tickDoTimerCpu
  if ((yield cpu.load(keeper, relaxed, 'tick_handover_do_timer')) !== cpu.id) return
  if (cpu.bugs.has('kept-jiffies')) return
  yield cpu.store(keeper, heir, relaxed, 'tick_handover_do_timer:hand_over')
}
