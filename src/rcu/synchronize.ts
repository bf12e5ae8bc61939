// Waiting for a grace period: synchronize_rcu.
import { RCU_HEAD, RCU_TASK } from '../memory/structs/rcu.js'
import { RCU } from '../memory/structs/rcu-state.js'
import { TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { FN } from '../ops/functions.js'
import { acquire, type Kernel, release } from '../ops/operation.js'
import { schedule, setCurrentState } from '../sched/core.js'
import { NORMAL_SLEEP, STATE } from '../sched/task.js'
import { tryToWakeUp } from '../sched/wakeup.js'
import { callRcu } from './callbacks.js'
import { synchronizeRcuExpedited } from './expedited.js'

/**
 * Returns when every read side, and every section with preemption or interrupts off, that was open when it was called is over.
 * Expedited, unless the machine was booted otherwise. May sleep; not to be called in a read side.
 */
export function* synchronizeRcu(cpu: Cpu): Kernel<void> {
  const { memory, task } = cpu
  const inside = memory.get(task + TASK.rcu + RCU_TASK.nesting) > 0
  cpu.warn(inside, 'synchronize_rcu', 'Illegal synchronize_rcu() in RCU read-side critical section')
  if (memory.get(memory.rcu + RCU.expedited) === 1) yield* synchronizeRcuExpedited(cpu)
  else yield* waitForGracePeriod(cpu)
}

/** Sleeps until a normal grace period is over. */
export function* waitForGracePeriod(cpu: Cpu): Kernel<void> {
  beginWait(cpu)
  while (!(yield* gracePeriodReady(cpu))) yield* schedule(cpu)
}

/** Begins to wait for a normal grace period: a callback of the task's own is queued. */
export function beginWait(cpu: Cpu): void {
  const { memory, task } = cpu
  const at = task + TASK.rcu
  memory.set(at + RCU_TASK.synchronized, 0)
  memory.set(task + TASK.waitsFor, at + RCU_TASK.head)
  memory.set(at + RCU_TASK.head + RCU_HEAD.argument, task)
  callRcu(cpu, at + RCU_TASK.head, FN.wakeme_after_rcu)
}

/** Whether that has been called; else prepares the task to sleep until then (see completionReady). */
export function* gracePeriodReady(cpu: Cpu): Kernel<boolean> {
  const synchronized = cpu.task + TASK.rcu + RCU_TASK.synchronized
  yield setCurrentState(cpu, STATE.uninterruptible, '__wait_rcu_gp')
  if ((yield cpu.load(synchronized, acquire, '__wait_rcu_gp:look')) !== 1) return false
  cpu.memory.set(cpu.task + TASK.waitsFor, 0)
  yield setCurrentState(cpu, STATE.running, '__wait_rcu_gp:over')
  return true
}

/** That callback. */
export function* wakemeAfterRcu(cpu: Cpu, task: number): Kernel<number> {
  yield cpu.store(task + TASK.rcu + RCU_TASK.synchronized, 1, release, 'wakeme_after_rcu')
  yield* tryToWakeUp(cpu, task, NORMAL_SLEEP)
  return 0
}
