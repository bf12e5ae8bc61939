// What the scenarios of timers and softirqs have the kernel do: a kernel module, as kernel.ts is.
import { NS_PER_US } from '../../base/time.js'
import { TASKLET, TIMER } from '../../memory/structs/deferred.js'
import type { Cpu, KernelFunction } from '../../ops/cpu.js'
import { hasBit, loadBit } from '../../ops/mask.js'
import { full, type Kernel } from '../../ops/operation.js'
import { localBhDisable, localBhEnable } from '../../softirq/softirq.js'
import { taskletDisable, taskletEnable, taskletInit, taskletSchedule } from '../../softirq/tasklet.js'
import { addTimerOn, delTimer, delTimerSync, modTimer, timerSetup } from '../../time/timer.js'

/** Where this module is, for a scenario's machine. */
export const TIME_KERNEL = new URL('./timer-wheel-kernel.js', import.meta.url)

/** Timers and tasklets that there are. */
export const TIMERS = 4
export const TASKLETS = 2

/** In scratch memory. */
export const AT = {
  /** what must not be: a function that is called twice at once, with interrupts off, outside a softirq, or on an offline CPU */
  wrong: 0,
  /** timers that were armed and were not before, that were taken off, that were served; tasklets that have run */
  armed: 1,
  deleted: 2,
  served: 3,
  ran: 4,
  /** whether the function of each timer, then that of each tasklet, is under way */
  inside: 16,
  timers: 64,
  tasklets: 64 + 16 * TIMERS,
} as const

const timer = (cpu: Cpu, n: number): number => cpu.memory.scratch(AT.timers + n * TIMER.$size)
const tasklet = (cpu: Cpu, n: number): number => cpu.memory.scratch(AT.tasklets + n * TASKLET.$size)
const count = (cpu: Cpu, at: number, by = 1) => cpu.add(cpu.memory.scratch(at), by, full, 'explore_time:count')

/** What a timer, or a tasklet, calls: it notes that it was, and takes a while. */
function* called(cpu: Cpu, n: number, counted: number): Kernel<number> {
  const alone = (yield count(cpu, AT.inside + n)) === 0
  const online = hasBit(yield loadBit(cpu, cpu.memory.online, cpu.id, 'explore_time:online'), cpu.id)
  if (!alone || !online || !cpu.servingSoftirq || cpu.irqDisabled > 0) yield count(cpu, AT.wrong)
  yield count(cpu, counted)
  yield count(cpu, AT.inside + n, -1)
  return 0
}

function* arm(cpu: Cpu, n: number, target: number, us: number): Kernel<void> {
  const at = (yield cpu.clock('explore_time:now')) + us * NS_PER_US
  if (target !== cpu.id) {
    yield* addTimerOn(cpu, timer(cpu, n), target, at)
    yield count(cpu, AT.armed)
  } else if ((yield* modTimer(cpu, timer(cpu, n), at)) === 0) yield count(cpu, AT.armed)
}

function* remove(cpu: Cpu, n: number, sync: boolean): Kernel<void> {
  const was = sync ? yield* delTimerSync(cpu, timer(cpu, n)) : yield* delTimer(cpu, timer(cpu, n))
  if (was === 1) yield count(cpu, AT.deleted)
}

export const functions = {
  *explore_time_init(cpu) {
    for (let n = 0; n < TIMERS; n++) timerSetup(cpu, timer(cpu, n), cpu.functions.find('explore_timer'), n)
    for (let n = 0; n < TASKLETS; n++) taskletInit(cpu, tasklet(cpu, n), cpu.functions.find('explore_tasklet'), n)
    return 0
  },

  *explore_timer(cpu, n) {
    return yield* called(cpu, n, AT.served)
  },

  *explore_tasklet(cpu, n) {
    return yield* called(cpu, TIMERS + n, AT.ran)
  },

  /** Arms timer `n` here for `us` from now on, or puts it off, or brings it here. */
  *explore_arm(cpu, n, us) {
    yield* arm(cpu, n, cpu.id, us)
    return 0
  },

  /** Arms timer `n`, which is not armed, on CPU `target`, which is online and stays so, for 3 ms from now on. */
  *explore_arm_on(cpu, n, target) {
    yield* arm(cpu, n, target, 3000)
    return 0
  },

  /** Takes timer `n` off, wherever it is, and with `sync` waits until its function is under way nowhere. */
  *explore_delete(cpu, n, sync) {
    yield* remove(cpu, n, sync === 1)
    return 0
  },

  /** Arms all timers, puts them off, and takes them off again but for the first, `times` times. */
  *explore_churn(cpu, times) {
    for (let i = 0; i < times; i++) {
      for (let n = 0; n < TIMERS; n++) yield* arm(cpu, n, cpu.id, 500 * n)
      for (let n = 1; n < TIMERS; n++) yield* remove(cpu, n, n === 1)
    }
    return 0
  },

  /** A DYING callback: with interrupts off, on a CPU that serves nothing any more, a timer is armed and a tasklet scheduled. */
  *explore_time_dying(cpu) {
    yield* arm(cpu, 0, cpu.id, 0)
    yield* taskletSchedule(cpu, tasklet(cpu, 0))
    return 0
  },

  /** Schedules the tasklets `times` times, some in a section without softirqs, and holds one up meanwhile. */
  *explore_schedule(cpu, times) {
    for (let i = 0; i < times; i++) {
      localBhDisable(cpu)
      for (let n = 0; n < TASKLETS; n++) yield* taskletSchedule(cpu, tasklet(cpu, n))
      yield* localBhEnable(cpu)
      // Whoever serves it meanwhile tries again and again: ksoftirqd of this CPU must not.
      cpu.preemptDisable()
      yield* taskletDisable(cpu, tasklet(cpu, 1))
      yield* taskletSchedule(cpu, tasklet(cpu, 1))
      yield* taskletEnable(cpu, tasklet(cpu, 1))
      cpu.preemptEnable()
    }
    return 0
  },
} satisfies Record<string, KernelFunction>
