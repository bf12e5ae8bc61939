// Emptying a CPU that goes down. From sched:active on, whatever is about to run on the CPU and may leave it is pushed away by the CPU's own stopper,
// because a task can't be moved while it runs and the stopper runs before everything else:
//
//   schedule() switches to a movable task -> balancePush: queue push_cpu_stop on this CPU's stopper
//   the stopper preempts it               -> push_cpu_stop: off this runqueue, onto that of the fallback CPU
//   the last one is gone, idle runs       -> balancePush: wake whoever is in sched_cpu_wait_empty
//
// A task that has frames here at that moment is left alone, and pushed when it goes back to user mode.
import { RUNQUEUE, TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { FN } from '../ops/functions.js'
import { type Kernel, release } from '../ops/operation.js'
import { ARRIVAL } from './fair.js'
import {
  isBound,
  isClosing,
  isCpuAllowed,
  isQueuedOn,
  MIGRATION,
  mustStay,
  selectFallbackRq,
  setTaskCpu,
} from './placement.js'
import { CALLBACK, dequeueTask } from './runqueue.js'
import { NORMAL_SLEEP } from './task.js'
import { activateTask, tryToWakeUp } from './wakeup.js'

/** What the scheduler needs of the stoppers and kworkers, which are built on it; kernel/ fills it. */
export const schedHooks = {
  stopOneCpuNowait: function* (
    _cpu: Cpu,
    _target: number,
    _fn: number,
    _argument: number,
    _work: number,
  ): Kernel<number> {
    return 0
  },
  affineMoveTask: function* (_cpu: Cpu, _from: number, _task: number): Kernel<void> {},
  /** by a kworker, before it sleeps in the middle of some work, and after */
  workerSleeping: function* (_cpu: Cpu): Kernel<void> {},
  workerRunning: function* (_cpu: Cpu): Kernel<void> {},
}

/**
 * The balance callback of a CPU that is not active. Its runqueue's lock is held, and is again when this returns. It does
 * something while the CPU is on its way down, and on that CPU itself: only there it is known what its task has in hand.
 */
export function* balancePush(cpu: Cpu, owner: number): Kernel<void> {
  const { memory } = cpu
  const rq = memory.runqueue(owner)
  memory.set(rq + RUNQUEUE.balanceCallback, CALLBACK.balancePush)
  const here = owner === cpu.id
  if (!here && !cpu.bugs.has('M08')) return
  if (!(yield* isClosing(cpu, owner))) return
  const task = memory.get(rq + RUNQUEUE.current)
  const bound = isBound(cpu, task)
  if (!bound && here) cpu.mustLeave = true
  const forgotten = cpu.bugs.has('left-behind') && memory.get(task + TASK.pid) % 4 === 0
  const inKernel = here && !cpu.restartable
  const stays = bound || forgotten || inKernel || memory.get(task + TASK.migrationDisabled) > 0
  const waiter = memory.get(rq + RUNQUEUE.hotplugWait)
  const empty = memory.get(rq + RUNQUEUE.running) === 0 && memory.get(rq + RUNQUEUE.pinned) === 0
  if (stays && !(empty && waiter !== 0)) return
  // The lock is dropped to wake another task; preemption and interrupts stay off.
  cpu.preemptDisable()
  cpu.irqDisable()
  yield cpu.unlockIrq(rq + RUNQUEUE.lock, 'balance_push')
  if (stays) yield* tryToWakeUp(cpu, waiter, NORMAL_SLEEP)
  else {
    const work = memory.runqueue(cpu.id) + RUNQUEUE.pushWork
    yield* schedHooks.stopOneCpuNowait(cpu, owner, FN.push_cpu_stop, task, work)
  }
  yield cpu.lockIrq(rq + RUNQUEUE.lock, 'balance_push')
  cpu.irqEnable()
  cpu.preemptEnable()
}

/** Stopper work: moves a task off this CPU, if it is still here and may go. */
export function* pushCpuStop(cpu: Cpu, task: number): Kernel<number> {
  return yield* moveFromHere(cpu, task, true)
}

/** Moves a task off this CPU, if it is here and may go; without `push`, only if its affinity excludes this CPU. */
export function* moveFromHere(cpu: Cpu, task: number, push: boolean): Kernel<number> {
  const { memory } = cpu
  const rq = memory.runqueue(cpu.id)
  yield cpu.lockIrq(task + TASK.piLock, 'push_cpu_stop')
  yield cpu.lockIrq(rq + RUNQUEUE.lock, 'push_cpu_stop:rq')
  const here = yield* isQueuedOn(cpu, task, cpu.id)
  const wanted = here && (push || !(yield* isCpuAllowed(cpu, task, cpu.id)))
  if (!wanted || mustStay(cpu, task)) {
    if (wanted) memory.set(task + TASK.migrationPending, 1)
    yield cpu.unlockIrq(rq + RUNQUEUE.lock, 'push_cpu_stop:stays')
    yield cpu.unlockIrq(task + TASK.piLock, 'push_cpu_stop:stays')
    return 0
  }
  const target = yield* selectFallbackRq(cpu, cpu.id, task)
  dequeueTask(memory, rq, task)
  if (cpu.bugs.has('lost-load')) memory.set(rq + RUNQUEUE.fairLoad, memory.get(rq + RUNQUEUE.fairLoad) + 1024)
  yield cpu.store(task + TASK.onRunqueue, 0, release, 'push_cpu_stop:off')
  yield* setTaskCpu(cpu, task, cpu.id, target, push ? MIGRATION.push : MIGRATION.affinity)
  yield cpu.unlockIrq(rq + RUNQUEUE.lock, 'push_cpu_stop:rq')
  const newRq = memory.runqueue(target)
  yield cpu.lockIrq(newRq + RUNQUEUE.lock, 'push_cpu_stop:new_rq')
  yield* activateTask(cpu, target, task, ARRIVAL.moved)
  yield cpu.unlockIrq(newRq + RUNQUEUE.lock, 'push_cpu_stop:new_rq')
  yield cpu.unlockIrq(task + TASK.piLock, 'push_cpu_stop')
  return 0
}
