// What the scenarios of timers have the kernel do: a kernel module, loaded by their machines.
import { cpusReadLock, cpusReadUnlock } from '../../hotplug/locks.js'
import { HRTIMER } from '../../memory/structs/hrtimers.js'
import { TASK } from '../../memory/structs.js'
import type { Cpu, KernelFunction } from '../../ops/cpu.js'
import { full, type Kernel, relaxed } from '../../ops/operation.js'
import { setCpusAllowed } from '../../sched/affinity.js'
import { schedCreateGroup, setBandwidth } from '../../sched/bandwidth.js'
import { schedule } from '../../sched/core.js'
import { schedMoveTask } from '../../sched/setscheduler.js'
import { RESTART } from '../../sched/task.js'
import { mutexLock, mutexTryLock, mutexUnlock } from '../../sync/mutex.js'
import {
  HRTIMER_NORESTART,
  HRTIMER_RESTART,
  hrtimerCancel,
  hrtimerForward,
  hrtimerInit,
  hrtimerStart,
} from '../../time/hrtimer.js'
import { prepareToSleep, wakeTimeOf } from '../../time/sleep.js'

/** Where this module is, for a scenario's machine. */
export const TIMERS_KERNEL = new URL('./hrtimers-kernel.js', import.meta.url)

const NS_PER_US = 1000

/** What is known of a timer: how often it was armed, also by itself, disarmed, and called; how often too early, or twice at a time. */
export const SLOT = { armed: 0, cancelled: 1, fired: 2, early: 3, twice: 4, left: 5, inside: 6, size: 8 } as const
/** Timers that there are. */
export const TIMERS = 16

/** In scratch memory; a timer begins on an even word. */
export const AT = { mutex: 0, slots: 64, timers: 64 + TIMERS * SLOT.size } as const

const slotOf = (cpu: Cpu, n: number): number => cpu.memory.scratch(AT.slots + n * SLOT.size)
const timerOf = (cpu: Cpu, n: number): number => cpu.memory.scratch(AT.timers + n * HRTIMER.$size)

/** As little as a request needs several periods for. */
const REQUESTERS = { count: 4, quotaNs: 10 * NS_PER_US, periodNs: 1000 * NS_PER_US } as const

/** A timer whose expiry is put forward so often is armed again by its own function. */
const INTERVAL_NS = 3 * NS_PER_US

function* arm(cpu: Cpu, n: number, us: number): Kernel<void> {
  const now = yield cpu.clock('timers:now')
  yield cpu.add(slotOf(cpu, n) + SLOT.armed, 1, full, 'timers:armed')
  yield* hrtimerStart(cpu, timerOf(cpu, n), now + us * NS_PER_US)
}

export const functions = {
  timers_expired: expired,

  /** Makes the timers. */
  *timers_init(cpu) {
    const fn = cpu.functions.find('timers_expired')
    for (let n = 0; n < TIMERS; n++) hrtimerInit(cpu.memory, timerOf(cpu, n), 0, fn, n)
    return 0
  },

  /** Takes the lock, sleeps for `us`, where it may change CPU, and gives the lock up. */
  *timers_hold(cpu, us) {
    const { memory, task } = cpu
    if (memory.get(task + TASK.phase) === 0) {
      if (!(yield* mutexTryLock(cpu, memory.scratch(AT.mutex)))) return 1
      memory.set(task + TASK.phase, 1)
      yield* prepareToSleep(cpu, us * NS_PER_US)
      return RESTART
    }
    const now = yield cpu.clock('timers:awake')
    yield* mutexUnlock(cpu, memory.scratch(AT.mutex))
    return now < wakeTimeOf(cpu) ? 1 : 0
  },

  /** A callback that needs the lock. */
  *timers_lock(cpu) {
    yield* mutexLock(cpu, cpu.memory.scratch(AT.mutex))
    yield* mutexUnlock(cpu, cpu.memory.scratch(AT.mutex))
    return 0
  },

  /** Limits who carries out the host's requests, and has them on CPU `target`. */
  *timers_limit_requesters(cpu, target) {
    const group = yield* schedCreateGroup(cpu)
    yield* cpusReadLock(cpu)
    yield* setBandwidth(cpu, group, REQUESTERS.quotaNs, REQUESTERS.periodNs)
    for (let slot = 0; slot < REQUESTERS.count; slot++) {
      const task = cpu.memory.requesterTask(slot)
      yield* schedMoveTask(cpu, task, group)
      yield* setCpusAllowed(cpu, task, (w) => (w === 0 ? 1 << target : 0))
    }
    yield* cpusReadUnlock(cpu)
    return group
  },

  /** A callback that has something to do for a while, and sleeps in between. */
  *timers_work(cpu) {
    const end = (yield cpu.clock('timers:begin')) + 2 * REQUESTERS.quotaNs
    while ((yield cpu.clock('timers:work')) < end) yield cpu.fence(relaxed, 'timers:work')
    yield* prepareToSleep(cpu, NS_PER_US)
    yield* schedule(cpu)
    return 0
  },

  /** A callback that arms the timer of its CPU. */
  *timers_arm(cpu, subject) {
    if (yield* hrtimerCancel(cpu, timerOf(cpu, subject)))
      yield cpu.add(slotOf(cpu, subject) + SLOT.cancelled, 1, full, 'timers:cancelled')
    yield* arm(cpu, subject, 5)
    return 0
  },

  /** Arms and disarms the timers from `first` on, `times` times; others do so from other CPUs, with others. */
  *timers_storm(cpu, first, times) {
    for (let k = 0; k < times; k++) {
      const n = first + (yield cpu.choose(4, 'timers:which'))
      const slot = slotOf(cpu, n)
      if (yield* hrtimerCancel(cpu, timerOf(cpu, n))) yield cpu.add(slot + SLOT.cancelled, 1, full, 'timers:cancelled')
      cpu.memory.set(slot + SLOT.left, k % 3)
      yield* arm(cpu, n, 1 + (yield cpu.choose(20, 'timers:when')))
      yield* schedule(cpu)
    }
    return 0
  },
} satisfies Record<string, KernelFunction>

/** The function of the timers: counts. */
function* expired(cpu: Cpu, n: number, timer: number): Kernel<number> {
  const { memory } = cpu
  const slot = slotOf(cpu, n)
  if ((yield cpu.exchange(slot + SLOT.inside, 1, full, 'timers:begin')) === 1) {
    yield cpu.add(slot + SLOT.twice, 1, full, 'timers:twice')
  }
  const now = yield cpu.clock('timers:expired')
  if (now < memory.getTime(timer + HRTIMER.expires)) yield cpu.add(slot + SLOT.early, 1, full, 'timers:early')
  yield cpu.add(slot + SLOT.fired, 1, full, 'timers:fired')
  const left = memory.get(slot + SLOT.left)
  const again = left > 0
  if (again) {
    memory.set(slot + SLOT.left, left - 1)
    hrtimerForward(memory, timer, now, INTERVAL_NS)
    yield cpu.add(slot + SLOT.armed, 1, full, 'timers:again')
  }
  yield cpu.exchange(slot + SLOT.inside, 0, full, 'timers:end')
  return again ? HRTIMER_RESTART : HRTIMER_NORESTART
}
