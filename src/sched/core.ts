// The scheduler: giving the CPU to a task. How it meets a wakeup is drawn in wakeup.ts.
//
// A task that is switched out keeps its frames on this CPU, and is pinned to it, unless it is restartable: in user mode,
// or asleep at a restart point. Then its frames are dropped, and it begins anew wherever it runs next.
import { RUNQUEUE, TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { full, type Kernel, relaxed, release } from '../ops/operation.js'
import { EVENT, PREEMPTED, withPriorities } from '../trace/events.js'
import { checkCfsRqRuntime, returnCfsRqRuntime } from './bandwidth.js'
import { balanceCallbacks, hasCallbacks } from './callbacks.js'
import { lacksRuntime } from './group.js'
import { mmDrop, mmGrab, switchMm, takePreviousMm } from './mm.js'
import { isBound } from './placement.js'
import { schedHooks } from './push.js'
import { queuePushTasks } from './push-realtime.js'
import { rcuHooks } from './read-side.js'
import { accountCurrent, dequeueTask, pickNextTask, putPreviousTask, setNextTask } from './runqueue.js'
import { levelOf, priorityOf, STATE } from './task.js'
import { startTick } from './tick.js'

/**
 * Gives the CPU to the task that should have it; returns when the caller runs again. With `preempt`, the caller stays
 * runnable whatever its state says.
 */
export function* schedule(cpu: Cpu, preempt = false): Kernel<void> {
  const isWorker = !preempt && cpu.memory.get(cpu.task + TASK.worker) !== 0
  if (isWorker) yield* schedHooks.workerSleeping(cpu)
  do {
    cpu.preemptDisable()
    yield* scheduleOnce(cpu, preempt)
    cpu.preemptEnable()
  } while (cpu.needResched)
  if (isWorker) yield* schedHooks.workerRunning(cpu)
}

/** For the idle task, and for callers that keep preemption off. */
export function* scheduleOnce(cpu: Cpu, preempt: boolean): Kernel<void> {
  const { memory } = cpu
  const rq = memory.runqueue(cpu.id)
  const previous = cpu.task
  const now = yield cpu.clock('schedule:now')
  // Nothing may come between this and the lock: an interrupt there could ask for a quiescent state and be forgotten.
  cpu.irqDisable()
  if (rcuHooks.contextSwitchCounts(cpu)) yield* rcuHooks.noteContextSwitch(cpu, preempt)
  yield cpu.lockIrq(rq + RUNQUEUE.lock, 'schedule:rq')
  cpu.irqEnable()
  cpu.needResched = false
  accountCurrent(memory, rq, now)
  const isIdle = previous === memory.get(rq + RUNQUEUE.idle)
  const state = preempt || isIdle ? STATE.running : yield cpu.load(previous + TASK.state, full, 'schedule:state')
  if (state !== STATE.running) {
    dequeueTask(memory, rq, previous)
    memory.setTime(previous + TASK.sleepStart, now)
    yield cpu.store(previous + TASK.onRunqueue, 0, release, 'schedule:deactivate')
    if (memory.get(previous + TASK.group) !== 0) yield* returnCfsRqRuntime(cpu, previous, now)
  } else if (!isIdle) putPreviousTask(memory, rq, previous)
  let next = pickNextTask(memory, rq)
  while (levelOf(memory, next) === 0 && lacksRuntime(memory, cpu.id, next)) {
    yield* checkCfsRqRuntime(cpu, next, now)
    next = pickNextTask(memory, rq)
  }
  memory.set(rq + RUNQUEUE.switches, (memory.get(rq + RUNQUEUE.switches) + 1) | 0)
  if (next !== memory.get(rq + RUNQUEUE.idle)) {
    setNextTask(memory, rq, next, now)
    queuePushTasks(memory, rq, next)
    if (cpu.tickAt === Number.POSITIVE_INFINITY) yield* startTick(cpu, now)
  } else memory.setTime(next + TASK.execStart, now)
  if (next === previous) {
    if (hasCallbacks(memory, rq)) yield* balanceCallbacks(cpu, cpu.id)
    yield cpu.unlockIrq(rq + RUNQUEUE.lock, 'finish_lock_switch')
    return
  }
  if (!cpu.restartable) setPinned(cpu, rq, previous, 1)
  setPinned(cpu, rq, next, 0)
  memory.set(rq + RUNQUEUE.current, next)
  if (switchMm(memory, rq, previous, next)) yield mmGrab(cpu, next)
  yield cpu.store(next + TASK.onCpu, 1, relaxed, 'schedule:on_cpu')
  const priorities = withPriorities(EVENT.sched_switch, priorityOf(memory, previous), priorityOf(memory, next))
  cpu.trace(priorities, previous, preempt ? state | PREEMPTED : state, next)
  const notifier = memory.get(previous + TASK.preemptNotifier)
  if (notifier !== 0) schedHooks.schedOut(cpu, notifier)
  yield* finishTaskSwitch(cpu, yield cpu.switchTo(next, cpu.restartable, 'schedule'))
}

/** Notes whether a task that is switched out has frames here. The lock of its runqueue is held. */
function setPinned(cpu: Cpu, rq: number, task: number, pinned: number): void {
  const { memory } = cpu
  if (memory.get(task + TASK.pinned) === pinned) return
  memory.set(task + TASK.pinned, pinned)
  if (cpu.bugs.has('unpinned-frames')) return
  if (!isBound(cpu, task)) memory.set(rq + RUNQUEUE.pinned, memory.get(rq + RUNQUEUE.pinned) + (pinned ? 1 : -1))
}

/** The first thing that a task does when it has been switched to: `previous` is off this CPU now. */
export function* finishTaskSwitch(cpu: Cpu, previous: number): Kernel<void> {
  // Pairs with the wait for onCpu in tryToWakeUp.
  yield cpu.store(previous + TASK.onCpu, 0, release, 'finish_task_switch:on_cpu')
  const rq = cpu.memory.runqueue(cpu.id)
  const mm = takePreviousMm(cpu.memory, rq)
  if (hasCallbacks(cpu.memory, rq)) yield* balanceCallbacks(cpu, cpu.id)
  yield cpu.unlockIrq(rq + RUNQUEUE.lock, 'finish_lock_switch')
  const notifier = cpu.memory.get(cpu.task + TASK.preemptNotifier)
  if (notifier !== 0) yield* schedHooks.schedIn(cpu, notifier)
  if (mm !== 0) yield* mmDrop(cpu, mm)
}

/** A frame pushed by the machine when rescheduling is due and allowed. */
export function* preemptSchedule(cpu: Cpu): Kernel<void> {
  yield* schedule(cpu, true)
}

/** Says that the current task is about to sleep; look at the condition after it. */
export function setCurrentState(cpu: Cpu, state: number, place: string) {
  return cpu.store(cpu.task + TASK.state, state, full, place)
}

/**
 * The same for a state that nobody but its own waker ends. A wakeup that has seen the state before it makes the task runnable
 * first, or it would take this one away.
 */
export function* setSpecialState(cpu: Cpu, state: number): Kernel<void> {
  yield cpu.lockIrq(cpu.task + TASK.piLock, 'set_special_state')
  yield cpu.store(cpu.task + TASK.state, state, relaxed, 'set_special_state:state')
  yield cpu.unlockIrq(cpu.task + TASK.piLock, 'set_special_state')
}
