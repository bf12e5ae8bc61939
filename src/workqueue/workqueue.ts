// Work that is done on a given CPU by its kworker/N.
//
//   requester                                 kworker/N
//   queue the work on the CPU's pool          take it off the pool; call its function
//   wake the worker                           result; complete `done`
//   sleep until `done` (may change CPU)

import { threadOf, wakeUpProcess } from '../kthread/kthread.js'
import { type HotplugThread, THREADS } from '../kthread/smpboot.js'
import { TASK, WORK, WORKER_POOL } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import type { Kernel } from '../ops/operation.js'
import { POLICY } from '../sched/task.js'
import { complete, completionReady, reinitCompletion } from '../sync/completion.js'

/** Queues `fn`(argument, work) for the kworker of `target`, as the current task's one piece of work. */
export function* queueWorkOn(cpu: Cpu, target: number, fn: number, argument: number): Kernel<void> {
  const { memory } = cpu
  const work = cpu.task + TASK.work
  const pool = memory.pool(target)
  memory.set(work + WORK.function, fn)
  memory.set(work + WORK.argument, argument)
  memory.set(work + WORK.next, 0)
  reinitCompletion(cpu, work + WORK.done)
  yield cpu.lockIrq(pool + WORKER_POOL.lock, 'queue_work_on')
  const last = memory.get(pool + WORKER_POOL.tail)
  if (last === 0) memory.set(pool + WORKER_POOL.head, work)
  else memory.set(last + WORK.next, work)
  memory.set(pool + WORKER_POOL.tail, work)
  yield cpu.unlockIrq(pool + WORKER_POOL.lock, 'queue_work_on')
  yield* wakeUpProcess(cpu, threadOf(memory, target, THREADS.kworker))
}

/** Whether the current task's work has been done; else prepares it to sleep until then (see completionReady). */
export function* flushWorkReady(cpu: Cpu): Kernel<boolean> {
  return yield* completionReady(cpu, cpu.task + TASK.work + WORK.done)
}

/** What the current task's work returned. */
export function workResult(cpu: Cpu): number {
  return cpu.memory.get(cpu.task + TASK.work + WORK.result)
}

function* takeWork(cpu: Cpu): Kernel<number> {
  const { memory } = cpu
  const pool = memory.pool(cpu.id)
  yield cpu.lockIrq(pool + WORKER_POOL.lock, 'worker_thread')
  const work = memory.get(pool + WORKER_POOL.head)
  if (work !== 0) {
    const next = memory.get(work + WORK.next)
    memory.set(pool + WORKER_POOL.head, next)
    if (next === 0) memory.set(pool + WORKER_POOL.tail, 0)
  }
  yield cpu.unlockIrq(pool + WORKER_POOL.lock, 'worker_thread')
  return work
}

export const workerThread: HotplugThread = {
  comm: 'kworker',
  policy: POLICY.normal,
  // Workers are never parked: an operation on another CPU may be carried out by this one's while it is half-way down.
  selfParking: true,
  bornAsleep: true,
  *shouldRun(cpu) {
    const pool = cpu.memory.pool(cpu.id)
    yield cpu.lockIrq(pool + WORKER_POOL.lock, 'worker_should_run')
    const run = cpu.memory.get(pool + WORKER_POOL.head) !== 0
    yield cpu.unlockIrq(pool + WORKER_POOL.lock, 'worker_should_run')
    return run
  },
  *run(cpu) {
    const { memory } = cpu
    for (let work = yield* takeWork(cpu); work !== 0; work = yield* takeWork(cpu)) {
      const fn = cpu.functions.get(memory.get(work + WORK.function))
      memory.set(work + WORK.result, yield* fn(cpu, memory.get(work + WORK.argument), work))
      // The work is its owner's again from here on.
      yield* complete(cpu, work + WORK.done)
    }
  },
}
