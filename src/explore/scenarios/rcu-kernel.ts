// What the scenarios of RCU have the kernel do: a kernel module of their machines.
import { RCU_HEAD } from '../../memory/structs/rcu.js'
import type { Cpu, KernelFunction } from '../../ops/cpu.js'
import { full, type Kernel } from '../../ops/operation.js'
import { rcuBarrier } from '../../rcu/barrier.js'
import { callRcu } from '../../rcu/callbacks.js'
import { tortureFakeWrite, tortureRead, tortureWrite } from '../../rcu/torture.js'

/** Where this module is. */
export const RCU_KERNEL = new URL('./rcu-kernel.js', import.meta.url)

/** In scratch memory. */
export const RCU_AT = {
  /** callbacks that have been queued, that have been called, and that were called for something queued twice or not at all */
  queued: 0,
  called: 1,
  wrong: 2,
  /** callbacks that had not been called when a barrier was over that came after them */
  late: 3,
  /** heads that have been taken */
  taken: 4,
  /** the heads: how many there are is HEADS */
  heads: 64,
} as const
export const HEADS = 64

/** Takes a head that nobody has, and queues a callback for it. */
function* queueOne(cpu: Cpu): Kernel<void> {
  const { memory } = cpu
  const number = yield cpu.add(memory.scratch(RCU_AT.taken), 1, full, 'explore:taken')
  const head = memory.scratch(RCU_AT.heads + (number % HEADS) * RCU_HEAD.$size)
  memory.set(head + RCU_HEAD.argument, number + 1)
  callRcu(cpu, head, cpu.functions.find('explore_rcu_called'))
  yield cpu.add(memory.scratch(RCU_AT.queued), 1, full, 'explore:queued')
}

export const functions = {
  *explore_rcu_read(cpu, times, us) {
    for (let n = 0; n < times; n++) yield* tortureRead(cpu, us)
    return 0
  },

  *explore_rcu_write(cpu, times, by) {
    for (let n = 0; n < times; n++) yield* tortureWrite(cpu, by)
    return 0
  },

  *explore_rcu_fake(cpu, times, by) {
    for (let n = 0; n < times; n++) yield* tortureFakeWrite(cpu, by)
    return 0
  },

  /** Queues callbacks. */
  *explore_rcu_call(cpu, times) {
    for (let n = 0; n < times; n++) yield* queueOne(cpu)
    return 0
  },

  *explore_rcu_called(cpu, number, head) {
    const { memory } = cpu
    if (memory.get(head + RCU_HEAD.argument) !== number)
      yield cpu.add(memory.scratch(RCU_AT.wrong), 1, full, 'explore:wrong')
    memory.set(head + RCU_HEAD.argument, 0)
    yield cpu.add(memory.scratch(RCU_AT.called), 1, full, 'explore:called')
    return 0
  },

  /** Waits for the callbacks that have been queued. */
  *explore_rcu_barrier(cpu) {
    const { memory } = cpu
    const queued = yield cpu.add(memory.scratch(RCU_AT.queued), 0, full, 'explore:before')
    yield* rcuBarrier(cpu)
    const called = yield cpu.add(memory.scratch(RCU_AT.called), 0, full, 'explore:after')
    if (called < queued) yield cpu.add(memory.scratch(RCU_AT.late), queued - called, full, 'explore:late')
    return 0
  },

  /** The teardown of a step in the ONLINE section: the CPU that goes leaves a callback behind. */
  *explore_rcu_leave(cpu) {
    yield* queueOne(cpu)
    return 0
  },

  /** That of a step that runs when the CPU is dead: it wants all callbacks to be over. */
  *explore_rcu_await(cpu) {
    yield* rcuBarrier(cpu)
    return 0
  },
} satisfies Record<string, KernelFunction>
