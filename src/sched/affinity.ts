// Changing which CPUs a task may run on, and sections in which it may not change CPU.
//
//   whoever changes it                        the task's CPU
//   take piLock and rq.lock; write the mask
//   asleep: it goes when it wakes
//   waits on a runqueue: moved at once
//   runs, or has frames there:
//     queue migration_cpu_stop; wait -------> the stopper preempts it, and moves it; one with frames
//                                             goes when it is back in user mode (returnToUser)
import { ERRNO } from '../base/errno.js'
import { MIGRATION_ARG, RUNQUEUE, TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { FN } from '../ops/functions.js'
import { hasBit } from '../ops/mask.js'
import { type Kernel, relaxed } from '../ops/operation.js'
import { moveQueuedTask } from './balance.js'
import { MIGRATION, mustStay } from './placement.js'
import { schedHooks } from './push.js'
import { CALLBACK } from './runqueue.js'
import { FLAG, STATE } from './task.js'
import { reschedule } from './wakeup.js'

/** A CPU mask that is given and not kept: its words by their number. */
export type GivenMask = (word: number) => number

/**
 * Allows a task the CPUs of `mask`. -EINVAL when none of them can take it now: for a user task an active one, for a kernel
 * thread an online one; -ESRCH when it has ended, or is not the one of that `pid` (0: whoever it is).
 */
export function* setCpusAllowed(cpu: Cpu, task: number, mask: GivenMask, pid = 0): Kernel<number> {
  const { memory } = cpu
  yield cpu.lockIrq(task + TASK.piLock, 'set_cpus_allowed')
  const other = pid !== 0 && memory.get(task + TASK.pid) !== pid
  const ended = other || (yield cpu.load(task + TASK.state, relaxed, 'set_cpus_allowed:state')) === STATE.dead
  const target = ended ? -1 : yield* firstUsable(cpu, task, mask)
  if (target < 0) {
    yield cpu.unlockIrq(task + TASK.piLock, 'set_cpus_allowed:invalid')
    return ended ? -ERRNO.ESRCH : -ERRNO.EINVAL
  }
  const from = yield* lockTaskRq(cpu, task, target)
  const rq = memory.runqueue(from)
  const newRq = memory.runqueue(target)
  const allowed = hasBit(mask(from >> 5), from)
  // The task may run meanwhile, and its CPU looks at both: at no moment does its mask exclude that CPU without this word
  // saying that it is on its way.
  const pending = task + TASK.migrationPending
  if (!allowed) yield cpu.store(pending, 1, relaxed, 'set_cpus_allowed:pending')
  for (let w = 0; w < memory.layout.maskWords; w++) memory.set(memory.affinity(task) + w, mask(w))
  const onRunqueue = yield cpu.load(task + TASK.onRunqueue, relaxed, 'set_cpus_allowed:on_rq')
  // One that sleeps goes when it wakes.
  if (allowed || !onRunqueue) yield cpu.store(pending, 0, relaxed, 'set_cpus_allowed:pending')
  let stop = false
  let moved = false
  if (!allowed && onRunqueue) {
    const runs = memory.get(rq + RUNQUEUE.current) === task
    if (runs) stop = task !== cpu.task
    else if (!mustStay(cpu, task)) {
      yield* moveQueuedTask(cpu, task, from, target, MIGRATION.affinity)
      moved = true
    }
  }
  // With preemption off until the stopper has the work, for otherwise its CPU could die before that.
  if (stop) cpu.preemptDisable()
  yield* unlockBoth(cpu, rq, newRq)
  yield cpu.unlockIrq(task + TASK.piLock, 'set_cpus_allowed')
  if (moved) yield* reschedule(cpu, target)
  if (stop) {
    if (cpu.bugs.has('M06')) {
      cpu.preemptEnable()
      yield cpu.fence(relaxed, 'affine_move_task:M06')
      cpu.preemptDisable()
    }
    yield* schedHooks.affineMoveTask(cpu, from, task)
  }
  return 0
}

/** The first CPU of a mask that could take the task now, -1 when there is none. */
function* firstUsable(cpu: Cpu, task: number, mask: GivenMask): Kernel<number> {
  const { memory } = cpu
  const usable = (memory.get(task + TASK.flags) & FLAG.kthread) === 0 ? memory.active : memory.online
  for (let w = 0; w < memory.layout.maskWords; w++) {
    if (mask(w) === 0) continue
    const both = mask(w) & (yield cpu.load(usable + w, relaxed, 'set_cpus_allowed:usable'))
    if (both !== 0) return w * 32 + (31 - Math.clz32(both & -both))
  }
  return -1
}

/** Locks a task's runqueue and another one, in their order. Answers the CPU of the task's. Its piLock is held. */
function* lockTaskRq(cpu: Cpu, task: number, other: number): Kernel<number> {
  const { memory } = cpu
  for (;;) {
    const owner = yield cpu.load(task + TASK.cpu, relaxed, 'task_rq_lock:cpu')
    const [low, high] = [memory.runqueue(Math.min(owner, other)), memory.runqueue(Math.max(owner, other))]
    yield cpu.lockIrq(low + RUNQUEUE.lock, 'task_rq_lock')
    if (high !== low) yield cpu.lockIrq(high + RUNQUEUE.lock, 'task_rq_lock:other')
    // The balancer moves a runnable task without its piLock.
    if ((yield cpu.load(task + TASK.cpu, relaxed, 'task_rq_lock:again')) === owner) return owner
    yield* unlockBoth(cpu, low, high)
  }
}

function* unlockBoth(cpu: Cpu, a: number, b: number): Kernel<void> {
  yield cpu.unlockIrq(Math.max(a, b) + RUNQUEUE.lock, 'task_rq_unlock')
  if (a !== b) yield cpu.unlockIrq(Math.min(a, b) + RUNQUEUE.lock, 'task_rq_unlock:other')
}

/** From here on the current task stays on this CPU, even where that is going down, until migrateEnable. May be nested. */
export function* migrateDisable(cpu: Cpu): Kernel<void> {
  const { memory, task } = cpu
  yield* changeDepth(cpu, memory.get(task + TASK.migrationDisabled), 1)
}

/** The other end. Once the task is back in user mode, it goes where it should be by now. */
export function* migrateEnable(cpu: Cpu): Kernel<void> {
  const { memory, task } = cpu
  yield* changeDepth(cpu, memory.get(task + TASK.migrationDisabled), -1)
}

function* changeDepth(cpu: Cpu, before: number, by: 1 | -1): Kernel<void> {
  const { memory, task } = cpu
  const rq = memory.runqueue(cpu.id)
  yield cpu.lockIrq(rq + RUNQUEUE.lock, 'migrate_disable')
  memory.set(task + TASK.migrationDisabled, before + by)
  if (before + by === (by === 1 ? 1 : 0)) memory.set(rq + RUNQUEUE.pinned, memory.get(rq + RUNQUEUE.pinned) + by)
  if (memory.get(rq + RUNQUEUE.balanceCallback) === CALLBACK.balancePush) cpu.mustLeave = true
  yield cpu.unlockIrq(rq + RUNQUEUE.lock, 'migrate_disable')
}

/**
 * The current task goes back to user mode. From here on its frames may be dropped; where it should not be on this CPU any
 * more, the stopper moves it before it gets there.
 */
export function* returnToUser(cpu: Cpu): Kernel<void> {
  const { memory, task } = cpu
  cpu.restartable = true
  if (memory.get(task + TASK.migrationDisabled) > 0) return
  if (cpu.mustLeave) {
    cpu.mustLeave = false
    // schedule() will find it restartable, and balancePush sends it away.
    cpu.needResched = true
  } else if ((yield cpu.load(task + TASK.migrationPending, relaxed, 'exit_to_user_mode:pending')) === 1) {
    // The same work as balancePush's: whoever has queued it, the stopper takes it before a task gets here again. Also
    // where somebody else has woken the stopper, whose interrupt is still on its way: so not without rescheduling.
    const rq = memory.runqueue(cpu.id)
    const argument = rq + RUNQUEUE.pushArgument
    memory.set(argument + MIGRATION_ARG.task, task)
    memory.set(argument + MIGRATION_ARG.done, 0)
    cpu.needResched = true
    yield* schedHooks.stopOneCpuNowait(cpu, cpu.id, FN.migration_cpu_stop, argument, rq + RUNQUEUE.pushWork)
  }
}
