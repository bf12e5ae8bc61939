// Changing how a task is scheduled: its policy and priority (sched_setscheduler), and the priority that it is lent by whom
// it holds up (rt_mutex_setprio). It may run, wait or sleep meanwhile, on any CPU.
import { ERRNO } from '../base/errno.js'
import { RUNQUEUE, TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { type Kernel, relaxed } from '../ops/operation.js'
import { balanceCallbacks, doBalanceCallbacks, hasCallbacks, spliceBalanceCallbacks } from './callbacks.js'
import { ARRIVAL } from './fair.js'
import { cfsRqOf, letGo } from './group.js'
import { queuePushTasks } from './push-realtime.js'
import { accountCurrent, CALLBACK, dequeueTask, enqueueFairTask, enqueueTask, setNextTask } from './runqueue.js'
import { levelOf, POLICY, type Policy, STATE } from './task.js'
import { reschedule, shouldPreempt } from './wakeup.js'

/**
 * Gives a task another policy: `value` is the priority (1..99) of FIFO and RR tasks, the nice value (-20..19) of normal
 * ones. -ESRCH when it has ended, -EINVAL for a stopper.
 */
export function* schedSetscheduler(cpu: Cpu, task: number, policy: Policy, value: number): Kernel<number> {
  const { memory } = cpu
  const owner = yield* taskRqLock(cpu, task)
  const rq = memory.runqueue(owner)
  const ended = (yield cpu.load(task + TASK.state, relaxed, 'sched_setscheduler:state')) === STATE.dead
  const refused = ended || memory.get(task + TASK.policy) === POLICY.stop
  if (!refused) {
    yield* change(cpu, owner, task, () => {
      memory.set(task + TASK.policy, policy)
      memory.set(task + (policy === POLICY.normal ? TASK.nice : TASK.priority), value)
    })
  }
  // Until the callbacks are done this CPU is not given away, so that the runqueue's CPU can't die meanwhile.
  cpu.preemptDisable()
  const callbacks = spliceBalanceCallbacks(cpu, owner, true)
  yield* taskRqUnlock(cpu, task, owner)
  if (callbacks !== CALLBACK.none) {
    yield cpu.lockIrq(rq + RUNQUEUE.lock, 'balance_callbacks')
    yield* doBalanceCallbacks(cpu, owner, callbacks)
    yield cpu.unlockIrq(rq + RUNQUEUE.lock, 'balance_callbacks')
  }
  cpu.preemptEnable()
  if (refused) return ended ? -ERRNO.ESRCH : -ERRNO.EINVAL
  return 0
}

/** Lends a task, which holds up one of a higher level, that level (1..99); takes it back with 0. */
export function* rtMutexSetprio(cpu: Cpu, task: number, level: number): Kernel<void> {
  const { memory } = cpu
  const owner = yield* taskRqLock(cpu, task)
  yield* change(cpu, owner, task, () => memory.set(task + TASK.boost, level))
  cpu.preemptDisable()
  if (hasCallbacks(memory, memory.runqueue(owner))) yield* balanceCallbacks(cpu, owner)
  yield* taskRqUnlock(cpu, task, owner)
  cpu.preemptEnable()
}

/** Puts a task into another task group, 0: into none. */
export function* schedMoveTask(cpu: Cpu, task: number, group: number): Kernel<void> {
  const { memory } = cpu
  const owner = yield* taskRqLock(cpu, task)
  yield* change(cpu, owner, task, () => memory.set(task + TASK.group, group))
  yield* taskRqUnlock(cpu, task, owner)
}

/** Takes a task off its class, has it changed, and puts it where it belongs then. Its piLock and its runqueue's lock are held. */
function* change(cpu: Cpu, owner: number, task: number, apply: () => void): Kernel<void> {
  const { memory } = cpu
  const rq = memory.runqueue(owner)
  const queued = memory.get(task + TASK.onRunqueue) === 1
  const runs = memory.get(rq + RUNQUEUE.current) === task
  const now = yield cpu.clock('sched_change:now')
  if (runs) accountCurrent(memory, rq, now)
  const before = levelOf(memory, task)
  if (queued) {
    dequeueTask(memory, rq, task)
    memory.set(task + TASK.onRunqueue, 0)
  }
  apply()
  if (!queued) return
  enqueueTask(memory, owner, task, before === 0 ? ARRIVAL.moved : ARRIVAL.woken)
  memory.set(task + TASK.onRunqueue, 1)
  if (runs && memory.get(task + TASK.held) === 1) {
    // It runs on until it is looked at.
    letGo(memory, cfsRqOf(memory, owner, task), task)
    enqueueFairTask(memory, owner, task)
    yield* reschedule(cpu, owner)
  }
  if (runs) setNextTask(memory, rq, task, now)
  queuePushTasks(memory, rq, memory.get(rq + RUNQUEUE.current))
  // One that has come down may have to make room, one that has gone up may preempt.
  if (runs ? levelOf(memory, task) < before : yield* shouldPreempt(cpu, rq, task)) yield* reschedule(cpu, owner)
}

/** Takes a task's piLock and the lock of its runqueue. Answers whose that is. */
function* taskRqLock(cpu: Cpu, task: number): Kernel<number> {
  const { memory } = cpu
  yield cpu.lockIrq(task + TASK.piLock, 'task_rq_lock')
  for (;;) {
    const owner = yield cpu.load(task + TASK.cpu, relaxed, 'task_rq_lock:cpu')
    yield cpu.lockIrq(memory.runqueue(owner) + RUNQUEUE.lock, 'task_rq_lock:rq')
    // The balancer moves a runnable task without its piLock.
    if ((yield cpu.load(task + TASK.cpu, relaxed, 'task_rq_lock:again')) === owner) return owner
    yield cpu.unlockIrq(memory.runqueue(owner) + RUNQUEUE.lock, 'task_rq_lock:moved')
  }
}

function* taskRqUnlock(cpu: Cpu, task: number, owner: number): Kernel<void> {
  yield cpu.unlockIrq(cpu.memory.runqueue(owner) + RUNQUEUE.lock, 'task_rq_unlock')
  yield cpu.unlockIrq(task + TASK.piLock, 'task_rq_unlock')
}
