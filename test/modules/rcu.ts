// Kernel functions for test/rcu: read sides that last, whoever waits for them, and callbacks.
import {
  acquire,
  type Cpu,
  callRcu,
  full,
  type Kernel,
  type KernelFunction,
  RCU_HEAD,
  rcuBarrier,
  rcuReadLock,
  rcuReadUnlock,
  schedule,
  synchronizeRcu,
  synchronizeRcuExpedited,
} from '../../src/kernel-api.js'
import { waitForGracePeriod } from '../../src/rcu/synchronize.js'

/** In scratch memory: readers that have begun and ended, callbacks that have been called; heads from `heads` on. */
export const AT = { begun: 0, ended: 16, called: 32, heads: 64 } as const
/** Which grace period is waited for. */
export const BY = { normal: 0, expedited: 1, either: 2 } as const

function* spin(cpu: Cpu, us: number): Kernel<void> {
  yield cpu.spinUntil((yield cpu.clock('rcu_test:now')) + us * 1000, 'rcu_test:spin')
}

/** What a section does: it has begun, lasts for so many us, and has ended. */
function* section(cpu: Cpu, us: number): Kernel<void> {
  yield cpu.add(cpu.memory.scratch(AT.begun), 1, full, 'rcu_test:begun')
  yield* spin(cpu, us)
  yield cpu.add(cpu.memory.scratch(AT.ended), 1, full, 'rcu_test:ended')
}

function* wait(cpu: Cpu, by: number): Kernel<void> {
  if (by === BY.normal) yield* waitForGracePeriod(cpu)
  else if (by === BY.expedited) yield* synchronizeRcuExpedited(cpu)
  else yield* synchronizeRcu(cpu)
}

export const functions = {
  /** A read side of so many us, in a nested one. */
  *rcu_hold(cpu, us) {
    rcuReadLock(cpu)
    yield cpu.add(cpu.memory.scratch(AT.begun), 1, full, 'rcu_hold:begun')
    rcuReadLock(cpu)
    yield* spin(cpu, us)
    yield* rcuReadUnlock(cpu)
    yield* spin(cpu, us)
    yield cpu.add(cpu.memory.scratch(AT.ended), 1, full, 'rcu_hold:ended')
    yield* rcuReadUnlock(cpu)
    return 0
  },

  /** A section with preemption off of so many us. */
  *rcu_preempt_off(cpu, us) {
    cpu.preemptDisable()
    yield* section(cpu, us)
    cpu.preemptEnable()
    return 0
  },

  /** A section with interrupts off of so many us. */
  *rcu_irq_off(cpu, us) {
    cpu.irqDisable()
    yield* section(cpu, us)
    cpu.irqEnable()
    return 0
  },

  *rcu_spin(cpu, us) {
    yield* spin(cpu, us)
    return 0
  },

  /** Waits for a grace period when a reader has begun; answers how many have ended by then. */
  *rcu_wait(cpu, by) {
    while ((yield cpu.load(cpu.memory.scratch(AT.begun), acquire, 'rcu_wait')) === 0) yield* schedule(cpu)
    yield* wait(cpu, by)
    return yield cpu.load(cpu.memory.scratch(AT.ended), acquire, 'rcu_wait:ended')
  },

  *rcu_synchronize(cpu, by, times) {
    for (let n = 0; n < times; n++) yield* wait(cpu, by)
    return 0
  },

  /** Gives the CPU away in the middle of a read side, by its own doing. */
  *rcu_sleep_inside(cpu) {
    rcuReadLock(cpu)
    yield* schedule(cpu)
    yield* rcuReadUnlock(cpu)
    return 0
  },

  /** Queues callbacks, waits for all of them, and answers how many have been called. */
  *rcu_calls(cpu, count) {
    const { memory } = cpu
    for (let n = 0; n < count; n++) {
      const head = memory.scratch(AT.heads + n * RCU_HEAD.$size)
      memory.set(head + RCU_HEAD.argument, n)
      callRcu(cpu, head, cpu.functions.find('rcu_called'))
    }
    yield* rcuBarrier(cpu)
    return yield cpu.load(memory.scratch(AT.called), acquire, 'rcu_calls')
  },

  /** They are called in the order in which they were queued. */
  *rcu_called(cpu, number) {
    const before = yield cpu.add(cpu.memory.scratch(AT.called), 1, full, 'rcu_called')
    cpu.warn(before !== number, 'rcu_called', `callback ${number} is called as number ${before}`)
    return 0
  },
} satisfies Record<string, KernelFunction>
