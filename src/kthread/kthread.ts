// Kernel threads that are bound to a CPU: making them, and parking them.
//
// A parked thread is asleep in a state that no ordinary wakeup ends. Who parks it waits until it really is off its CPU:
//
//   parkThread                                the thread
//   SHOULD_PARK = 1          (full)           sees SHOULD_PARK: parkSelf
//   wake it                                     state = parked       (full)
//   wait for `parked`                           SHOULD_PARK still set? complete `parked`, schedule()
//   wait until it is off the runqueue             (preemption is off from the completion to the switch)
//
//   unparkThread
//   SHOULD_PARK = 0          (full)           looks again: leaves the loop
//   wake it from `parked`

import type { Memory } from '../memory/memory.js'
import { PERCPU, TASK } from '../memory/structs.js'
import { bugOn } from '../ops/bug.js'
import type { Cpu } from '../ops/cpu.js'
import { acquire, full, type Kernel, relaxed } from '../ops/operation.js'
import { schedule, scheduleOnce, setCurrentState, setSpecialState } from '../sched/core.js'
import { NORMAL_SLEEP, STATE } from '../sched/task.js'
import { tryToWakeUp } from '../sched/wakeup.js'
import { complete, reinitCompletion, waitForCompletion } from '../sync/completion.js'

export const THREAD = { shouldStop: 1, shouldPark: 2 } as const

/** The task of CPU `owner`'s thread of kind `index` (THREADS), 0 before it exists. Set once, before the CPU first runs. */
export function threadOf(memory: Memory, owner: number, index: number): number {
  return memory.get(memory.percpu(owner) + PERCPU.threads + index)
}

export function setThread(memory: Memory, owner: number, index: number, task: number): void {
  memory.set(memory.percpu(owner) + PERCPU.threads + index, task)
}

/** What the thread has been asked to do: THREAD bits. */
export function threadFlags(cpu: Cpu, place: string) {
  return cpu.load(cpu.task + TASK.threadFlags, acquire, place)
}

export function wakeUpProcess(cpu: Cpu, task: number): Kernel<number> {
  return tryToWakeUp(cpu, task, NORMAL_SLEEP)
}

/** Sleeps here, parked, until unparked. */
export function* parkSelf(cpu: Cpu): Kernel<void> {
  const early = cpu.bugs.has('M20')
  for (;;) {
    if (early) yield setCurrentState(cpu, STATE.parked, 'kthread_parkme:M20')
    else yield* setSpecialState(cpu, STATE.parked)
    if (((yield threadFlags(cpu, 'kthread_parkme:should_park')) & THREAD.shouldPark) === 0) break
    if (!early) cpu.preemptDisable()
    yield* complete(cpu, cpu.task + TASK.parked)
    if (early) yield* schedule(cpu)
    else {
      yield* scheduleOnce(cpu, false)
      cpu.preemptEnable()
    }
  }
  yield setCurrentState(cpu, STATE.running, 'kthread_parkme:unparked')
}

/** Asks a thread to park and waits until it is off its CPU. A thread may ask itself: it parks when it comes round. */
export function* parkThread(cpu: Cpu, task: number): Kernel<void> {
  const before = yield cpu.or(task + TASK.threadFlags, THREAD.shouldPark, full, 'kthread_park')
  bugOn((before & THREAD.shouldPark) !== 0, 'kthread_park', 'a thread is parked twice')
  if (task === cpu.task) return
  yield* wakeUpProcess(cpu, task)
  yield* waitForCompletion(cpu, task + TASK.parked)
  if (cpu.bugs.has('M20')) return
  cpu.warn(!(yield* waitParked(cpu, task)), 'kthread_park', 'a thread has said that it is parked, and is not')
}

/** Lets a thread that has been asked to park go on; nothing for any other. */
export function* unparkThread(cpu: Cpu, task: number): Kernel<void> {
  const flags = yield cpu.load(task + TASK.threadFlags, relaxed, 'kthread_unpark:flags')
  if ((flags & THREAD.shouldPark) === 0 && !cpu.bugs.has('M21')) return
  // A thread may be bound to its CPU only while it is on none.
  cpu.warn(!(yield* waitParked(cpu, task)), 'kthread_bind', 'a thread that is not parked is bound to its CPU')
  // A thread that parked by itself (migration/N) has completed `parked` with nobody waiting.
  reinitCompletion(cpu, task + TASK.parked)
  yield cpu.and(task + TASK.threadFlags, ~THREAD.shouldPark, full, 'kthread_unpark')
  yield* tryToWakeUp(cpu, task, STATE.parked)
}

/** Waits until a thread that parks has left its runqueue and its CPU. Answers at once, false, for one that does not park. */
function* waitParked(cpu: Cpu, task: number): Kernel<boolean> {
  if ((yield cpu.load(task + TASK.state, acquire, 'wait_task_inactive:state')) !== STATE.parked) return false
  yield cpu.waitUntil(task + TASK.onRunqueue, 0, 'wait_task_inactive:on_rq')
  yield cpu.waitUntil(task + TASK.onCpu, 0, 'wait_task_inactive:on_cpu')
  return true
}
