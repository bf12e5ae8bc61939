// Waking a task.
//
// A wakeup and a going-to-sleep meet in the task's state:
//
//   sleeper                                   waker
//   state = interruptible      (full)         condition = true
//   condition? then state = running           take piLock (full)
//   schedule(): take rq.lock                  state says asleep? else nothing to do
//     state not running: off the runqueue     on a runqueue: state = running, done
//     switch; onCpu = 0        (release)      wait until onCpu = 0 (acquire); choose a CPU
//                                             take its rq.lock, enqueue, state = running
import type { Memory } from '../memory/memory.js'
import { GLOBAL, RUNQUEUE, TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { maskWord } from '../ops/mask.js'
import { acquire, full, type Kernel, relaxed, release } from '../ops/operation.js'
import { VECTOR } from '../ops/vectors.js'
import { EVENT, type Event, withPriorities } from '../trace/events.js'
import { ARRIVAL, type Arrival, wakeupPreempts } from './fair.js'
import { isQueuedOn, selectFirstRq, selectTaskRq, staysOnCpu } from './placement.js'
import { assertWatching } from './read-side.js'
import { accountCurrent, enqueueTask } from './runqueue.js'
import { levelOf, priorityOf, STATE } from './task.js'

/** Makes a CPU reschedule soon. */
export function* reschedule(cpu: Cpu, target: number): Kernel<void> {
  if (target === cpu.id) {
    cpu.needResched = true
    return
  }
  cpu.trace(EVENT.ipi_raise, target, VECTOR.reschedule, 0)
  yield cpu.sendIpi(target, VECTOR.reschedule, 'resched_curr')
}

/** Whether a task that has come onto a runqueue, whose lock is held, runs before the current one. */
export function* shouldPreempt(cpu: Cpu, rq: number, task: number): Kernel<boolean> {
  const { memory } = cpu
  if (memory.get(task + TASK.held) === 1) return false
  const current = memory.get(rq + RUNQUEUE.current)
  const difference = levelOf(memory, task) - levelOf(memory, current)
  if (difference !== 0) return difference > 0
  // Among FIFO and RR tasks of a priority the one that runs goes on.
  if (memory.get(rq + RUNQUEUE.fairCurrent) !== current) return false
  accountCurrent(memory, rq, yield cpu.clock('check_preempt_curr:now'))
  return wakeupPreempts(memory, current, task)
}

/** Wakes a task that sleeps in one of `states`. Answers 1 when it was this call that woke it. */
export function* tryToWakeUp(cpu: Cpu, task: number, states: number): Kernel<number> {
  const { memory } = cpu
  yield cpu.lockIrq(task + TASK.piLock, 'try_to_wake_up')
  const state = yield cpu.load(task + TASK.state, full, 'try_to_wake_up:state')
  if ((state & states) === 0) {
    yield cpu.unlockIrq(task + TASK.piLock, 'try_to_wake_up:awake')
    return 0
  }
  if (yield cpu.load(task + TASK.onRunqueue, acquire, 'try_to_wake_up:on_rq')) {
    if (yield* wakeRunnable(cpu, task)) {
      yield cpu.unlockIrq(task + TASK.piLock, 'try_to_wake_up:runnable')
      return 1
    }
  }
  // Its CPU may still be on its way out of schedule(): until then its stack is in use. Pairs with finishTaskSwitch.
  yield cpu.waitUntil(task + TASK.onCpu, 0, 'try_to_wake_up:on_cpu')
  tell(cpu, EVENT.sched_waking, task, memory.get(task + TASK.cpu))
  // As ttwu_stat: a read side of scheduling domains, over at once.
  assertWatching(cpu, 'ttwu_stat')
  const target = staysOnCpu(cpu, task) ? memory.get(task + TASK.cpu) : yield* selectTaskRq(cpu, task)
  const rq = memory.runqueue(target)
  yield cpu.lockIrq(rq + RUNQUEUE.lock, 'try_to_wake_up:rq')
  yield* activateTask(cpu, target, task, ARRIVAL.woken)
  tell(cpu, EVENT.sched_wakeup, task, target)
  yield cpu.unlockIrq(rq + RUNQUEUE.lock, 'try_to_wake_up:rq')
  yield cpu.unlockIrq(task + TASK.piLock, 'try_to_wake_up:woken')
  return 1
}

/** A task that has said it will sleep but has not left its runqueue yet: it just goes on. It can't change CPU so. */
function* wakeRunnable(cpu: Cpu, task: number): Kernel<number> {
  const { memory } = cpu
  const owner = yield cpu.load(task + TASK.cpu, relaxed, 'ttwu_runnable:cpu')
  const rq = memory.runqueue(owner)
  yield cpu.lockIrq(rq + RUNQUEUE.lock, 'ttwu_runnable')
  const runnable = yield* isQueuedOn(cpu, task, owner)
  if (runnable) {
    tell(cpu, EVENT.sched_waking, task, owner)
    yield cpu.store(task + TASK.state, STATE.running, relaxed, 'ttwu_runnable:state')
    tell(cpu, EVENT.sched_wakeup, task, owner)
  }
  yield cpu.unlockIrq(rq + RUNQUEUE.lock, 'ttwu_runnable')
  return runnable ? 1 : 0
}

/** Lets a task that has been made run for the first time. */
export function* wakeUpNewTask(cpu: Cpu, task: number): Kernel<void> {
  const { memory } = cpu
  yield cpu.lockIrq(task + TASK.piLock, 'wake_up_new_task')
  const target = yield* selectFirstRq(cpu, task)
  const rq = memory.runqueue(target)
  yield cpu.lockIrq(rq + RUNQUEUE.lock, 'wake_up_new_task:rq')
  yield* activateTask(cpu, target, task, ARRIVAL.made)
  tell(cpu, EVENT.sched_wakeup_new, task, target)
  yield cpu.unlockIrq(rq + RUNQUEUE.lock, 'wake_up_new_task:rq')
  yield cpu.unlockIrq(task + TASK.piLock, 'wake_up_new_task')
}

/** An event about a task and a CPU. */
function tell(cpu: Cpu, event: Event, task: number, owner: number): void {
  cpu.trace(withPriorities(event, priorityOf(cpu.memory, task)), task, owner, 0)
}

/** Puts a task that is on no runqueue onto that of `target`, whose lock is held. */
export function* activateTask(cpu: Cpu, target: number, task: number, arrival: Arrival): Kernel<void> {
  const { memory } = cpu
  const rq = memory.runqueue(target)
  enqueueTask(memory, target, task, arrival)
  yield cpu.store(task + TASK.onRunqueue, 1, relaxed, 'activate_task:on_rq')
  yield cpu.store(task + TASK.state, STATE.running, release, 'activate_task:state')
  if (becomesOverloaded(memory, target)) yield* noteOverload(cpu, target)
  if (yield* shouldPreempt(cpu, rq, task)) yield* reschedule(cpu, target)
}

/** Whether a CPU, whose runqueue's lock is held, is one to take a task from, and has not said so yet. */
export function becomesOverloaded(memory: Memory, target: number): boolean {
  const rq = memory.runqueue(target)
  const hasTooMany = memory.get(rq + RUNQUEUE.running) >= 2 && memory.get(rq + RUNQUEUE.loads) > 0
  return hasTooMany && memory.get(rq + RUNQUEUE.overloaded) === 0
}

/** A CPU says that it is one to take a task from, until its next tick with fewer than two. */
export function* noteOverload(cpu: Cpu, target: number): Kernel<void> {
  const { memory } = cpu
  memory.set(memory.runqueue(target) + RUNQUEUE.overloaded, 1)
  yield cpu.or(maskWord(memory.overloaded, target), 1 << (target & 31), relaxed, 'update_overload_status')
  yield cpu.add(memory.global + GLOBAL.overloadedCount, 1, relaxed, 'update_overload_status:count')
}
