// High-resolution timers: each that is armed is in one heap, in order, and what is armed will expire.
import type { Memory } from '../memory/memory.js'
import { HRTIMER, HRTIMER_BASE } from '../memory/structs/hrtimers.js'
import { PERCPU, TASK } from '../memory/structs.js'
import { testBit } from '../ops/mask.js'
import { NORMAL_SLEEP } from '../sched/task.js'
import { heapOf } from './heap.js'
import { cpusOf, type Findings, type Invariant, nameOf, stateOf, tasksOf, type World } from './invariant.js'

/** A timer for a reader: whose it is, or where it lies. */
function timerName(memory: Memory, timer: number): string {
  const place = memory.layout.locate(timer)
  if (place?.region.name !== 'task') return memory.layout.describe(timer)
  return nameOf(memory, memory.task(place.index))
}

const HEAP = { child: HRTIMER.heapChild, next: HRTIMER.heapNext }

function* timers({ memory }: World): Findings {
  const listed = new Set<number>()
  for (const cpu of cpusOf(memory)) {
    const base = memory.hrtimerBase(cpu)
    for (const { node: timer, parent, previous } of heapOf(memory, memory.get(base + HRTIMER_BASE.root), HEAP)) {
      const name = timerName(memory, timer)
      if (listed.has(timer)) {
        yield `the timer of ${name} is armed on two CPUs, or twice on one`
        break
      }
      listed.add(timer)
      if (memory.get(timer + HRTIMER.base) !== cpu + 1 || memory.get(timer + HRTIMER.queued) !== 1)
        yield `the timer of ${name} is armed on CPU ${cpu} without knowing`
      if (memory.get(timer + HRTIMER.heapPrevious) !== previous)
        yield `the timer of ${name} is linked forth and not back`
      const early = parent !== 0 && memory.getTime(timer + HRTIMER.expires) < memory.getTime(parent + HRTIMER.expires)
      if (early) yield `the timers of CPU ${cpu} are out of order at ${name}`
    }
  }
  for (const task of tasksOf(memory)) {
    const timer = task + TASK.sleepTimer
    if (memory.get(timer + HRTIMER.queued) === 0) continue
    const owner = memory.get(timer + HRTIMER.base) - 1
    if (!listed.has(timer)) yield `${nameOf(memory, task)} is not among the timers of CPU ${owner}`
    // One that has been woken for another reason takes its timer off when it runs.
    const waits = (memory.get(task + TASK.state) & NORMAL_SLEEP) !== 0 || memory.get(task + TASK.onRunqueue) === 1
    if (!waits) yield `${nameOf(memory, task)} is among the timers of CPU ${owner}, and neither asleep nor to run`
  }
}

function* bases(world: World): Findings {
  const { memory } = world
  const starting = stateOf(world, 'hrtimers_cpu_starting', true)
  for (const cpu of cpusOf(memory)) {
    const base = memory.hrtimerBase(cpu)
    const online = testBit(memory, memory.online, cpu)
    const open = memory.get(base + HRTIMER_BASE.online) === 1
    // One that was brought up to a target in the STARTING section may have left hrtimers:dying out, as in 6.1.
    const leftOut = memory.get(memory.percpu(cpu) + PERCPU.startedTo) < starting
    if (open !== online && !(online && leftOut)) {
      yield `CPU ${cpu} is ${online ? 'online' : 'offline'}, its timer base is ${open ? 'open' : 'closed'}`
    }
    const first = memory.get(base + HRTIMER_BASE.root)
    if (first !== 0 && !online)
      yield `the timer of ${timerName(memory, first)} is armed on CPU ${cpu}, which is offline`
    const running = memory.get(base + HRTIMER_BASE.running)
    if (running !== 0) yield `CPU ${cpu} still calls the function of the timer of ${timerName(memory, running)}`
  }
}

export const TIMER_INVARIANTS: readonly Invariant[] = [
  { name: 'hrtimers-sound', says: 'an armed timer is on one base, in order, and wakes who sleeps', check: timers },
  { name: 'hrtimer-bases-open', says: 'timers are armed where there is a CPU to call them', check: bases },
]
