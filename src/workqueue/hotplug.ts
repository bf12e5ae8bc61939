// What workqueues do when a CPU goes down or comes up.
//
//   workqueue:prepare         the CPU's first worker is made, if there is none yet
//   workqueue:online, down    its workers are unbound: they carry on elsewhere, each waking the next while there is work
//   workqueue:online, up      they come back: those that sleep when they wake, the others when they are through with what they do
import { ERRNO } from '../base/errno.js'
import { wakeUpProcess } from '../kthread/kthread.js'
import { WORKER, WORKER_POOL } from '../memory/structs/workqueues.js'
import type { Cpu } from '../ops/cpu.js'
import type { Kernel } from '../ops/operation.js'
import { bindWorker, unbindWorker } from './binding.js'
import { prepareWorkers } from './manager.js'
import { POOL, WORKER_FLAG, wakeUpWorker, workersOf } from './pool.js'

/** While the machine boots: the boot CPU's first worker, and that for work that may be done anywhere. */
export function* workqueueInit(cpu: Cpu): Kernel<void> {
  yield* prepareWorkers(cpu, cpu.memory.pool(cpu.id))
  yield* prepareWorkers(cpu, cpu.memory.unboundPool)
}

/** workqueue:prepare, on the controlling CPU. */
export function* workqueuePrepareCpu(cpu: Cpu, subject: number): Kernel<number> {
  return (yield* prepareWorkers(cpu, cpu.memory.pool(subject))) ? 0 : -ERRNO.ENOMEM
}

/** workqueue:online going down. */
export function* workqueueOfflineCpu(cpu: Cpu, subject: number): Kernel<number> {
  const { memory } = cpu
  const pool = memory.pool(subject)
  yield cpu.lockIrq(pool + WORKER_POOL.lock, 'unbind_workers')
  memory.set(pool + WORKER_POOL.flags, memory.get(pool + WORKER_POOL.flags) | POOL.disassociated)
  for (const worker of workersOf(memory, pool)) {
    memory.set(worker + WORKER.flags, memory.get(worker + WORKER.flags) | WORKER_FLAG.unbound)
    yield* unbindWorker(cpu, worker)
  }
  memory.set(pool + WORKER_POOL.running, 0)
  // One that sleeps in the middle of work does not hold the others up any more. Whether there is work or not, as in Linux:
  // where no CPU is left for an unbound thread, it is here that this shows.
  yield* wakeUpWorker(cpu, pool)
  yield cpu.unlockIrq(pool + WORKER_POOL.lock, 'unbind_workers')
  return 0
}

/** workqueue:online coming up. */
export function* workqueueOnlineCpu(cpu: Cpu, subject: number): Kernel<number> {
  const { memory } = cpu
  if (cpu.bugs.has('unbound-worker')) return 0
  const pool = memory.pool(subject)
  yield cpu.lockIrq(pool + WORKER_POOL.lock, 'rebind_workers')
  memory.set(pool + WORKER_POOL.flags, memory.get(pool + WORKER_POOL.flags) & ~POOL.disassociated)
  for (const worker of workersOf(memory, pool)) {
    const flags = memory.get(worker + WORKER.flags)
    memory.set(worker + WORKER.flags, (flags | WORKER_FLAG.rebound) & ~WORKER_FLAG.unbound)
    yield* bindWorker(cpu, worker)
    // On its way to sleep, it would not look again: it is to bind itself.
    const missed = memory.get(worker + WORKER.bound) === 0 && (flags & WORKER_FLAG.idle) !== 0
    if (missed) yield* wakeUpProcess(cpu, memory.workerTask(worker))
  }
  yield cpu.unlockIrq(pool + WORKER_POOL.lock, 'rebind_workers')
  return 0
}
