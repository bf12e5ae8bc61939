// Kernel functions for test/workqueue.
import { type Cpu, full, type Kernel, type KernelFunction, schedule } from '../../src/kernel-api.js'
import { commOf } from '../../src/sched/task.js'
import { beginWorkOnCpu, workOnCpuReady, workOnCpuResult } from '../../src/workqueue/work-on-cpu.js'

/** In scratch memory. */
export const AT = {
  /** works that were done, and their arguments in that order */
  done: 0,
  order: 1,
  /** what must not be: work on another CPU than its own, or by another task than the kworker, or two at once there */
  wrong: 256,
  /** for each CPU: 1 while its worker works */
  inside: 288,
} as const

function* queueAndWait(cpu: Cpu, target: number, argument: number): Kernel<number> {
  yield* beginWorkOnCpu(cpu, target, cpu.functions.find('workqueue_work'), argument)
  while (!(yield* workOnCpuReady(cpu))) yield* schedule(cpu)
  return workOnCpuResult(cpu)
}

export const functions = {
  /** The work: `argument` is its number, and from bit 8 the CPU that it was queued for. Answers 1000 + number. */
  *workqueue_work(cpu, argument) {
    const { memory } = cpu
    const inside = memory.scratch(AT.inside) + cpu.id
    const alone = (yield cpu.add(inside, 1, full, 'workqueue:inside')) === 0
    const right = alone && cpu.id === argument >> 8 && commOf(memory, cpu.task).startsWith(`kworker/${cpu.id}:`)
    if (!right) yield cpu.add(memory.scratch(AT.wrong), 1, full, 'workqueue:wrong')
    const n = yield cpu.add(memory.scratch(AT.done), 1, full, 'workqueue:done')
    memory.set(memory.scratch(AT.order) + n, argument & 0xff)
    yield cpu.add(inside, -1, full, 'workqueue:outside')
    return 1000 + (argument & 0xff)
  },

  /** `count` works one after another on one CPU; answers how many came back with their results. */
  *workqueue_series(cpu, target, count) {
    let right = 0
    for (let n = 0; n < count; n++) if ((yield* queueAndWait(cpu, target, (target << 8) | n)) === 1000 + n) right++
    return right
  },

  /** One work on each CPU in turn, `rounds` times; answers how many came back with their results. */
  *workqueue_everywhere(cpu, rounds) {
    let right = 0
    for (let n = 0; n < rounds; n++) {
      for (let target = 0; target < cpu.memory.layout.config.cpus; target++) {
        if ((yield* queueAndWait(cpu, target, (target << 8) | n)) === 1000 + n) right++
      }
    }
    return right
  },
} satisfies Record<string, KernelFunction>
