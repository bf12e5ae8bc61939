// Kernel functions for test/time/hrtimer.test.ts: one timer in scratch memory, and what its function has noted.
import {
  type Cpu,
  full,
  HRTIMER,
  HRTIMER_NORESTART,
  HRTIMER_RESTART,
  hrtimerCancel,
  hrtimerForward,
  hrtimerInit,
  hrtimerStart,
  hrtimerTryToCancel,
  type Kernel,
  type KernelFunction,
  relaxed,
  schedule,
} from '../../src/kernel-api.js'
import { prepareToSleep } from '../../src/time/sleep.js'

/** In scratch memory. */
export const AT = {
  /** how often it was called, and too early; how often it is to arm itself again; the CPU it was called on last */
  called: 0,
  early: 1,
  left: 2,
  where: 3,
  /** it is being called, and goes on until `gate` is 1 */
  inside: 4,
  gate: 5,
  waits: 6,
  /** who disarms it has seen that it is being called */
  seen: 7,
  timer: 16,
} as const

const US = 1000
/** How far the clocks of two workers may be apart. */
const APART_NS = 50 * US

const timerOf = (cpu: Cpu): number => cpu.memory.scratch(AT.timer)

function* after(cpu: Cpu, us: number): Kernel<void> {
  const now = yield cpu.clock('hrtimers:now')
  yield* hrtimerStart(cpu, timerOf(cpu), now + us * US)
}

export const functions = {
  *hrtimers_init(cpu) {
    hrtimerInit(cpu.memory, timerOf(cpu), 0, cpu.functions.find('hrtimers_function'), 0)
    return HRTIMER.$size
  },

  *hrtimers_function(cpu, _argument, timer) {
    const { memory } = cpu
    const now = yield cpu.clock('hrtimers:called')
    if (now < memory.getTime(timer + HRTIMER.expires) - APART_NS)
      yield cpu.add(memory.scratch(AT.early), 1, full, 'hrtimers:early')
    yield cpu.store(memory.scratch(AT.where), cpu.id, relaxed, 'hrtimers:where')
    yield cpu.store(memory.scratch(AT.inside), 1, full, 'hrtimers:inside')
    if (memory.get(memory.scratch(AT.waits)) === 1) yield cpu.waitUntil(memory.scratch(AT.gate), 1, 'hrtimers:gate')
    yield cpu.store(memory.scratch(AT.inside), 0, full, 'hrtimers:outside')
    yield cpu.add(memory.scratch(AT.called), 1, full, 'hrtimers:count')
    const left = memory.get(memory.scratch(AT.left))
    if (left === 0) return HRTIMER_NORESTART
    memory.set(memory.scratch(AT.left), left - 1)
    hrtimerForward(memory, timer, now, 10 * US)
    return HRTIMER_RESTART
  },

  /** Arms it for so many us ahead. */
  *hrtimers_start(cpu, us) {
    yield* after(cpu, us)
    return 0
  },

  *hrtimers_try(cpu) {
    return yield* hrtimerTryToCancel(cpu, timerOf(cpu))
  },

  /** Arms it twice, disarms it, and disarms it again; answers what the two said, as two digits. */
  *hrtimers_twice(cpu) {
    yield* after(cpu, 1000)
    yield* after(cpu, 2000)
    const first = yield* hrtimerTryToCancel(cpu, timerOf(cpu))
    return first * 10 + (yield* hrtimerTryToCancel(cpu, timerOf(cpu)))
  },

  /** Disarms it while its function is being called, which another CPU lets go on meanwhile; answers how often it has returned by then. */
  *hrtimers_cancel_inside(cpu) {
    yield cpu.waitUntil(cpu.memory.scratch(AT.inside), 1, 'hrtimers:wait')
    if ((yield* hrtimerTryToCancel(cpu, timerOf(cpu))) !== -1) return -1
    yield cpu.store(cpu.memory.scratch(AT.seen), 1, full, 'hrtimers:seen')
    yield* hrtimerCancel(cpu, timerOf(cpu))
    return yield cpu.load(cpu.memory.scratch(AT.called), relaxed, 'hrtimers:returned')
  },

  /** Opens the gate when who disarms has waited for so many us. */
  *hrtimers_open(cpu, us) {
    yield cpu.waitUntil(cpu.memory.scratch(AT.seen), 1, 'hrtimers:wait')
    yield* prepareToSleep(cpu, us * US)
    yield* schedule(cpu)
    yield cpu.store(cpu.memory.scratch(AT.gate), 1, full, 'hrtimers:open')
    return 0
  },
} satisfies Record<string, KernelFunction>
