// Quiescent states: where a CPU notes that it is in no read side.
//
//   schedule()       whatever ran before is over, or stands on its node's list
//   the tick         from user mode, from idle, or wherever preemption is on and no read side is open
//   idling           an extended one: dynticks is even, and whoever begins a grace period sees it from outside
//   the interrupt of an expedited grace period: at once, or at the end of the read side or of the section
//
//   a CPU that falls idle, or leaves it      who looks
//   dynticks + 1              (full)         (full) what it has unlinked is seen
//   reads nothing / reads again              dynticks even: in no read side now, and the next one sees what he did
import { RCU_DATA, RCU_TASK } from '../memory/structs/rcu.js'
import { TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { full, type Kernel, type Operation } from '../ops/operation.js'
import { clearOwed, owes, queueBlocked, reportExpedited, setOwed, unqueueBlocked } from './node.js'
import { NO_QS, SPECIAL } from './state.js'

/** Whether noteContextSwitch is to be called; if not, all of it has been done. */
export function contextSwitchCounts(cpu: Cpu): boolean {
  const { memory, task } = cpu
  if (memory.get(task + TASK.rcu + RCU_TASK.nesting) > 0 || memory.get(task + TASK.rcu + RCU_TASK.special) !== 0)
    return true
  clearOwed(cpu, NO_QS.normal)
  return owes(cpu, NO_QS.expedited)
}

/** schedule(), with interrupts off, before the current task is switched out: with `preempt` not by its own doing. */
export function* noteContextSwitch(cpu: Cpu, preempt: boolean): Kernel<void> {
  const { memory, task } = cpu
  if (memory.get(task + TASK.rcu + RCU_TASK.nesting) > 0) {
    cpu.warn(!preempt, 'rcu_note_context_switch', 'Voluntary context switch within RCU read-side critical section!')
    if ((memory.get(task + TASK.rcu + RCU_TASK.special) & SPECIAL.blocked) === 0) yield* queueBlocked(cpu)
  } else if (memory.get(task + TASK.rcu + RCU_TASK.special) !== 0) yield* endReadSide(cpu)
  clearOwed(cpu, NO_QS.normal)
  if (owes(cpu, NO_QS.expedited)) yield* reportExpedited(cpu)
}

/** The end of a task's outermost read side, when something is to be done there. In a section with preemption off: after that. */
export function* readUnlockSpecial(cpu: Cpu): Kernel<void> {
  if (cpu.preemptCount > 0 || cpu.irqDisabled > 0) {
    cpu.needResched = true
    return
  }
  cpu.irqDisable()
  yield* endReadSide(cpu)
  cpu.irqEnable()
}

/** Interrupts are off. */
function* endReadSide(cpu: Cpu): Kernel<void> {
  const { memory, task } = cpu
  const special = memory.get(task + TASK.rcu + RCU_TASK.special)
  memory.set(task + TASK.rcu + RCU_TASK.special, 0)
  clearOwed(cpu, NO_QS.normal)
  if ((special & SPECIAL.blocked) !== 0) yield* unqueueBlocked(cpu)
  if (owes(cpu, NO_QS.expedited)) yield* reportExpedited(cpu)
}

/** Whether the interrupted CPU was in no read side, nor in a section that counts as one. For interrupt handlers. */
export function interruptedQuiescent(cpu: Cpu): boolean {
  if (cpu.memory.get(cpu.task + TASK.rcu + RCU_TASK.nesting) > 0) return false
  return cpu.fromIdle || cpu.preemptCount === cpu.inInterrupt
}

/** The interrupt of an expedited grace period. */
export function* rcuExpHandler(cpu: Cpu): Kernel<number> {
  const { memory, task } = cpu
  if (interruptedQuiescent(cpu)) {
    yield* reportExpedited(cpu)
    return 0
  }
  setOwed(cpu, NO_QS.expedited)
  if (memory.get(task + TASK.rcu + RCU_TASK.nesting) > 0) {
    memory.set(task + TASK.rcu + RCU_TASK.special, memory.get(task + TASK.rcu + RCU_TASK.special) | SPECIAL.expedited)
  } else cpu.needResched = true
  return 0
}

/** The idle task is about to halt: from here on grace periods do not wait for this CPU. Interrupts are off. */
export function rcuIdleEnter(cpu: Cpu): Operation {
  cpu.watching = false
  return cpu.add(cpu.memory.rcuData(cpu.id) + RCU_DATA.dynticks, 1, full, 'ct_idle_enter')
}

/** It goes on, or an interrupt has been taken: they do again, and it is watching once this has been done. Interrupts are off. */
export function rcuIdleExit(cpu: Cpu): Operation {
  return cpu.add(cpu.memory.rcuData(cpu.id) + RCU_DATA.dynticks, 1, full, 'ct_idle_exit')
}

/** Whether a value of a CPU's dynticks says that it idles. */
export function isIdling(dynticks: number): boolean {
  return (dynticks & 1) === 0
}

/** The handler of an interrupt that has been taken while the CPU halted. */
export function* outOfIdle(cpu: Cpu, handler: Kernel<void>): Kernel<void> {
  yield rcuIdleExit(cpu)
  cpu.watching = true
  cpu.fromIdle = true
  yield* handler
  cpu.fromIdle = false
}
