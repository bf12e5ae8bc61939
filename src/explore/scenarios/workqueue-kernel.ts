// What the scenarios of work have the kernel do: a kernel module, as kernel.ts is.
import { cpusReadLock, cpusReadUnlock } from '../../hotplug/locks.js'
import { WORK } from '../../memory/structs/workqueues.js'
import type { Cpu, KernelFunction } from '../../ops/cpu.js'
import { hasBit, loadBit } from '../../ops/mask.js'
import { full, type Kernel, relaxed } from '../../ops/operation.js'
import { RESTART } from '../../sched/task.js'
import { complete, completionReady, reinitCompletion } from '../../sync/completion.js'
import { WORK_CPU_UNBOUND } from '../../trace/fields.js'
import { cancelWorkSync } from '../../workqueue/cancel.js'
import {
  cancelDelayedWorkSync,
  flushDelayedWork,
  initDelayedWork,
  queueDelayedWorkOn,
} from '../../workqueue/delayed.js'
import { destroyWorkqueue, flushWork, flushWorkqueue } from '../../workqueue/flush.js'
import { initWork } from '../../workqueue/work.js'
import { allocOrderedWorkqueue, queueWork, queueWorkOn, systemUnboundWq, systemWq } from '../../workqueue/workqueue.js'

/** Where this module is, for a scenario's machine. */
export const WORKQUEUE_KERNEL = new URL('./workqueue-kernel.js', import.meta.url)

/** What a delayed work waits: about as long as an operation of hotplug takes. */
const DELAY_NS = 4000

/** Works that there are; the last ones have an actor of their own each. */
const WORKS = 8
const MINE = { cancelled: 4, flushed: 5, waits: 6, ends: 7 } as const

/** In scratch memory. */
export const AT = {
  /** what must not be: a work that is done twice at once, out of its order, not before a flush is over, or after a cancel */
  wrong: 0,
  /** queueings that were accepted, that were done, and that were taken back */
  queued: 1,
  ran: 2,
  cancelled: 3,
  /** the work of the ordered workqueue that is next */
  next: 4,
  /** for each work: whether it is being done, how often it has been, and how often it is still to queue itself */
  inside: 8,
  times: 16,
  again: 24,
  /** what the work that waits waits for */
  done: 32,
  delayed: 48,
  works: 80,
} as const

const at = (cpu: Cpu, offset: number): number => cpu.memory.scratch(offset)
const count = (cpu: Cpu, offset: number, by = 1) => cpu.add(at(cpu, offset), by, full, 'explore_work:count')
const workAt = (cpu: Cpu, n: number): number => at(cpu, AT.works + n * WORK.$size)

/** Does nothing for a while that others may use. */
function* linger(cpu: Cpu): Kernel<void> {
  for (let n = 0; n < 6; n++) yield cpu.load(at(cpu, AT.ran), relaxed, 'explore_work:linger')
}

function* queueOn(cpu: Cpu, target: number, n: number): Kernel<void> {
  // Counted before it can be done.
  yield count(cpu, AT.queued)
  // A work stays with its workqueue, or it could be done twice at once.
  const workqueue = n % 2 === 1 && n < MINE.cancelled ? systemUnboundWq(cpu.memory) : systemWq(cpu.memory)
  if (!(yield* queueWorkOn(cpu, target, workqueue, workAt(cpu, n)))) yield count(cpu, AT.queued, -1)
}

export const functions = {
  *explore_work_init(cpu) {
    const fn = cpu.functions.find('explore_work')
    for (let n = 0; n < WORKS; n++) initWork(cpu.memory, workAt(cpu, n), fn, n)
    initWork(cpu.memory, workAt(cpu, MINE.waits), cpu.functions.find('explore_work_waits'), MINE.waits)
    initWork(cpu.memory, workAt(cpu, MINE.ends), cpu.functions.find('explore_work_ends'), MINE.ends)
    return 0
  },

  /** A work: it may queue itself again while it is done, on any CPU. */
  *explore_work(cpu, n) {
    if ((yield count(cpu, AT.inside + n)) !== 0) yield count(cpu, AT.wrong)
    if ((yield cpu.load(at(cpu, AT.again + n), relaxed, 'explore_work:again')) > 0) {
      yield count(cpu, AT.again + n, -1)
      yield* queueOn(cpu, cpu.id, n)
    }
    yield* linger(cpu)
    yield count(cpu, AT.inside + n, -1)
    yield count(cpu, AT.times + n)
    yield count(cpu, AT.ran)
    return 0
  },

  /** Queues the works that belong to nobody, every other for CPU `target`, `times` times; each queues itself once more. */
  *explore_work_queue(cpu, target, times) {
    for (let k = 0; k < times; k++) {
      const n = k % MINE.cancelled
      yield count(cpu, AT.again + n)
      yield* queueOn(cpu, target, n)
    }
    return 0
  },

  /** Queues a work for CPU `target` and waits for it, or for all of the workqueue, `times` times. */
  *explore_work_flush(cpu, target, times) {
    for (let k = 0; k < times; k++) {
      yield* queueOn(cpu, target, MINE.flushed)
      for (let pause = yield cpu.choose(8, 'explore_work:pause'); pause > 0; pause--) yield* linger(cpu)
      if (k % 2 === 0) yield* flushWork(cpu, workAt(cpu, MINE.flushed))
      else yield* flushWorkqueue(cpu, systemWq(cpu.memory))
      const done = yield cpu.load(at(cpu, AT.times + MINE.flushed), relaxed, 'explore_work:flushed')
      if (done !== k + 1) yield count(cpu, AT.wrong)
    }
    return 0
  },

  /** Queues a work that goes on queueing itself for CPU `target`, and takes it back, `times` times. */
  *explore_work_cancel(cpu, target, times) {
    const n = MINE.cancelled
    for (let k = 0; k < times; k++) {
      yield cpu.store(at(cpu, AT.again + n), 100, full, 'explore_work:again')
      yield* queueOn(cpu, target, n)
      for (let pause = yield cpu.choose(3, 'explore_work:pause'); pause > 0; pause--) yield* linger(cpu)
      if (yield* cancelWorkSync(cpu, workAt(cpu, n))) yield count(cpu, AT.cancelled)
      const left = yield cpu.load(workAt(cpu, n) + WORK.data, full, 'explore_work:data')
      const inside = yield cpu.load(at(cpu, AT.inside + n), relaxed, 'explore_work:inside')
      if (left >>> 29 !== 0 || inside !== 0) yield count(cpu, AT.wrong)
    }
    return 0
  },

  /** Has a timer of CPU `target`, if that is up, queue a work; takes it back or has it done at once in turn, `times` times. */
  *explore_work_delay(cpu, target, times) {
    const delayed = at(cpu, AT.delayed)
    initDelayedWork(cpu, delayed, cpu.functions.find('explore_work'), MINE.flushed)
    for (let k = 0; k < times; k++) {
      yield* cpusReadLock(cpu)
      const up = hasBit(yield loadBit(cpu, cpu.memory.online, target, 'explore_work:online'), target)
      yield count(cpu, AT.queued)
      const wanted = up ? target : WORK_CPU_UNBOUND
      const mine = yield* queueDelayedWorkOn(cpu, wanted, systemWq(cpu.memory), delayed, DELAY_NS)
      if (!mine) yield count(cpu, AT.queued, -1)
      yield* cpusReadUnlock(cpu)
      for (let pause = yield cpu.choose(8, 'explore_work:pause'); pause > 0; pause--) yield* linger(cpu)
      if (k % 2 === 1) yield* flushDelayedWork(cpu, delayed)
      else if (yield* cancelDelayedWorkSync(cpu, delayed)) yield count(cpu, AT.cancelled)
    }
    return 0
  },

  /** Has a work on CPU `target` wait for another one there: there must be a second worker. */
  *explore_work_pair(cpu, target) {
    reinitCompletion(cpu, at(cpu, AT.done))
    yield* queueOn(cpu, target, MINE.waits)
    yield* queueOn(cpu, target, MINE.ends)
    yield* flushWork(cpu, workAt(cpu, MINE.waits))
    return 0
  },

  /** It sleeps at a restart point: its CPU may go down meanwhile. */
  *explore_work_waits(cpu) {
    if (!(yield* completionReady(cpu, at(cpu, AT.done)))) return RESTART
    yield count(cpu, AT.ran)
    return 0
  },

  *explore_work_ends(cpu) {
    yield* complete(cpu, at(cpu, AT.done))
    yield count(cpu, AT.ran)
    return 0
  },

  /** Has the works that belong to nobody done by an ordered workqueue, which is drained and given back. */
  *explore_work_ordered(cpu) {
    const workqueue = yield* allocOrderedWorkqueue(cpu, 'explore')
    const fn = cpu.functions.find('explore_work_in_order')
    for (let n = 0; n < MINE.cancelled; n++) {
      initWork(cpu.memory, workAt(cpu, n), fn, n)
      yield count(cpu, AT.queued)
      yield* queueWork(cpu, workqueue, workAt(cpu, n))
    }
    yield* destroyWorkqueue(cpu, workqueue)
    const done = yield cpu.load(at(cpu, AT.next), relaxed, 'explore_work:next')
    return done === MINE.cancelled ? 0 : 1
  },

  *explore_work_in_order(cpu, n) {
    if ((yield count(cpu, AT.inside)) !== 0) yield count(cpu, AT.wrong)
    yield* linger(cpu)
    if ((yield count(cpu, AT.next)) !== n) yield count(cpu, AT.wrong)
    yield count(cpu, AT.inside, -1)
    yield count(cpu, AT.ran)
    return 0
  },

  /** Work that may be done anywhere, `times` times, each waited for. */
  *explore_work_unbound(cpu, times) {
    const work = workAt(cpu, MINE.flushed)
    for (let k = 0; k < times; k++) {
      yield count(cpu, AT.queued)
      yield* queueWork(cpu, systemUnboundWq(cpu.memory), work)
      yield* flushWork(cpu, work)
      if ((yield cpu.load(at(cpu, AT.times + MINE.flushed), relaxed, 'explore_work:unbound')) !== k + 1) {
        yield count(cpu, AT.wrong)
      }
    }
    return 0
  },
} satisfies Record<string, KernelFunction>

/** Words of scratch memory that the module uses. */
export const SCRATCH = AT.works + WORKS * WORK.$size
