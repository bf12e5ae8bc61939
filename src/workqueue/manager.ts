// Making workers, and having too many.
//
// Kworkers come from a bounded region: each pool has one of its own, which it never gives back, and all share the others. Where
// none is left, a pool goes on with those that it has: work waits until one of them is through with what it does.

import { threadgroupChangeBegin, threadgroupChangeEnd } from '../cgroup/threadgroup.js'
import type { Memory } from '../memory/memory.js'
import { WORKER, WORKER_POOL } from '../memory/structs/workqueues.js'
import { GLOBAL, TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { FN } from '../ops/functions.js'
import { acquire, full, type Kernel, release } from '../ops/operation.js'
import { FLAG, initTask, POLICY, STATE } from '../sched/task.js'
import { EVENT } from '../trace/events.js'
import { bindWorker } from './binding.js'
import {
  enterIdle,
  isAssociated,
  isUnbound,
  needMoreWorker,
  POOL,
  WORKER_FLAG,
  wakeUpWorker,
  workersOf,
} from './pool.js'

/** A pool has too many idle workers when there is one to this many that work, besides the two that it keeps. */
const IDLE_RATIO = 4

/**
 * By a worker whose pool has none in reserve: makes another one, as the only one of its pool that does so. Answers whether it
 * could; the pool's lock is dropped meanwhile.
 */
export function* manageWorkers(cpu: Cpu, pool: number): Kernel<boolean> {
  const { memory } = cpu
  const flags = pool + WORKER_POOL.flags
  memory.set(flags, memory.get(flags) | POOL.managerActive)
  yield cpu.unlockIrq(pool + WORKER_POOL.lock, 'manage_workers')
  const worker = yield* createWorker(cpu, pool)
  yield cpu.lockIrq(pool + WORKER_POOL.lock, 'manage_workers')
  memory.set(flags, memory.get(flags) & ~POOL.managerActive)
  return worker !== 0
}

/** Makes a worker for a pool, idle and asleep. Answers it, 0 when there are as many as there may be. May sleep. */
export function* createWorker(cpu: Cpu, pool: number): Kernel<number> {
  const { memory } = cpu
  const worker = yield* claimWorker(cpu, pool)
  if (worker === 0) return 0
  // Only one at a time makes workers for a pool, so nobody else takes the number meanwhile.
  yield cpu.lockIrq(pool + WORKER_POOL.lock, 'create_worker:id')
  const id = freeId(memory, pool)
  yield cpu.unlockIrq(pool + WORKER_POOL.lock, 'create_worker:id')
  const task = memory.workerTask(worker)
  const pid = (yield cpu.add(memory.global + GLOBAL.nextPid, 1, full, 'create_worker:pid')) + 1
  yield* threadgroupChangeBegin(cpu)
  // Others may still look at the task that had the struct before.
  yield cpu.lockIrq(task + TASK.piLock, 'create_worker')
  initTask(memory, task, describe(cpu, pool, worker, id, pid), STATE.interruptible)
  memory.set(task + TASK.worker, worker)
  yield cpu.unlockIrq(task + TASK.piLock, 'create_worker')
  yield* threadgroupChangeEnd(cpu)
  cpu.trace(EVENT.sched_process_fork, task, pid, 0)
  yield* attachToPool(cpu, pool, worker, id)
  return worker
}

function describe(cpu: Cpu, pool: number, worker: number, id: number, pid: number) {
  const unbound = isUnbound(cpu.memory, pool)
  return {
    comm: nameOf(cpu.memory, pool, id),
    pid,
    cpu: unbound ? cpu.id : cpu.memory.poolIndex(pool),
    flags: FLAG.kthread,
    policy: POLICY.normal,
    entry: FN.worker_thread,
    argument: worker,
    startTime: cpu.services.now(),
  }
}

/** From here on it is one of the pool's, and may be woken. */
function* attachToPool(cpu: Cpu, pool: number, worker: number, id: number): Kernel<void> {
  const { memory } = cpu
  yield cpu.lockIrq(pool + WORKER_POOL.lock, 'worker_attach_to_pool')
  for (let w = 0; w < WORKER.$size; w++) if (w !== WORKER.used) memory.set(worker + w, 0)
  memory.set(worker + WORKER.pool, pool)
  memory.set(worker + WORKER.id, id)
  memory.set(
    worker + WORKER.flags,
    isAssociated(memory, pool) ? WORKER_FLAG.prep : WORKER_FLAG.prep | WORKER_FLAG.unbound,
  )
  memory.set(worker + WORKER.next, memory.get(pool + WORKER_POOL.workers))
  memory.set(pool + WORKER_POOL.workers, worker)
  memory.set(pool + WORKER_POOL.workerCount, memory.get(pool + WORKER_POOL.workerCount) + 1)
  if (isAssociated(memory, pool)) yield* bindWorker(cpu, worker)
  enterIdle(memory, pool, worker)
  yield cpu.unlockIrq(pool + WORKER_POOL.lock, 'worker_attach_to_pool')
}

/** As Linux names them: kworker/2:1, kworker/u16:0, of which 16 is the number of the pool (a CPU has two there). */
function nameOf(memory: Memory, pool: number, id: number): string {
  const cpu = memory.poolIndex(pool)
  return isUnbound(memory, pool) ? `kworker/u${2 * cpu}:${id}` : `kworker/${cpu}:${id}`
}

/** The lowest number that none of a pool's workers has. */
function freeId(memory: Memory, pool: number): number {
  let id = 0
  for (let again = true; again; ) {
    again = false
    for (const other of workersOf(memory, pool)) {
      if (memory.get(other + WORKER.id) !== id) continue
      id++
      again = true
    }
  }
  return id
}

/** A struct that is free, and whose last task is off its CPU: the pool's own, else one that all share. 0: there is none. */
function* claimWorker(cpu: Cpu, pool: number): Kernel<number> {
  const { memory } = cpu
  const { poolCount, workerCount } = memory.layout
  const own = memory.poolIndex(pool)
  if (yield* claim(cpu, memory.worker(own))) return memory.worker(own)
  const shared = workerCount - poolCount
  for (let n = 0; n < shared; n++) {
    const worker = memory.worker(poolCount + ((own + n) % shared))
    if (yield* claim(cpu, worker)) return worker
  }
  return 0
}

function* claim(cpu: Cpu, worker: number): Kernel<boolean> {
  const { memory } = cpu
  if ((yield cpu.compareExchange(worker + WORKER.used, 0, 1, acquire, 'create_worker:claim')) !== 0) return false
  const task = memory.workerTask(worker)
  if (memory.get(task + TASK.pid) === 0) return true
  const dead = (yield cpu.load(task + TASK.state, acquire, 'create_worker:state')) === STATE.dead
  if (dead && (yield cpu.load(task + TASK.onRunqueue, acquire, 'create_worker:on_rq')) === 0) {
    if ((yield cpu.load(task + TASK.onCpu, acquire, 'create_worker:on_cpu')) === 0) return true
  }
  yield cpu.store(worker + WORKER.used, 0, release, 'create_worker:not_yet')
  return false
}

/** Whether a worker that has nothing to do is one too many. Those of the pools' own are never. */
export function isSurplus(memory: Memory, pool: number, worker: number): boolean {
  if (memory.workerIndex(worker) < memory.layout.poolCount) return false
  const idle = memory.get(pool + WORKER_POOL.idleCount) + 1
  const busy = memory.get(pool + WORKER_POOL.workerCount) - idle
  return idle > 2 && (idle - 2) * IDLE_RATIO >= busy
}

/** Takes the current worker, which is not idle, out of its pool: it ends. The pool's lock is held. */
export function detachFromPool(memory: Memory, pool: number, worker: number): void {
  let link = pool + WORKER_POOL.workers
  while (memory.get(link) !== worker) link = memory.get(link) + WORKER.next
  memory.set(link, memory.get(worker + WORKER.next))
  memory.set(pool + WORKER_POOL.workerCount, memory.get(pool + WORKER_POOL.workerCount) - 1)
}

/** Makes a CPU's first worker, when that comes up for the first time, and that of the unbound pool (workqueue:prepare). */
export function* prepareWorkers(cpu: Cpu, pool: number): Kernel<boolean> {
  const { memory } = cpu
  if (memory.get(pool + WORKER_POOL.workerCount) > 0) return true
  if ((yield* createWorker(cpu, pool)) === 0) return false
  yield cpu.lockIrq(pool + WORKER_POOL.lock, 'workqueue_prepare_cpu')
  if (needMoreWorker(memory, pool)) yield* wakeUpWorker(cpu, pool)
  yield cpu.unlockIrq(pool + WORKER_POOL.lock, 'workqueue_prepare_cpu')
  return true
}
