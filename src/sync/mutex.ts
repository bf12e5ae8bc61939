// Mutex: sleeps while another task holds it. It is handed to the task that has waited longest.
//
//   locker                                    holder
//   owner 0 -> me (acquire): mine             take waitLock
//   else take waitLock; try again             a waiter? owner = it (release), wake it
//     join the list; sleep; drop waitLock     none?     owner = 0 (release)
//   awake: owner is me                        drop waitLock
//
// The owner is given up only under waitLock, and a locker joins the list only under it, so none is overlooked.
import { MUTEX, TASK } from '../memory/structs.js'
import { bugOn } from '../ops/bug.js'
import type { Cpu } from '../ops/cpu.js'
import { acquire, type Kernel, relaxed, release } from '../ops/operation.js'
import { schedule, setCurrentState } from '../sched/core.js'
import { NORMAL_SLEEP, STATE } from '../sched/task.js'
import { tryToWakeUp } from '../sched/wakeup.js'
import { appendWaiter, takeFirstWaiter } from './waiters.js'

/** Takes the mutex if it is free. Answers whether it did. */
export function* mutexTryLock(cpu: Cpu, mutex: number): Kernel<boolean> {
  return (yield cpu.compareExchange(mutex + MUTEX.owner, 0, cpu.task, acquire, 'mutex_trylock')) === 0
}

/**
 * Answers true when the current task has the mutex; else prepares it to sleep until it has been handed over, and answers
 * false: call it again after the sleep (see completionReady).
 */
export function* mutexReady(cpu: Cpu, mutex: number): Kernel<boolean> {
  const { memory, task } = cpu
  // Written by the one who handed it over, before it changed the owner (release) and woke this task.
  if (memory.get(task + TASK.handedMutex) === mutex) {
    memory.set(task + TASK.handedMutex, 0)
    return true
  }
  const owner = yield cpu.compareExchange(mutex + MUTEX.owner, 0, task, acquire, 'mutex_lock')
  if (owner === 0) return true
  yield cpu.lockIrq(mutex + MUTEX.waitLock, 'mutex_lock:wait_lock')
  // Under waitLock the owner changes only from 0: another look, and nothing can be missed.
  const again = yield cpu.compareExchange(mutex + MUTEX.owner, 0, task, acquire, 'mutex_lock:again')
  const handed = memory.get(task + TASK.handedMutex) === mutex
  bugOn(again === task && !handed, 'mutex_lock', 'a task locks a mutex that it holds')
  if (handed) memory.set(task + TASK.handedMutex, 0)
  const mine = again === 0 || handed
  if (!mine) {
    if (memory.get(task + TASK.waitsFor) !== mutex) {
      appendWaiter(memory, mutex + MUTEX.head, mutex + MUTEX.tail, task)
      memory.set(task + TASK.waitsFor, mutex)
    }
    yield setCurrentState(cpu, STATE.uninterruptible, 'mutex_lock:sleep')
  }
  yield cpu.unlockIrq(mutex + MUTEX.waitLock, 'mutex_lock:wait_lock')
  return mine
}

/** Takes the mutex, asleep until it can. */
export function* mutexLock(cpu: Cpu, mutex: number): Kernel<void> {
  while (!(yield* mutexReady(cpu, mutex))) yield* schedule(cpu)
}

/** Gives the mutex up; only its holder may. */
export function* mutexUnlock(cpu: Cpu, mutex: number): Kernel<void> {
  const { memory } = cpu
  const owner = yield cpu.load(mutex + MUTEX.owner, relaxed, 'mutex_unlock:owner')
  bugOn(owner !== cpu.task, 'mutex_unlock', 'a task unlocks a mutex that it does not hold')
  yield cpu.lockIrq(mutex + MUTEX.waitLock, 'mutex_unlock')
  const next = takeFirstWaiter(memory, mutex + MUTEX.head, mutex + MUTEX.tail)
  if (next !== 0) {
    memory.set(next + TASK.waitsFor, 0)
    memory.set(next + TASK.handedMutex, mutex)
  }
  yield cpu.store(mutex + MUTEX.owner, next, release, 'mutex_unlock:hand_over')
  if (next !== 0) yield* tryToWakeUp(cpu, next, NORMAL_SLEEP)
  yield cpu.unlockIrq(mutex + MUTEX.waitLock, 'mutex_unlock')
}
