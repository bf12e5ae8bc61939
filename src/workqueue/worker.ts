// kworker/N:M: does the work of its pool, and sleeps while there is none, at a restart point.
//
// A piece of work is a function, called with (argument, work). It may sleep, and keeps its kworker on its CPU then; or it sleeps
// at a restart point: it prepares to sleep and returns RESTART, and is called again when it has been woken, wherever that is.
// Only so may it wait for what a hotplug operation holds, for that one waits until a dying CPU has no frames left.
import { NS_PER_US } from '../base/time.js'
import type { Memory } from '../memory/memory.js'
import { WORK, WORKER, WORKER_POOL } from '../memory/structs/workqueues.js'
import type { Cpu } from '../ops/cpu.js'
import { full, type Kernel, release } from '../ops/operation.js'
import { setCurrentState } from '../sched/core.js'
import { RESTART, STATE } from '../sched/task.js'
import { prepareToSleep } from '../time/sleep.js'
import { EVENT, withFunction } from '../trace/events.js'
import { bindWorker } from './binding.js'
import { completeBarriers, leaveFlight } from './flush.js'
import { detachFromPool, isSurplus, manageWorkers } from './manager.js'
import {
  clearFlags,
  enterIdle,
  hasFlag,
  isAssociated,
  keepWorking,
  leaveIdle,
  needMoreWorker,
  POOL,
  setFlags,
  WORKER_FLAG,
  wakeUpWorker,
  workerDoing,
  workerRunning,
  workerSleeping,
} from './pool.js'
import { addressIn, appendWork, takeFirstWork } from './work.js'

/** Where every kworker's function is. It is entered anew each time it has been woken. */
export function* workerThread(cpu: Cpu, _task: number, worker: number): Kernel<number> {
  const { memory } = cpu
  const pool = memory.get(worker + WORKER.pool)
  if (memory.get(worker + WORKER.work) !== 0) {
    // At a restart point of its work.
    yield* workerRunning(cpu)
    if (!(yield* carryOut(cpu, pool, worker))) return RESTART
  } else {
    yield cpu.lockIrq(pool + WORKER_POOL.lock, 'worker_thread')
    leaveIdle(memory, pool, worker)
  }
  // The pool's lock is held from here on, but while work is carried out.
  for (let alone = false; ; ) {
    if (yield* goHome(cpu, pool, worker)) return RESTART
    if (!alone && needsReserve(memory, pool, worker)) {
      // The lock is dropped meanwhile: everything may be otherwise.
      alone = !(yield* manageWorkers(cpu, pool))
      continue
    }
    if (!(yield* takeWork(cpu, pool, worker))) return yield* sleepIdle(cpu, pool, worker)
    if (!(yield* carryOut(cpu, pool, worker))) return RESTART
  }
}

/** Whether a worker that is about to begin is the last one that is left. */
function needsReserve(memory: Memory, pool: number, worker: number): boolean {
  if ((memory.get(worker + WORKER.flags) & WORKER_FLAG.prep) === 0 || !needMoreWorker(memory, pool)) return false
  return memory.get(pool + WORKER_POOL.idleCount) === 0 && !hasFlag(memory, pool, POOL.managerActive)
}

/** A worker whose CPU is up again belongs to it, and does nothing more elsewhere. Answers whether it has to go, by a sleep. */
function* goHome(cpu: Cpu, pool: number, worker: number): Kernel<boolean> {
  const { memory } = cpu
  if (!isAssociated(memory, pool)) return false
  const wasBound = memory.get(worker + WORKER.bound) === 1
  if (!wasBound) yield* bindWorker(cpu, worker)
  if (cpu.id === memory.poolIndex(pool)) return false
  // One that is bound may be elsewhere still: it has been woken before it slept. With M12 it has been pushed away.
  if (wasBound && cpu.bugs.has('M12')) return false
  yield cpu.unlockIrq(pool + WORKER_POOL.lock, 'worker_thread:home')
  yield* prepareToSleep(cpu, NS_PER_US)
  return true
}

/** Gets ready, and takes the next work. Answers false when there is nothing for this worker. */
function* takeWork(cpu: Cpu, pool: number, worker: number): Kernel<boolean> {
  const { memory } = cpu
  if (memory.get(worker + WORKER.flags) & WORKER_FLAG.prep) {
    if (!needMoreWorker(memory, pool)) return false
    clearFlags(memory, pool, worker, WORKER_FLAG.prep | WORKER_FLAG.rebound)
  }
  const work = nextWork(cpu, pool, worker)
  if (work === 0) return false
  const away = isAssociated(memory, pool) && cpu.id !== memory.poolIndex(pool)
  cpu.warn(away, 'process_one_work', `work of CPU ${memory.poolIndex(pool)}, which is up, is done elsewhere`)
  const fn = memory.get(work + WORK.function)
  memory.set(worker + WORKER.work, work)
  memory.set(worker + WORKER.function, fn)
  memory.set(worker + WORKER.argument, memory.get(work + WORK.argument))
  memory.set(worker + WORKER.colour, memory.get(work + WORK.colour))
  memory.set(worker + WORKER.barriers, memory.get(work + WORK.barriers))
  memory.set(work + WORK.barriers, 0)
  const data = yield cpu.exchange(work + WORK.data, pool, full, 'process_one_work:clear_pending')
  memory.set(worker + WORKER.poolWorkqueue, addressIn(data))
  // Of those that don't mind each other, one wakes the next.
  if (needMoreWorker(memory, pool)) yield* wakeUpWorker(cpu, pool)
  yield cpu.unlockIrq(pool + WORKER_POOL.lock, 'process_one_work')
  cpu.trace(withFunction(EVENT.workqueue_execute_start, fn), work, 0, 0)
  return true
}

/** The next work, off its list, 0: none. What another worker is doing at the moment goes to that one, to be done after it. */
function nextWork(cpu: Cpu, pool: number, worker: number): number {
  const { memory } = cpu
  const scheduled = takeFirstWork(memory, worker + WORKER.scheduled)
  if (scheduled !== 0) return scheduled
  while (keepWorking(memory, pool)) {
    const work = takeFirstWork(memory, pool + WORKER_POOL.worklist)
    const other = workerDoing(memory, pool, work)
    if (other === 0 || cpu.bugs.has('twin-work')) return work
    appendWork(memory, other + WORKER.scheduled, work)
  }
  return 0
}

/** Calls the work's function. Answers true, with the pool's lock held, when it is through; false when it is to be called again. */
function* carryOut(cpu: Cpu, pool: number, worker: number): Kernel<boolean> {
  const { memory } = cpu
  const work = memory.get(worker + WORKER.work)
  const number = memory.get(worker + WORKER.function)
  const fn = cpu.functions.get(number)
  if ((yield* fn(cpu, memory.get(worker + WORKER.argument), work)) === RESTART) {
    yield* workerSleeping(cpu)
    return false
  }
  cpu.trace(withFunction(EVENT.workqueue_execute_end, number), work, 0, 0)
  yield cpu.lockIrq(pool + WORKER_POOL.lock, 'process_one_work:done')
  memory.set(worker + WORKER.work, 0)
  memory.set(pool + WORKER_POOL.done, (memory.get(pool + WORKER_POOL.done) + 1) | 0)
  yield* leaveFlight(cpu, memory.get(worker + WORKER.poolWorkqueue), memory.get(worker + WORKER.colour), true)
  if (memory.get(worker + WORKER.barriers) !== 0) yield* completeBarriers(cpu, worker + WORKER.barriers)
  return true
}

/** Sleeps until there is something to do; ends where the pool has too many like this one. */
function* sleepIdle(cpu: Cpu, pool: number, worker: number): Kernel<number> {
  const { memory } = cpu
  setFlags(memory, pool, worker, WORKER_FLAG.prep)
  if (isSurplus(memory, pool, worker)) {
    detachFromPool(memory, pool, worker)
    yield cpu.unlockIrq(pool + WORKER_POOL.lock, 'worker_thread:die')
    yield cpu.store(worker + WORKER.used, 0, release, 'worker_thread:free')
    return 0
  }
  enterIdle(memory, pool, worker)
  yield setCurrentState(cpu, STATE.interruptible, 'worker_thread:idle')
  yield cpu.unlockIrq(pool + WORKER_POOL.lock, 'worker_thread:idle')
  return RESTART
}
