// Pools of workers, their kworkers, and the work that they have been given.

import { LIMITS } from '../memory/layout.js'
import type { Memory } from '../memory/memory.js'
import { POOL_WORKQUEUE, WORK, WORK_LIST, WORKER, WORKER_POOL, WORKQUEUE } from '../memory/structs/workqueues.js'
import { CPUHP, TASK } from '../memory/structs.js'
import { bitsOf } from '../ops/mask.js'
import { FLAG } from '../sched/task.js'
import { isAssociated, isUnbound, WORKER_FLAG, workersOf } from '../workqueue/pool.js'
import { type Findings, type Invariant, nameOf, stateOf, type World } from './invariant.js'
import { hasTimer } from './tasks.js'

const NOT_RUNNING = WORKER_FLAG.prep | WORKER_FLAG.unbound | WORKER_FLAG.rebound

function* poolsOf(memory: Memory): Generator<readonly [pool: number, name: string], void, undefined> {
  for (let n = 0; n < memory.layout.poolCount; n++) {
    const pool = memory.pool(n)
    yield [pool, isUnbound(memory, pool) ? 'the unbound pool' : `the pool of CPU ${n}`]
  }
}

function* worksOn(memory: Memory, list: number): Generator<number, void, undefined> {
  for (let at = memory.get(list + WORK_LIST.first); at !== 0; at = memory.get(at + WORK.next)) yield at
}

function count(items: Iterable<unknown>): number {
  let n = 0
  for (const _ of items) n++
  return n
}

function idleOf(memory: Memory, pool: number): number[] {
  const idle: number[] = []
  for (let at = memory.get(pool + WORKER_POOL.idle); at !== 0; at = memory.get(at + WORKER.idleNext)) idle.push(at)
  return idle
}

const has = (memory: Memory, worker: number, flag: number): boolean => (memory.get(worker + WORKER.flags) & flag) !== 0

function* bound(world: World): Findings {
  const { memory } = world
  const boundFrom = stateOf(world, 'workqueue_online_cpu', true)
  for (const [pool, name] of poolsOf(memory)) {
    const cpu = memory.poolIndex(pool)
    const up = !isUnbound(memory, pool) && memory.get(memory.cpuhp(cpu) + CPUHP.state) >= boundFrom
    if (up !== isAssociated(memory, pool)) yield `${name} ${up ? 'does not belong' : 'belongs'} to its CPU`
    for (const worker of workersOf(memory, pool)) yield* workerBound(memory, pool, worker, up)
  }
}

/** One in the middle of some work, or awake, binds itself when it is through. */
function* workerBound(memory: Memory, pool: number, worker: number, up: boolean): Findings {
  const task = memory.workerTask(worker)
  const name = nameOf(memory, task)
  const tagged = (memory.get(task + TASK.flags) & FLAG.perCpu) !== 0
  const isBound = memory.get(worker + WORKER.bound) === 1
  const cpu = memory.poolIndex(pool)
  if (!up) {
    if (tagged || isBound) yield `${name} is bound to its CPU, which is down`
    if (!isUnbound(memory, pool) && !has(memory, worker, WORKER_FLAG.unbound)) yield `${name} counts as running`
    return
  }
  if (has(memory, worker, WORKER_FLAG.unbound)) yield `${name} does not count as running`
  const asleep = memory.get(task + TASK.onRunqueue) === 0 && has(memory, worker, WORKER_FLAG.idle)
  if (!isBound && !asleep) return
  if (!tagged || !isBound) yield `${name} is not marked as bound to its CPU`
  const allowed = [...bitsOf(memory, memory.affinity(task))]
  if (allowed.length !== 1 || allowed[0] !== cpu) yield `${name} may run on CPUs ${allowed.join(', ') || 'none'}`
}

function* counted({ memory }: World): Findings {
  for (const [pool, name] of poolsOf(memory)) {
    const workers = [...workersOf(memory, pool)]
    const idle = idleOf(memory, pool)
    const isCounted = (worker: number): boolean =>
      !has(memory, worker, NOT_RUNNING) && memory.get(worker + WORKER.sleeping) === 0
    const counts = [
      ['workers', WORKER_POOL.workerCount, workers.length],
      ['idle workers', WORKER_POOL.idleCount, idle.length],
      ['running workers', WORKER_POOL.running, workers.filter(isCounted).length],
    ] as const
    for (const [what, field, there] of counts) {
      const says = memory.get(pool + field)
      if (says !== there) yield `${name} counts ${says} ${what}, and has ${there}`
    }
    for (const worker of workers) {
      if (memory.get(worker + WORKER.pool) !== pool) yield `${name} has a worker of another one`
      if (has(memory, worker, WORKER_FLAG.idle) !== idle.includes(worker)) {
        yield `${nameOf(memory, memory.workerTask(worker))} is ${idle.includes(worker) ? 'not ' : ''}idle by itself`
      }
    }
  }
}

/** Each work that was queued has been done, or taken back, or is still there; and so for each workqueue on each pool. */
function* doneOnce({ memory }: World): Findings {
  for (const [pool, name] of poolsOf(memory)) {
    const there = new Map<number, number>()
    const add = (place: number): void => void there.set(place, (there.get(place) ?? 0) + 1)
    const addList = (list: number): void => {
      for (const work of worksOn(memory, list)) add(memory.get(work + WORK.data) & 0x1fff_ffff)
    }
    addList(pool + WORKER_POOL.worklist)
    for (const worker of workersOf(memory, pool)) {
      addList(worker + WORKER.scheduled)
      if (memory.get(worker + WORKER.work) !== 0) add(memory.get(worker + WORKER.poolWorkqueue))
    }
    let total = 0
    for (let n = 0; n < LIMITS.workqueues; n++) {
      const place = memory.poolWorkqueue(memory.workqueue(n), pool)
      const may = there.get(place) ?? 0
      const waiting = count(worksOn(memory, place + POOL_WORKQUEUE.inactive))
      total += may + waiting
      const inFlight = place + POOL_WORKQUEUE.inFlight
      const says = memory.get(inFlight) + memory.get(inFlight + 1)
      const queue = memory.getText(memory.workqueue(n) + WORKQUEUE.name, 4)
      if (says !== may + waiting) yield `${queue} counts ${says} works on ${name}, and has ${may + waiting}`
      const active = memory.get(place + POOL_WORKQUEUE.active)
      if (active !== may) yield `${queue} counts ${active} active works on ${name}, and has ${may}`
      const most = memory.get(memory.workqueue(n) + WORKQUEUE.maxActive)
      if (active > most) yield `${queue} has ${active} active works on ${name}, of ${most}`
      if (waiting > 0 && active < most) yield `a work of ${queue} waits on ${name}, where fewer than ${most} are active`
    }
    const queued = memory.get(pool + WORKER_POOL.queued)
    const ended = (memory.get(pool + WORKER_POOL.done) + memory.get(pool + WORKER_POOL.cancelled)) | 0
    if (queued !== ((ended + total) | 0)) {
      yield `${queued >>> 0} works were queued on ${name}: ${ended >>> 0} are done or taken back, ${total} are there`
    }
  }
}

/** Whether a worker is awake, or will be: it sleeps for a moment, to go on on its own CPU. */
function isAwake(memory: Memory, worker: number): boolean {
  const task = memory.workerTask(worker)
  return memory.get(task + TASK.onRunqueue) === 1 || (memory.get(worker + WORKER.work) === 0 && hasTimer(memory, task))
}

/** Where work waits, somebody is awake to do it, or on the way to be. */
function* attended({ memory }: World): Findings {
  for (const [pool, name] of poolsOf(memory)) {
    const waits = memory.get(pool + WORKER_POOL.worklist + WORK_LIST.first) !== 0
    if (!waits || memory.get(pool + WORKER_POOL.idle) === 0) continue
    const workers = [...workersOf(memory, pool)]
    if (!workers.some((worker) => isAwake(memory, worker))) yield `${name} has work and idle workers, and none is awake`
  }
}

function* empty({ memory }: World): Findings {
  for (const [pool] of poolsOf(memory)) {
    for (const worker of workersOf(memory, pool)) {
      const task = nameOf(memory, memory.workerTask(worker))
      if (memory.get(worker + WORKER.work) !== 0) yield `${task} is in the middle of some work`
      if (memory.get(worker + WORKER.barriers) !== 0) yield `somebody still waits for what ${task} has done`
      if (!has(memory, worker, WORKER_FLAG.idle)) yield `${task} is not idle`
    }
  }
}

export const WORKER_INVARIANTS: readonly Invariant[] = [
  { name: 'workers-bound', says: 'the workers of a CPU that is up are bound to it, no others', check: bound },
  { name: 'workers-counted', says: 'pools count their workers: all, idle, running', check: counted },
  { name: 'work-done-once', says: 'every work that was queued has been done once, or is there', check: doneOnce },
  { name: 'work-attended', says: 'where work waits and a worker is idle, one is awake', check: attended },
  { name: 'worker-pools-empty', atRest: true, says: 'no kworker has work', check: empty },
]
