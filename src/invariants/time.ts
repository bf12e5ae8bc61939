// Timers and the tick: what is armed is served once, not early, and not left on a dead CPU; a CPU that is there keeps the time.

import { TIMER, TIMER_WHEEL } from '../memory/structs/deferred.js'
import { CPUHP, GLOBAL } from '../memory/structs.js'
import { testBit } from '../ops/mask.js'
import { TICK_DO_TIMER_NONE } from '../time/jiffies.js'
import { timersOf } from '../time/timer.js'
import { cpusOf, type Findings, type Invariant, stateOf, type World } from './invariant.js'

function* armedOnce({ memory }: World): Findings {
  const seen = new Set<number>()
  let left = 0
  for (const cpu of cpusOf(memory)) {
    const base = memory.timerWheel(cpu)
    const gone = memory.get(base + TIMER_WHEEL.served) + memory.get(base + TIMER_WHEEL.deleted)
    left = (left + memory.get(base + TIMER_WHEEL.armed) - gone) | 0
    for (const timer of timersOf(memory, base)) {
      if (seen.has(timer)) {
        yield `timer ${timer} is twice among those that wait`
        break
      }
      seen.add(timer)
      if (memory.get(timer + TIMER.pending) !== 1) yield `timer ${timer} of CPU ${cpu} does not know that it waits`
      const owner = memory.get(timer + TIMER.base)
      if (owner !== cpu) yield `timer ${timer} waits on CPU ${cpu}, and says CPU ${owner}`
    }
  }
  if (left !== seen.size) yield `${left} timers were armed and neither served nor taken off, ${seen.size} wait`
}

function* notEarly({ memory }: World): Findings {
  for (const cpu of cpusOf(memory)) {
    const early = memory.get(memory.timerWheel(cpu) + TIMER_WHEEL.early)
    if (early !== 0) yield `CPU ${cpu} has served ${early} timers before their time`
  }
}

function* takenOver(world: World): Findings {
  const { memory } = world
  const dead = stateOf(world, 'timers_dead_cpu', false)
  for (const cpu of cpusOf(memory)) {
    if (memory.get(memory.cpuhp(cpu) + CPUHP.state) >= dead) continue
    if (memory.get(memory.timerWheel(cpu) + TIMER_WHEEL.timers) !== 0) yield `CPU ${cpu} is dead, and has timers`
  }
}

function* keeper({ memory }: World): Findings {
  const cpu = memory.get(memory.global + GLOBAL.tickDoTimerCpu)
  if (cpu !== TICK_DO_TIMER_NONE && !testBit(memory, memory.online, cpu))
    yield `CPU ${cpu} keeps the time, and is offline`
}

export const TIME_INVARIANTS: readonly Invariant[] = [
  {
    name: 'timers-armed-once',
    says: 'a timer that is armed is in one wheel until it is served, once',
    check: armedOnce,
  },
  { name: 'timers-not-early', says: 'no timer was served before its time', check: notEarly },
  { name: 'timers-taken-over', says: 'no CPU that is dead has timers', check: takenOver },
  { name: 'timekeeper-online', says: 'the CPU that keeps the jiffies is online', check: keeper },
]
