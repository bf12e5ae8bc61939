// A storm of high-resolution timers: armed, disarmed, and armed again by their own function.
//
// Whoever arms a timer counts it, the timer itself too; whoever disarms one that was armed counts that. The rest must be called, each
// once, in an interrupt, on a CPU that is there for it, and not before its time.
import { NS_PER_US } from '../base/time.js'
import { HRTIMER } from '../memory/structs/hrtimers.js'
import { KTHREAD, LOAD } from '../memory/structs/loads.js'
import type { Cpu } from '../ops/cpu.js'
import type { Kernel } from '../ops/operation.js'
import {
  HRTIMER_NORESTART,
  HRTIMER_RESTART,
  hrtimerCancel,
  hrtimerForward,
  hrtimerInit,
  hrtimerStart,
} from '../time/hrtimer.js'
import { ARGUMENT, argumentOf, beginRound, COUNT, count, endRound } from './round.js'

const HRTIMERS = { armed: COUNT.own, cancelled: COUNT.own + 1, called: COUNT.own + 2 } as const
/** argument[]: how many timers a thread has, and how far ahead it arms them, us. */
const OWN = { timers: ARGUMENT.own, aheadUs: ARGUMENT.own + 1 } as const
/** One call in so many arms the timer again. */
const AGAIN = 3
/** The clocks of two workers may be so far apart. */
const APART_NS = 50 * NS_PER_US

function timerOf(cpu: Cpu, index: number, n: number): number {
  return cpu.memory.load(index) + LOAD.hrtimers + n * HRTIMER.$size
}

/** Disarms half of its timers, and arms those anew for some time ahead. */
export function* hrtimers(cpu: Cpu, thread: number, index: number): Kernel<number> {
  yield* beginRound(cpu, thread)
  const { memory } = cpu
  const first = memory.get(thread + KTHREAD.count + COUNT.begun) === 1
  for (let n = 0; n < argumentOf(cpu, thread, OWN.timers); n++) {
    const timer = timerOf(cpu, index, n)
    if (first) hrtimerInit(memory, timer, cpu.id, cpu.functions.find('load_hrtimer_run'), index)
    else if ((yield cpu.choose(2, 'load_hrtimers:choice')) === 0) continue
    else yield* disarm(cpu, thread, timer)
    const ahead = 1 + (yield cpu.choose(argumentOf(cpu, thread, OWN.aheadUs), 'load_hrtimers:ahead'))
    const now = yield cpu.clock('load_hrtimers:now')
    yield count(cpu, thread, HRTIMERS.armed, 'load_hrtimers:armed')
    yield* hrtimerStart(cpu, timer, now + ahead * NS_PER_US)
  }
  return yield* endRound(cpu, thread)
}

function* disarm(cpu: Cpu, thread: number, timer: number): Kernel<void> {
  if (yield* hrtimerCancel(cpu, timer)) yield count(cpu, thread, HRTIMERS.cancelled, 'load_hrtimers:cancelled')
}

/** The function of its timers. */
export function* hrtimerRun(cpu: Cpu, index: number, timer: number): Kernel<number> {
  const { memory } = cpu
  const thread = memory.kthread(index)
  yield count(cpu, thread, HRTIMERS.called, 'load_hrtimer:called')
  const now = yield cpu.clock('load_hrtimer:now')
  const early = now < memory.getTime(timer + HRTIMER.expires) - APART_NS
  if (early || cpu.inInterrupt === 0) yield count(cpu, thread, COUNT.wrong, 'load_hrtimer:wrong')
  if ((yield cpu.choose(AGAIN, 'load_hrtimer:again')) !== 0) return HRTIMER_NORESTART
  yield count(cpu, thread, HRTIMERS.armed, 'load_hrtimer:armed')
  hrtimerForward(memory, timer, now, argumentOf(cpu, thread, OWN.aheadUs) * NS_PER_US)
  return HRTIMER_RESTART
}

export function* hrtimersEnd(cpu: Cpu, thread: number, index: number): Kernel<number> {
  if (cpu.memory.get(thread + KTHREAD.count + COUNT.begun) === 0) return 0
  for (let n = 0; n < argumentOf(cpu, thread, OWN.timers); n++) yield* disarm(cpu, thread, timerOf(cpu, index, n))
  return 0
}
