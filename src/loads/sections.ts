// Loads that keep their CPU to themselves for a while: with interrupts off, with preemption off, or as a task that spins.
import { TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import type { Kernel } from '../ops/operation.js'
import { migrateDisable, migrateEnable } from '../sched/affinity.js'
import { RESTART } from '../sched/task.js'
import { prepareToSleep } from '../time/sleep.js'
import { ARGUMENT, argumentOf, beginRound, COUNT, count, endRound, spin } from './round.js'

/** Interrupts off for so long. */
export function* irqOff(cpu: Cpu, thread: number): Kernel<number> {
  yield* beginRound(cpu, thread)
  cpu.irqDisable()
  yield* spin(cpu, argumentOf(cpu, thread, ARGUMENT.us), 'load_irq_off')
  cpu.irqEnable()
  return yield* endRound(cpu, thread)
}

/** Preemption off for so long; interrupts are taken. */
export function* preemptOff(cpu: Cpu, thread: number): Kernel<number> {
  yield* beginRound(cpu, thread)
  cpu.preemptDisable()
  yield* spin(cpu, argumentOf(cpu, thread, ARGUMENT.us), 'load_preempt_off')
  cpu.preemptEnable()
  return yield* endRound(cpu, thread)
}

/** A task that computes for so long, in the kernel: what its policy and priority make of that. */
export function* loop(cpu: Cpu, thread: number): Kernel<number> {
  yield* beginRound(cpu, thread)
  yield* spin(cpu, argumentOf(cpu, thread, ARGUMENT.us), 'load_loop')
  return yield* endRound(cpu, thread)
}

const PHASE = { between: 0, inside: 1 } as const

/** Migration disabled for so long, asleep most of it: the thread must wake where it went to sleep. */
export function* migrateOff(cpu: Cpu, thread: number): Kernel<number> {
  const { memory, task } = cpu
  const us = argumentOf(cpu, thread, ARGUMENT.us)
  if (memory.get(task + TASK.phase) === PHASE.between) {
    yield* beginRound(cpu, thread)
    yield* migrateDisable(cpu)
    memory.set(task + TASK.progress, cpu.id)
    memory.set(task + TASK.phase, PHASE.inside)
    if (us > 0) {
      yield* prepareToSleep(cpu, us * 1000)
      return RESTART
    }
  }
  if (memory.get(task + TASK.progress) !== cpu.id) yield count(cpu, thread, COUNT.wrong, 'load_migrate_off:moved')
  yield* migrateEnable(cpu)
  return yield* endRound(cpu, thread)
}
