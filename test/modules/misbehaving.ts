// Kernel code with defects, each of a kind that people really write: for tests that they are found.
import { cpusReadReady } from '../../src/hotplug/locks.js'
import { threadOf, unparkThread } from '../../src/kthread/kthread.js'
import { THREADS } from '../../src/kthread/smpboot.js'
import { CALL_SINGLE, GLOBAL, PERCPU, STOPPER } from '../../src/memory/structs.js'
import type { KernelFunction } from '../../src/ops/cpu.js'
import { FN } from '../../src/ops/functions.js'
import { setBit } from '../../src/ops/mask.js'
import { acquire, full } from '../../src/ops/operation.js'
import { mutexLock } from '../../src/sync/mutex.js'

export const functions: Record<string, KernelFunction> = {
  /** takes a mutex, and returns without giving it back */
  *keep_mutex(cpu) {
    yield* mutexLock(cpu, cpu.memory.global + GLOBAL.stateMutex)
    return 0
  },

  /** comes as a reader, and leaves by another door */
  *stay_reader(cpu) {
    yield* cpusReadReady(cpu)
    return 0
  },

  /** takes a spinlock of CPU `a` and forgets it */
  *keep_spinlock(cpu, a) {
    yield cpu.compareExchange(cpu.memory.stopper(a) + STOPPER.lock, 0, cpu.id + 1, acquire, 'keep_spinlock')
    return 0
  },

  /** queues a function call for CPU `a` without checking that it is online, and without an interrupt */
  *call_blindly(cpu, a) {
    const { memory } = cpu
    const call = memory.percpu(cpu.id) + PERCPU.call
    memory.set(call + CALL_SINGLE.function, FN.rcu_exp_handler)
    memory.set(call + CALL_SINGLE.busy, 1)
    yield cpu.compareExchange(memory.percpu(a) + PERCPU.callQueue, 0, call, full, 'call_blindly')
    return 0
  },

  /** keeps its CPU busy until word `a` is no longer 0 */
  *spin_until(cpu, a) {
    while ((yield cpu.load(a, acquire, 'spin_until')) === 0) {}
    return 0
  },

  /** a startup callback that leaves its CPU marked as dying */
  *leave_dying(cpu, subject) {
    yield setBit(cpu, cpu.memory.dying, subject, 'leave_dying')
    return 0
  },

  /** a teardown callback of the DEAD section that lets a thread of the dead CPU go */
  *unpark_dead(cpu, subject) {
    yield* unparkThread(cpu, threadOf(cpu.memory, subject, THREADS.ksoftirqd))
    return 0
  },
}
