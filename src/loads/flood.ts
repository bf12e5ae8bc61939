// A flood of work for kworkers: bound to CPUs that are up or down, unbound, delayed, taken back.
//
// Whoever queues a work that was not pending counts it, and so does whoever takes one back that was; the rest must be done,
// each once, and none twice at the same time.
import { NS_PER_US } from '../base/time.js'
import { KTHREAD, LOAD } from '../memory/structs/loads.js'
import { DELAYED_WORK } from '../memory/structs/workqueues.js'
import type { Cpu } from '../ops/cpu.js'
import { full, type Kernel } from '../ops/operation.js'
import { WORK_CPU_UNBOUND } from '../trace/fields.js'
import { cancelDelayedWorkSync, flushDelayedWork, initDelayedWork, queueDelayedWork } from '../workqueue/delayed.js'
import { queueWorkOn, systemUnboundWq, systemWq } from '../workqueue/workqueue.js'
import { ARGUMENT, argumentOf, beginRound, COUNT, count, endRound, spin } from './round.js'

export const FLOOD = { queued: COUNT.own, run: COUNT.own + 1, cancelled: COUNT.own + 2 } as const
/** argument[]: how many works a thread has. */
const WORKS = ARGUMENT.own
/** What becomes of a work in a round, by what is chosen; each other time it is queued at once. */
const CHOICES = 6
const CHOICE = { cancel: 0, flush: 1, delay: 2 } as const
/** How far ahead a delayed one is put at most, us. */
const AHEAD_US = 2000

function workOf(cpu: Cpu, index: number, n: number): number {
  return cpu.memory.load(index) + LOAD.works + n * DELAYED_WORK.$size
}

/** A work stays with its workqueue, or it might be done twice at once. */
function queueOf(cpu: Cpu, n: number): number {
  return n % 2 === 0 ? systemWq(cpu.memory) : systemUnboundWq(cpu.memory)
}

function isFirstRound(cpu: Cpu, thread: number): boolean {
  return cpu.memory.get(thread + KTHREAD.count + COUNT.begun) === 1
}

/** Queues each of its works somewhere, or takes it back, or waits for it. */
export function* flood(cpu: Cpu, thread: number, index: number): Kernel<number> {
  yield* beginRound(cpu, thread)
  const first = isFirstRound(cpu, thread)
  for (let n = 0; n < argumentOf(cpu, thread, WORKS); n++) {
    const work = workOf(cpu, index, n)
    if (first) initDelayedWork(cpu, work, cpu.functions.find('load_flood_run'), (index << 8) | n)
    const choice = yield cpu.choose(CHOICES, 'load_flood:choice')
    if (choice === CHOICE.cancel) {
      if (yield* cancelDelayedWorkSync(cpu, work)) yield count(cpu, thread, FLOOD.cancelled, 'load_flood:cancelled')
    } else if (choice === CHOICE.flush) yield* flushDelayedWork(cpu, work)
    else yield* queueSomewhere(cpu, thread, n, work, choice === CHOICE.delay)
  }
  return yield* endRound(cpu, thread)
}

function* queueSomewhere(cpu: Cpu, thread: number, n: number, work: number, delay: boolean): Kernel<void> {
  const { cpus } = cpu.memory.layout.config
  const workqueue = queueOf(cpu, n)
  let mine: boolean
  if (delay) {
    const ahead = yield cpu.choose(AHEAD_US, 'load_flood:ahead')
    mine = yield* queueDelayedWork(cpu, workqueue, work, ahead * NS_PER_US)
  } else {
    const target = yield cpu.choose(cpus + 1, 'load_flood:target')
    mine = yield* queueWorkOn(cpu, target === cpus ? WORK_CPU_UNBOUND : target, workqueue, work)
  }
  if (mine) yield count(cpu, thread, FLOOD.queued, 'load_flood:queued')
}

/** The work. */
export function* floodRun(cpu: Cpu, which: number): Kernel<number> {
  const { memory } = cpu
  const [index, n] = [which >> 8, which & 0xff]
  const thread = memory.kthread(index)
  const inside = memory.load(index) + LOAD.inside + n
  if ((yield cpu.exchange(inside, 1, full, 'load_flood:inside')) !== 0) {
    yield count(cpu, thread, COUNT.wrong, 'load_flood:twice')
  }
  yield* spin(cpu, argumentOf(cpu, thread, ARGUMENT.us), 'load_flood')
  yield cpu.exchange(inside, 0, full, 'load_flood:outside')
  yield count(cpu, thread, FLOOD.run, 'load_flood:run')
  return 0
}

export function* floodEnd(cpu: Cpu, thread: number, index: number): Kernel<number> {
  if (cpu.memory.get(thread + KTHREAD.count + COUNT.begun) === 0) return 0
  for (let n = 0; n < argumentOf(cpu, thread, WORKS); n++) {
    if (yield* cancelDelayedWorkSync(cpu, workOf(cpu, index, n))) {
      yield count(cpu, thread, FLOOD.cancelled, 'load_flood:cancelled')
    }
  }
  return 0
}
