// Whether a worker belongs to its pool's CPU. Bound, it is allowed that CPU alone, and its task is tagged as one of that CPU's
// own threads: it is not pushed away while the CPU goes down, until workqueue:online unbinds it.
//
// A worker is bound and unbound under three locks: its pool's, its task's piLock, its task's runqueue's.

import { WORKER } from '../memory/structs/workqueues.js'
import { RUNQUEUE, TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { type Kernel, relaxed } from '../ops/operation.js'
import { FLAG } from '../sched/task.js'

function* lockTask(cpu: Cpu, task: number): Kernel<number> {
  const { memory } = cpu
  yield cpu.lockIrq(task + TASK.piLock, 'worker_bind')
  for (;;) {
    const rq = memory.runqueue(yield cpu.load(task + TASK.cpu, relaxed, 'worker_bind:cpu'))
    yield cpu.lockIrq(rq + RUNQUEUE.lock, 'worker_bind:rq')
    // The balancer moves a runnable task without its piLock.
    if (memory.runqueue(yield cpu.load(task + TASK.cpu, relaxed, 'worker_bind:again')) === rq) return rq
    yield cpu.unlockIrq(rq + RUNQUEUE.lock, 'worker_bind:rq')
  }
}

function* unlockTask(cpu: Cpu, task: number, rq: number): Kernel<void> {
  yield cpu.unlockIrq(rq + RUNQUEUE.lock, 'worker_bind:rq')
  yield cpu.unlockIrq(task + TASK.piLock, 'worker_bind')
}

/** Binds the worker: the current one, or one that sleeps and has no frames anywhere; any other does so itself when it can. */
export function* bindWorker(cpu: Cpu, worker: number): Kernel<void> {
  const { memory } = cpu
  const owner = memory.poolIndex(memory.get(worker + WORKER.pool))
  const task = memory.workerTask(worker)
  const rq = yield* lockTask(cpu, task)
  const asleep = memory.get(task + TASK.onRunqueue) === 0 && memory.get(task + TASK.pinned) === 0
  if (asleep || task === cpu.task) {
    // On its way, where it runs elsewhere: at no moment is it where its mask does not allow it, and this word does not say so.
    if (!asleep && cpu.id !== owner) yield cpu.store(task + TASK.migrationPending, 1, relaxed, 'worker_bind:pending')
    for (let w = 0; w < memory.layout.maskWords; w++) {
      memory.set(memory.affinity(task) + w, w === owner >> 5 ? 1 << (owner & 31) : 0)
    }
    if (!cpu.bugs.has('M12')) memory.set(task + TASK.flags, memory.get(task + TASK.flags) | FLAG.perCpu)
    memory.set(worker + WORKER.bound, 1)
  }
  yield* unlockTask(cpu, task, rq)
}

/** Allows the worker every CPU. In the middle of some work, it counts from here on as one that ought to leave its CPU. */
export function* unbindWorker(cpu: Cpu, worker: number): Kernel<void> {
  const { memory } = cpu
  const task = memory.workerTask(worker)
  const rq = yield* lockTask(cpu, task)
  const flags = memory.get(task + TASK.flags)
  const counts = (flags & FLAG.perCpu) !== 0 && memory.get(task + TASK.pinned) === 1
  if (counts) memory.set(rq + RUNQUEUE.pinned, memory.get(rq + RUNQUEUE.pinned) + 1)
  memory.set(task + TASK.flags, flags & ~FLAG.perCpu)
  for (let w = 0; w < memory.layout.maskWords; w++) {
    memory.set(memory.affinity(task) + w, memory.get(memory.possible + w))
  }
  memory.set(worker + WORKER.bound, 0)
  yield* unlockTask(cpu, task, rq)
}
