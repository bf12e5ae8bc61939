// Kernel functions for test/time/timer.test.ts.
import { type Cpu, full, type Kernel, type KernelFunction, relaxed, schedule } from '../../src/kernel-api.js'
import { TIMER } from '../../src/memory/structs/deferred.js'
import { GLOBAL } from '../../src/memory/structs.js'
import { prepareToSleep } from '../../src/time/sleep.js'
import { addTimerOn, delTimer, delTimerSync, modTimer, timerSetup, tryToDelTimerSync } from '../../src/time/timer.js'
import { JIFFY_NS } from '../../src/trace/fields.js'

/** In scratch memory. */
export const AT = {
  /** what must not be: a function that is called early, on a CPU that is not online, twice at once, or outside a softirq */
  wrong: 0,
  /** how often timers were armed that were not, and taken off */
  armed: 1,
  deleted: 2,
  /** how often functions were called, in all, and of each timer; whether that is under way; on which CPU it was */
  ran: 3,
  /** 1: timers are armed by several at once, also while their functions are under way */
  shared: 4,
  runs: 32,
  inside: 64,
  where: 96,
  /** times that a timer still arms itself anew */
  again: 128,
  timers: 256,
} as const

export const TIMERS = 16

const NS_PER_US = 1000

function timer(cpu: Cpu, n: number): number {
  return cpu.memory.scratch(AT.timers + n * TIMER.$size)
}

const bump = (cpu: Cpu, at: number, by = 1) => cpu.add(cpu.memory.scratch(at), by, full, 'timer:count')

function* sleepFor(cpu: Cpu, us: number): Kernel<void> {
  yield* prepareToSleep(cpu, us * NS_PER_US)
  yield* schedule(cpu)
}

function* arm(cpu: Cpu, n: number, us: number): Kernel<void> {
  const now = yield cpu.clock('timer:now')
  if ((yield* modTimer(cpu, timer(cpu, n), now + us * NS_PER_US)) === 0) yield bump(cpu, AT.armed)
}

function* takeOff(cpu: Cpu, n: number): Kernel<number> {
  const was = yield* delTimerSync(cpu, timer(cpu, n))
  if (was === 1) yield bump(cpu, AT.deleted)
  if ((yield cpu.load(cpu.memory.scratch(AT.inside + n), full, 'timer:taken_off')) !== 0) yield bump(cpu, AT.wrong)
  return was
}

export const functions = {
  *timer_init(cpu) {
    for (let n = 0; n < TIMERS; n++) timerSetup(cpu, timer(cpu, n), cpu.functions.find('timer_function'), n)
    return 0
  },

  /** What a timer calls. */
  *timer_function(cpu, n, itself) {
    const { memory } = cpu
    if ((yield bump(cpu, AT.inside + n)) !== 0) yield bump(cpu, AT.wrong)
    // The clocks of two workers may be a little apart. Once another has armed it anew, nothing here says what was due.
    const shared = (yield cpu.load(memory.scratch(AT.shared), relaxed, 'timer:shared')) === 1
    const early = !shared && (yield cpu.clock('timer:called')) < memory.getTime(itself + TIMER.due) - 50 * NS_PER_US
    const online = ((yield cpu.load(memory.online, relaxed, 'timer:online')) >> cpu.id) & 1
    if (early || !online || !cpu.servingSoftirq || cpu.irqDisabled > 0 || itself !== timer(cpu, n))
      yield bump(cpu, AT.wrong)
    yield bump(cpu, AT.ran)
    yield bump(cpu, AT.runs + n)
    yield cpu.store(memory.scratch(AT.where + n), cpu.id, relaxed, 'timer:where')
    if ((yield cpu.load(memory.scratch(AT.again + n), relaxed, 'timer:again')) > 0) {
      yield bump(cpu, AT.again + n, -1)
      yield* arm(cpu, n, 1000)
    }
    yield bump(cpu, AT.inside + n, -1)
    return 0
  },

  /** Arms timer `n` for `us` from now on. */
  *timer_arm(cpu, n, us) {
    yield* arm(cpu, n, us)
    return 0
  },

  /** Arms timer `n` on CPU `n` of another, for `us` from now on. */
  *timer_arm_there(cpu, n, us) {
    const now = yield cpu.clock('timer:now')
    yield* addTimerOn(cpu, timer(cpu, n), n, now + us * NS_PER_US)
    yield bump(cpu, AT.armed)
    return 0
  },

  /** Takes timer `n` off; answers what delTimerSync does. Nobody else arms it: its function is under way nowhere then. */
  *timer_delete(cpu, n) {
    return yield* takeOff(cpu, n)
  },

  /** Arms timer 0 on another CPU, sleeps until about when that serves it, and takes it off, `times` times. */
  *timer_race(cpu, target, times) {
    for (let i = 0; i < times; i++) {
      yield* addTimerOn(cpu, timer(cpu, 0), target, 0)
      yield bump(cpu, AT.armed)
      const served = cpu.memory.getTime(timer(cpu, 0) + TIMER.bucket) * JIFFY_NS
      yield* sleepFor(cpu, Math.max(1, (served - (yield cpu.clock('timer:race'))) / NS_PER_US))
      for (let n = 0; n < (i * 7) % 50; n++) yield cpu.load(cpu.memory.scratch(AT.inside), relaxed, 'timer:race')
      yield* takeOff(cpu, 0)
    }
    return 0
  },

  /** Arms, puts off and takes off timers in an order that `seed` makes, `times` times. */
  *timer_churn(cpu, times, seed) {
    let random = seed * 2_654_435_761 + cpu.id
    yield cpu.store(cpu.memory.scratch(AT.shared), 1, relaxed, 'timer:shared')
    for (let i = 0; i < times; i++) {
      random = (Math.imul(random, 1_103_515_245) + 12_345) & 0x7fff_ffff
      const n = (random >> 8) % TIMERS
      const what = (random >> 16) % 8
      if (what < 4) yield* arm(cpu, n, (random >> 12) % 12_000)
      else if (what === 4) yield* sleepFor(cpu, (random >> 12) % 3_000)
      else {
        const del = what === 5 ? delTimer : what === 6 ? delTimerSync : tryToDelTimerSync
        if ((yield* del(cpu, timer(cpu, n))) === 1) yield bump(cpu, AT.deleted)
      }
    }
    return 0
  },

  /** A DYING callback: arms timer 0 on the CPU that is dying, for now. */
  *timer_dying(cpu) {
    yield* arm(cpu, 0, 0)
    return 0
  },

  /** Looks at the jiffies `times` times, half a jiffy apart; answers by how many they were behind at most, -1: they went back. */
  *timer_jiffies(cpu, times) {
    let [before, worst] = [0, 0]
    for (let i = 0; i < times; i++) {
      const now = yield cpu.clock('timer:jiffies')
      const jiffies = yield cpu.load(cpu.memory.global + GLOBAL.jiffies, full, 'timer:jiffies')
      if (jiffies < before) return -1
      before = jiffies
      worst = Math.max(worst, Math.floor(now / 4e6) - jiffies)
      yield* sleepFor(cpu, 2000)
    }
    return worst
  },
} satisfies Record<string, KernelFunction>
