// Stoppers that are woken late, as they were until Linux 6.16 (M11): who gives a stopper work notes under its lock that it
// is going to wake it, and does so when the lock is dropped. Whoever comes meanwhile relies on that and wakes nobody.
import { wakeUpProcess } from '../kthread/kthread.js'
import { TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { full, type Kernel } from '../ops/operation.js'

/** Answers whether it is now up to the caller to wake the task; else somebody else is going to. */
export function* wakeQAdd(cpu: Cpu, task: number): Kernel<boolean> {
  return (yield cpu.compareExchange(task + TASK.wakeQ, 0, 1, full, 'wake_q_add')) === 0
}

/** Wakes a task if that is up to the caller. */
export function* wakeUpQ(cpu: Cpu, task: number, mine: boolean): Kernel<void> {
  if (!mine) return
  yield cpu.store(task + TASK.wakeQ, 0, full, 'wake_up_q')
  yield* wakeUpProcess(cpu, task)
}
