// Having a function called on another CPU by its worker, and waiting for what it returns (work_on_cpu).
//
//   the task                                  kworker of the target CPU
//   queue its own work on `events`            call the function; note the result
//   sleep until its barrier is complete       complete the task's barrier
import { NS_PER_US } from '../base/time.js'
import { WORK_FOR_CPU, WORKER, WQ_BARRIER } from '../memory/structs/workqueues.js'
import { TASK } from '../memory/structs.js'
import { bugOn } from '../ops/bug.js'
import type { Cpu } from '../ops/cpu.js'
import { FN } from '../ops/functions.js'
import { bitsOf, hasBit, maskWord } from '../ops/mask.js'
import type { Kernel } from '../ops/operation.js'
import { setCpusAllowed } from '../sched/affinity.js'
import { isCpuAllowed } from '../sched/placement.js'
import { RESTART } from '../sched/task.js'
import { complete, completionReady, reinitCompletion } from '../sync/completion.js'
import { prepareToSleep } from '../time/sleep.js'
import { initWork } from './work.js'
import { queueWorkOn, systemWq } from './workqueue.js'

/** Has the worker of `target` call `fn`(argument, the work), as the current task's one call. Wait with workOnCpuReady. */
export function* beginWorkOnCpu(cpu: Cpu, target: number, fn: number, argument: number): Kernel<void> {
  const { memory, task } = cpu
  const call = task + TASK.workForCpu
  initWork(memory, call + WORK_FOR_CPU.work, FN.work_for_cpu_fn, call)
  memory.set(call + WORK_FOR_CPU.owner, task)
  memory.set(call + WORK_FOR_CPU.function, fn)
  memory.set(call + WORK_FOR_CPU.argument, argument)
  reinitCompletion(cpu, task + TASK.barrier + WQ_BARRIER.done)
  yield* queueWorkOn(cpu, target, systemWq(memory), call + WORK_FOR_CPU.work)
}

/** Whether the call is over; else prepares the current task to sleep until then (see completionReady). */
export function* workOnCpuReady(cpu: Cpu): Kernel<boolean> {
  return yield* completionReady(cpu, cpu.task + TASK.barrier + WQ_BARRIER.done)
}

/** What the function returned. */
export function workOnCpuResult(cpu: Cpu): number {
  return cpu.memory.get(cpu.task + TASK.workForCpu + WORK_FOR_CPU.result)
}

/** The work: by the worker. */
export function* workForCpuFn(cpu: Cpu, call: number, work: number): Kernel<number> {
  const { memory } = cpu
  const fn = cpu.functions.get(memory.get(call + WORK_FOR_CPU.function))
  const result = yield* fn(cpu, memory.get(call + WORK_FOR_CPU.argument), work)
  if (result === RESTART) return RESTART
  memory.set(call + WORK_FOR_CPU.result, result)
  // The call is its task's again from here on.
  yield* complete(cpu, memory.get(call + WORK_FOR_CPU.owner) + TASK.barrier + WQ_BARRIER.done)
  return 0
}

/**
 * For a piece of work that may not be done on this CPU: prepares its worker, which is unbound, to sleep and to go on
 * elsewhere. The work answers RESTART then, and is begun anew; when it is through, it calls workAnywhere.
 */
export function* workElsewhere(cpu: Cpu): Kernel<void> {
  const { memory, task } = cpu
  // One that excludes this CPU already is on its way.
  if (hasBit(memory.get(maskWord(memory.affinity(task), cpu.id)), cpu.id)) {
    let target = -1
    for (const other of bitsOf(memory, memory.online)) {
      if (other === cpu.id || !(yield* isCpuAllowed(cpu, task, other))) continue
      target = other
      break
    }
    // As where it would be woken, had it gone to sleep here for good.
    bugOn(target < 0, 'select_fallback_rq', `no CPU is left for task ${memory.get(task + TASK.pid)}`)
    yield* setCpusAllowed(cpu, task, (w) => (w === target >> 5 ? 1 << (target & 31) : 0))
  }
  yield* prepareToSleep(cpu, NS_PER_US)
}

/** Allows the current worker every CPU again, if it is unbound. The hotplug operation that it carries out keeps it so. */
export function* workAnywhere(cpu: Cpu): Kernel<void> {
  const { memory, task } = cpu
  if (memory.get(memory.get(task + TASK.worker) + WORKER.bound) === 1) return
  yield* setCpusAllowed(cpu, task, (w) => memory.get(memory.possible + w))
}
