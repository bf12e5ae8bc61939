// Wait queue: sleep until a condition that others make true; they wake the queue after they have.
//
//   sleeper                                   waker
//   take lock; join the list                  make the condition true
//   state = uninterruptible   (full)          take lock            (full)
//   drop lock                                 take all off the list, wake them
//   condition? leave : schedule(), again      drop lock
//
// The sleeper looks at its condition after it has joined, the waker at the list after it has made the condition true:
// one of the two sees the other.
import { TASK, WAIT_QUEUE } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import type { Kernel } from '../ops/operation.js'
import { schedule, setCurrentState } from '../sched/core.js'
import { NORMAL_SLEEP, STATE } from '../sched/task.js'
import { tryToWakeUp } from '../sched/wakeup.js'
import { appendWaiter, removeWaiter, takeFirstWaiter } from './waiters.js'

/** Joins the queue and says that the current task will sleep; look at the condition next. */
export function* prepareToWait(cpu: Cpu, queue: number): Kernel<void> {
  const { memory } = cpu
  yield cpu.lockIrq(queue + WAIT_QUEUE.lock, 'prepare_to_wait')
  if (memory.get(cpu.task + TASK.waitsFor) !== queue) {
    appendWaiter(memory, queue + WAIT_QUEUE.head, queue + WAIT_QUEUE.tail, cpu.task)
    memory.set(cpu.task + TASK.waitsFor, queue)
  }
  yield setCurrentState(cpu, STATE.uninterruptible, 'prepare_to_wait:sleep')
  yield cpu.unlockIrq(queue + WAIT_QUEUE.lock, 'prepare_to_wait')
}

/** Leaves the queue: the condition is true. */
export function* finishWait(cpu: Cpu, queue: number): Kernel<void> {
  const { memory } = cpu
  yield setCurrentState(cpu, STATE.running, 'finish_wait')
  yield cpu.lockIrq(queue + WAIT_QUEUE.lock, 'finish_wait')
  if (memory.get(cpu.task + TASK.waitsFor) === queue) {
    removeWaiter(memory, queue + WAIT_QUEUE.head, queue + WAIT_QUEUE.tail, cpu.task)
    memory.set(cpu.task + TASK.waitsFor, 0)
  }
  yield cpu.unlockIrq(queue + WAIT_QUEUE.lock, 'finish_wait')
}

/** Sleeps until `condition` (which yields operations) is true. */
export function* waitEvent(cpu: Cpu, queue: number, condition: () => Kernel<boolean>): Kernel<void> {
  for (;;) {
    yield* prepareToWait(cpu, queue)
    if (yield* condition()) break
    yield* schedule(cpu)
  }
  yield* finishWait(cpu, queue)
}

/** Wakes `limit` of those who wait, in the order in which they came; all without one. */
export function* wakeUp(cpu: Cpu, queue: number, limit = Number.POSITIVE_INFINITY): Kernel<void> {
  const { memory } = cpu
  yield cpu.lockIrq(queue + WAIT_QUEUE.lock, 'wake_up')
  for (let n = 0; n < limit; n++) {
    const task = takeFirstWaiter(memory, queue + WAIT_QUEUE.head, queue + WAIT_QUEUE.tail)
    if (task === 0) break
    memory.set(task + TASK.waitsFor, 0)
    yield* tryToWakeUp(cpu, task, NORMAL_SLEEP)
  }
  yield cpu.unlockIrq(queue + WAIT_QUEUE.lock, 'wake_up')
}
