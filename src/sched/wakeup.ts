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
import { RUNQUEUE, TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { acquire, full, type Kernel, relaxed, release } from '../ops/operation.js'
import { VECTOR } from '../ops/vectors.js'
import { EVENT } from '../trace/events.js'
import { selectTaskRq } from './placement.js'
import { enqueueTask } from './runqueue.js'
import { levelOf, STATE } from './task.js'

/** Makes a CPU reschedule soon. */
export function* reschedule(cpu: Cpu, target: number): Kernel<void> {
  if (target === cpu.id) {
    cpu.needResched = true
    return
  }
  cpu.trace(EVENT.ipi_raise, target, VECTOR.reschedule, 0)
  yield cpu.sendIpi(target, VECTOR.reschedule, 'resched_curr')
}

function shouldPreempt(cpu: Cpu, rq: number, task: number): boolean {
  return levelOf(cpu.memory, task) > levelOf(cpu.memory, cpu.memory.get(rq + RUNQUEUE.current))
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
  const target = yield* selectTaskRq(cpu, task)
  const rq = memory.runqueue(target)
  yield cpu.lockIrq(rq + RUNQUEUE.lock, 'try_to_wake_up:rq')
  yield* activateTask(cpu, target, task)
  yield cpu.unlockIrq(rq + RUNQUEUE.lock, 'try_to_wake_up:rq')
  yield cpu.unlockIrq(task + TASK.piLock, 'try_to_wake_up:woken')
  return 1
}

/** A task that has said it will sleep but has not left its runqueue yet: it just goes on. */
function* wakeRunnable(cpu: Cpu, task: number): Kernel<number> {
  const { memory } = cpu
  const rq = memory.runqueue(memory.get(task + TASK.cpu))
  yield cpu.lockIrq(rq + RUNQUEUE.lock, 'ttwu_runnable')
  const runnable = memory.get(task + TASK.onRunqueue) === 1
  if (runnable) yield cpu.store(task + TASK.state, STATE.running, relaxed, 'ttwu_runnable:state')
  yield cpu.unlockIrq(rq + RUNQUEUE.lock, 'ttwu_runnable')
  return runnable ? 1 : 0
}

/** Puts a task that is on no runqueue onto that of `target`, whose lock is held. */
export function* activateTask(cpu: Cpu, target: number, task: number): Kernel<void> {
  const { memory } = cpu
  const rq = memory.runqueue(target)
  enqueueTask(memory, rq, task)
  yield cpu.store(task + TASK.onRunqueue, 1, relaxed, 'activate_task:on_rq')
  yield cpu.store(task + TASK.state, STATE.running, release, 'activate_task:state')
  cpu.trace(EVENT.sched_wakeup, task, target, 0)
  if (shouldPreempt(cpu, rq, task)) yield* reschedule(cpu, target)
}
