// RCU's read sides. A task that is in one, however deep, is waited for by every grace period that begins meanwhile.
//
// They are kept in the task alone and cost no operation: nobody else looks. Only a task that has been preempted in one, or
// that a grace period has asked meanwhile, has something to do at the end of the outermost (rcu/quiescent.ts).
import { RCU_TASK } from '../memory/structs/rcu.js'
import { TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import type { Kernel } from '../ops/operation.js'

/** What the scheduler needs of RCU, which is built on it; kernel/ fills it. */
export const rcuHooks = {
  /** the outermost read side is over, and something is to be done */
  readUnlockSpecial: function* (_cpu: Cpu): Kernel<void> {},
  /** the current task is about to be switched out; with `preempt` not by its own doing. Interrupts are off */
  /** Whether there is more to a context switch than that the CPU owes a normal grace period nothing any more. */
  contextSwitchCounts: (_cpu: Cpu): boolean => false,
  noteContextSwitch: function* (_cpu: Cpu, _preempt: boolean): Kernel<void> {},
  /** waits until whatever ran with preemption off or in a read side when it began is over */
  synchronize: function* (_cpu: Cpu): Kernel<void> {},
  /** in the tick's interrupt */
  tick: function* (_cpu: Cpu, _now: number): Kernel<void> {},
  /** whether an idle CPU has to go on ticking */
  needsCpu: (_cpu: Cpu): boolean => false,
}

/** Begins a read side. They nest; the task may be preempted in one, and must not sleep. */
export function rcuReadLock(cpu: Cpu): void {
  const nesting = cpu.task + TASK.rcu + RCU_TASK.nesting
  assertWatching(cpu, 'rcu_read_lock')
  cpu.memory.set(nesting, cpu.memory.get(nesting) + 1)
}

/** Ends it. */
export function* rcuReadUnlock(cpu: Cpu): Kernel<void> {
  if (leaveReadSide(cpu)) yield* rcuHooks.readUnlockSpecial(cpu)
}

/** The same without a call, where that counts: answers whether readUnlockSpecial is to be called. */
export function leaveReadSide({ memory, task }: Cpu): boolean {
  const depth = memory.get(task + TASK.rcu + RCU_TASK.nesting) - 1
  memory.set(task + TASK.rcu + RCU_TASK.nesting, depth)
  return depth === 0 && memory.get(task + TASK.rcu + RCU_TASK.special) !== 0
}

/** A CPU that idles or is offline is not waited for: whatever it read there might be gone. As lockdep says it. */
export function assertWatching(cpu: Cpu, place: string): void {
  if (cpu.watching) return
  cpu.warn(true, place, 'suspicious RCU usage: RCU used illegally from a CPU that is idle or offline!')
}
