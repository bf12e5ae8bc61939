// Completion: wait until something has been done, once for each time it is done.
//
//   waiter                                    completer
//   take lock; done = 0                       take lock
//   join the list; state = uninterruptible    done = done + 1
//   drop lock; schedule()                     take the first waiter off the list, wake it
//   take lock; done > 0: done = done - 1      drop lock
//
// Looking at `done` and joining the list are one section under the lock, so no completion falls between them.
import { COMPLETION, TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import type { Kernel } from '../ops/operation.js'
import { schedule, setCurrentState } from '../sched/core.js'
import { NORMAL_SLEEP, STATE } from '../sched/task.js'
import { tryToWakeUp } from '../sched/wakeup.js'
import { appendWaiter, removeWaiter, takeFirstWaiter } from './waiters.js'

const DONE_FOR_ALL = 0x3fff_ffff

/**
 * Takes one `done` and answers true, or prepares the current task to sleep until there is one and answers false: call it
 * again after the sleep. A task that may change CPU returns RESTART in between; others use waitForCompletion.
 */
export function* completionReady(cpu: Cpu, completion: number): Kernel<boolean> {
  const { memory } = cpu
  yield cpu.lockIrq(completion + COMPLETION.lock, 'wait_for_completion')
  const done = memory.get(completion + COMPLETION.done)
  if (done > 0) {
    if (done !== DONE_FOR_ALL) memory.set(completion + COMPLETION.done, done - 1)
    // Awake for another reason, and still on the list: a later completion would wake this task and nobody else.
    if (memory.get(cpu.task + TASK.waitsFor) === completion) {
      removeWaiter(memory, completion + COMPLETION.head, completion + COMPLETION.tail, cpu.task)
      memory.set(cpu.task + TASK.waitsFor, 0)
    }
  } else {
    if (memory.get(cpu.task + TASK.waitsFor) !== completion) {
      appendWaiter(memory, completion + COMPLETION.head, completion + COMPLETION.tail, cpu.task)
      memory.set(cpu.task + TASK.waitsFor, completion)
    }
    yield setCurrentState(cpu, STATE.uninterruptible, 'wait_for_completion:sleep')
  }
  yield cpu.unlockIrq(completion + COMPLETION.lock, 'wait_for_completion')
  return done > 0
}

/** Sleeps until the completion has been completed as often as it has been waited for. */
export function* waitForCompletion(cpu: Cpu, completion: number): Kernel<void> {
  while (!(yield* completionReady(cpu, completion))) yield* schedule(cpu)
}

/** Lets one waiter go, the one that came first, or the next to come. May be called with interrupts off. */
export function* complete(cpu: Cpu, completion: number): Kernel<void> {
  const { memory } = cpu
  yield cpu.lockIrq(completion + COMPLETION.lock, 'complete')
  const done = memory.get(completion + COMPLETION.done)
  if (done !== DONE_FOR_ALL) memory.set(completion + COMPLETION.done, done + 1)
  yield* wakeFirst(cpu, completion)
  yield cpu.unlockIrq(completion + COMPLETION.lock, 'complete')
}

/** Lets everybody go, now and for ever (until reinitCompletion). */
export function* completeAll(cpu: Cpu, completion: number): Kernel<void> {
  yield cpu.lockIrq(completion + COMPLETION.lock, 'complete_all')
  cpu.memory.set(completion + COMPLETION.done, DONE_FOR_ALL)
  while (yield* wakeFirst(cpu, completion)) {}
  yield cpu.unlockIrq(completion + COMPLETION.lock, 'complete_all')
}

/** Forgets what has been completed; nobody may be waiting. */
export function reinitCompletion(cpu: Cpu, completion: number): void {
  cpu.memory.set(completion + COMPLETION.done, 0)
}

function* wakeFirst(cpu: Cpu, completion: number): Kernel<boolean> {
  const { memory } = cpu
  const task = takeFirstWaiter(memory, completion + COMPLETION.head, completion + COMPLETION.tail)
  if (task === 0) return false
  memory.set(task + TASK.waitsFor, 0)
  yield* tryToWakeUp(cpu, task, NORMAL_SLEEP)
  return true
}
