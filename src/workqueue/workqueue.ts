// Workqueues, and queueing work: who queues it goes on at once, a kworker calls its function later.
//
//   who queues                                the pool of the target CPU        kworker/N:M
//   data: pending                 (full)
//   active < maxActive?                       at the end of the worklist
//     nobody runs there? wake a worker ------------------------------------->   takes it off; data: not pending
//   else                                      waits until another one is done   calls its function
//
// A workqueue says on which pools its work goes, and how many works of it may be under way on each.
import { ERRNO } from '../base/errno.js'
import { LIMITS } from '../memory/layout.js'
import type { Memory } from '../memory/memory.js'
import { POOL_WORKQUEUE, WORK, WORKER, WORKER_POOL, WORKQUEUE } from '../memory/structs/workqueues.js'
import { TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { acquire, full, type Kernel, relaxed, release } from '../ops/operation.js'
import { EVENT, withFunction } from '../trace/events.js'
import { WORK_CPU_UNBOUND } from '../trace/fields.js'
import { bringHome, hasFlag, needMoreWorker, POOL, wakeUpWorker, workerDoing } from './pool.js'
import { appendWork, DATA, poolIn } from './work.js'

/** What a workqueue may be, as in Linux. */
export const WQ = {
  /** its work may be done on any CPU */
  unbound: 2,
} as const

/** Works of a workqueue that may be under way on one pool, where nothing else is said, and at most. */
const DEFAULT_ACTIVE = 256
const MAX_ACTIVE = 512

/** The workqueues that are always there: `events` does work on the CPU that it is queued for, `events_unbound` anywhere. */
export function systemWq(memory: Memory): number {
  return memory.workqueue(0)
}

export function systemUnboundWq(memory: Memory): number {
  return memory.workqueue(1)
}

const SYSTEM = [
  ['events', 0],
  ['events_unbound', WQ.unbound],
] as const

/** What there is before any CPU runs: the system's workqueues, and pools of which only the boot CPU's is that CPU's. */
export function formatWorkqueues(memory: Memory): void {
  for (const [n, [name, flags]] of SYSTEM.entries()) {
    memory.set(memory.workqueue(n) + WORKQUEUE.used, 1)
    describe(memory, memory.workqueue(n), name, flags, DEFAULT_ACTIVE)
  }
  for (let cpu = 1; cpu < memory.layout.config.cpus; cpu++) {
    memory.set(memory.pool(cpu) + WORKER_POOL.flags, POOL.disassociated)
  }
}

function describe(memory: Memory, workqueue: number, name: string, flags: number, maxActive: number): void {
  memory.set(workqueue + WORKQUEUE.flags, flags)
  memory.set(workqueue + WORKQUEUE.maxActive, maxActive)
  memory.set(workqueue + WORKQUEUE.draining, 0)
  memory.setText(workqueue + WORKQUEUE.name, 4, name)
}

/**
 * Makes a workqueue. At most `maxActive` works of it are under way on one pool at a time, 0: as many as usual, 256. Answers it,
 * or -ENOMEM when there are as many as there may be.
 */
export function* allocWorkqueue(cpu: Cpu, name: string, flags: number, maxActive = 0): Kernel<number> {
  const { memory } = cpu
  for (let n = SYSTEM.length; n < LIMITS.workqueues; n++) {
    const workqueue = memory.workqueue(n)
    if ((yield cpu.compareExchange(workqueue + WORKQUEUE.used, 0, 1, acquire, 'alloc_workqueue')) !== 0) continue
    describe(memory, workqueue, name, flags, maxActive === 0 ? DEFAULT_ACTIVE : Math.min(maxActive, MAX_ACTIVE))
    return workqueue
  }
  return -ERRNO.ENOMEM
}

/** A workqueue whose works are done one at a time, in the order in which they were queued. */
export function* allocOrderedWorkqueue(cpu: Cpu, name: string): Kernel<number> {
  return yield* allocWorkqueue(cpu, name, WQ.unbound, 1)
}

/** Gives a workqueue back that has been drained, and that nobody will queue anything on. */
export function* freeWorkqueue(cpu: Cpu, workqueue: number): Kernel<void> {
  yield cpu.store(workqueue + WORKQUEUE.used, 0, release, 'destroy_workqueue')
}

/**
 * Queues a work for the pool of CPU `target`, whether that is up or not: one that is down has its work done elsewhere, one that
 * has never been up does it when it is. WORK_CPU_UNBOUND is the CPU that this runs on. A workqueue that is unbound has it done
 * anywhere. Answers whether it was this call that queued it: false where it is pending already. May be called with interrupts off.
 */
export function* queueWorkOn(cpu: Cpu, target: number, workqueue: number, work: number): Kernel<boolean> {
  // Nobody is to wait on this CPU for a work that is pending and on no list.
  cpu.irqDisable()
  const before = yield cpu.or(work + WORK.data, DATA.pending, full, 'queue_work_on')
  const mine = (before & DATA.pending) === 0
  if (mine) yield* enqueueWork(cpu, target, workqueue, work, poolIn(cpu.memory, before))
  cpu.irqEnable()
  return mine
}

export function* queueWork(cpu: Cpu, workqueue: number, work: number): Kernel<boolean> {
  return yield* queueWorkOn(cpu, WORK_CPU_UNBOUND, workqueue, work)
}

/** Puts a work that its caller has made pending onto a list. Interrupts are off. `last` is the pool that did it last. */
export function* enqueueWork(cpu: Cpu, target: number, workqueue: number, work: number, last: number): Kernel<void> {
  const { memory } = cpu
  if (yield* isRefused(cpu, workqueue)) {
    cpu.warn(true, '__queue_work', 'a workqueue that is drained is given work by somebody else')
    yield cpu.store(work + WORK.data, last, release, 'queue_work:refused')
    return
  }
  const unbound = (memory.get(workqueue + WORKQUEUE.flags) & WQ.unbound) !== 0
  const wanted = unbound ? memory.unboundPool : memory.pool(target === WORK_CPU_UNBOUND ? cpu.id : target)
  const pool = yield* lockPoolFor(cpu, wanted, workqueue, work, last)
  const place = memory.poolWorkqueue(workqueue, pool)
  cpu.trace(
    withFunction(EVENT.workqueue_queue_work, memory.get(work + WORK.function)),
    work,
    target | (memory.workqueueIndex(workqueue) << 16),
    unbound ? WORK_CPU_UNBOUND : memory.poolIndex(pool),
  )
  const colour = memory.get(place + POOL_WORKQUEUE.colour)
  const inFlight = place + POOL_WORKQUEUE.inFlight + colour
  memory.set(work + WORK.colour, colour)
  memory.set(inFlight, memory.get(inFlight) + 1)
  memory.set(pool + WORKER_POOL.queued, (memory.get(pool + WORKER_POOL.queued) + 1) | 0)
  yield cpu.store(work + WORK.data, place | DATA.queued | DATA.pending, relaxed, 'insert_work')
  if (memory.get(place + POOL_WORKQUEUE.active) < memory.get(workqueue + WORKQUEUE.maxActive)) {
    activateWork(cpu, place, work)
    if (needMoreWorker(memory, pool)) yield* wakeFor(cpu, pool)
  } else appendWork(memory, place + POOL_WORKQUEUE.inactive, work)
  yield cpu.unlockIrq(pool + WORKER_POOL.lock, 'queue_work')
}

/** New work: somebody is to do it. */
function* wakeFor(cpu: Cpu, pool: number): Kernel<void> {
  if (hasFlag(cpu.memory, pool, POOL.disassociated)) {
    if (cpu.bugs.has('stranded-work')) return
    yield* bringHome(cpu, pool)
  }
  yield* wakeUpWorker(cpu, pool)
}

/** A work that is being done is not to be done by another pool at the same time: it goes where it is. Locks the pool. */
function* lockPoolFor(cpu: Cpu, wanted: number, workqueue: number, work: number, last: number): Kernel<number> {
  const { memory } = cpu
  if (last !== 0 && last !== wanted) {
    yield cpu.lockIrq(last + WORKER_POOL.lock, 'queue_work:last')
    const worker = workerDoing(memory, last, work)
    if (worker !== 0 && memory.workqueueOf(memory.get(worker + WORKER.poolWorkqueue)) === workqueue) return last
    yield cpu.unlockIrq(last + WORKER_POOL.lock, 'queue_work:last')
  }
  yield cpu.lockIrq(wanted + WORKER_POOL.lock, 'queue_work')
  return wanted
}

/** Whether a workqueue is being drained and this is none of its own works. */
function* isRefused(cpu: Cpu, workqueue: number): Kernel<boolean> {
  const { memory } = cpu
  if (memory.workqueueIndex(workqueue) < SYSTEM.length) return false
  if ((yield cpu.load(workqueue + WORKQUEUE.draining, relaxed, 'queue_work:draining')) === 0) return false
  const worker = cpu.inInterrupt > 0 ? 0 : memory.get(cpu.task + TASK.worker)
  return worker === 0 || memory.workqueueOf(memory.get(worker + WORKER.poolWorkqueue)) !== workqueue
}

/** The work may be done now. The pool's lock is held. */
export function activateWork(cpu: Cpu, place: number, work: number): void {
  const { memory } = cpu
  cpu.trace(EVENT.workqueue_activate_work, work, 0, 0)
  memory.set(place + POOL_WORKQUEUE.active, memory.get(place + POOL_WORKQUEUE.active) + 1)
  appendWork(memory, memory.poolOf(place) + WORKER_POOL.worklist, work)
}
