// Kernel functions for test/kthread.
import { acquire, full, type KernelFunction } from '../../src/kernel-api.js'
import { parkThread, threadOf, unparkThread, wakeUpProcess } from '../../src/kthread/kthread.js'
import { THREADS } from '../../src/kthread/smpboot.js'
import { TASK } from '../../src/memory/structs.js'
import { STATE } from '../../src/sched/task.js'

/** In scratch memory: what must not be. */
export const AT = { wrong: 0 } as const

export const functions = {
  /** Parks and unparks ksoftirqd of `subject` `times` times; between the two it must be off its CPU, and stay there. */
  *kthread_park_and_unpark(cpu, subject, times) {
    const task = threadOf(cpu.memory, subject, THREADS.ksoftirqd)
    for (let n = 0; n < times; n++) {
      yield* parkThread(cpu, task)
      for (let look = 0; look < 8; look++) {
        const state = yield cpu.load(task + TASK.state, acquire, 'kthread:state')
        const off = yield cpu.load(task + TASK.onCpu, acquire, 'kthread:on_cpu')
        const queued = yield cpu.load(task + TASK.onRunqueue, acquire, 'kthread:on_rq')
        if (state !== STATE.parked || off !== 0 || queued !== 0)
          yield cpu.add(cpu.memory.scratch(AT.wrong), 1, full, 'kthread:wrong')
      }
      yield* unparkThread(cpu, task)
    }
    return times
  },

  /** Wakes that thread `times` times: an ordinary wakeup does not unpark. Answers how often it was asleep. */
  *kthread_wake(cpu, subject, times) {
    const task = threadOf(cpu.memory, subject, THREADS.ksoftirqd)
    let woken = 0
    for (let n = 0; n < times; n++) woken += yield* wakeUpProcess(cpu, task)
    return woken
  },

  *kthread_park_twice(cpu, subject) {
    const task = threadOf(cpu.memory, subject, THREADS.ksoftirqd)
    yield* parkThread(cpu, task)
    yield* parkThread(cpu, task)
    return 0
  },
} satisfies Record<string, KernelFunction>
