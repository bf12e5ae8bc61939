// Rounds of kernel threads that the host starts (Machine.kthread).
import { full, type KernelFunction } from '../../src/kernel-api.js'
import { KTHREAD } from '../../src/memory/structs/loads.js'
import { TASK } from '../../src/memory/structs.js'
import { RESTART } from '../../src/sched/task.js'
import { prepareToSleep } from '../../src/time/sleep.js'

/** What each count of a thread of these is. */
export const COUNT = { rounds: 0, begun: 1, ended: 2 } as const

export const functions = {
  /** A round of nothing, then argument[0] us of sleep. */
  *kthread_round(cpu, thread) {
    yield cpu.add(thread + KTHREAD.count + COUNT.rounds, 1, full, 'test:round')
    yield* prepareToSleep(cpu, cpu.memory.get(thread + KTHREAD.argument) * 1000)
    return RESTART
  },

  /** A round that sleeps in its middle. */
  *kthread_halves(cpu, thread) {
    const phase = cpu.task + TASK.phase
    const second = cpu.memory.get(phase) === 1
    yield cpu.add(thread + KTHREAD.count + (second ? COUNT.ended : COUNT.begun), 1, full, 'test:half')
    cpu.memory.set(phase, second ? 0 : 1)
    yield* prepareToSleep(cpu, 20_000)
    return RESTART
  },
} satisfies Record<string, KernelFunction>
