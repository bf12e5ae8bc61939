// Having a task moved that runs on another CPU, or has frames there: that CPU's stopper does it.
//
//   whoever changed its affinity              the task's CPU
//   preemption is off since before the
//     runqueue's lock was dropped
//   queue migration_cpu_stop -------------->  the stopper preempts the task, moves it,
//   preemption on; sleep until `done` <-----    completes `done`
//
// Nobody looks whether the stopper has taken the work. It has: the task was on that CPU under its runqueue's lock, so the
// CPU was up, and it can't go down before the stopper of this one has run as well, which takes preemption.
import { MIGRATION_ARG, STOP_DONE, TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { FN } from '../ops/functions.js'
import type { Kernel } from '../ops/operation.js'
import { moveFromHere } from '../sched/push.js'
import { complete, reinitCompletion, waitForCompletion } from '../sync/completion.js'
import { stopOneCpuNowait } from './stopper.js'

/** Has the stopper of `from` look after `task`, and waits. Called with preemption off; it is on when this returns. */
export function* affineMoveTask(cpu: Cpu, from: number, task: number): Kernel<void> {
  const { memory } = cpu
  const argument = cpu.task + TASK.migrationArg
  const done = cpu.task + TASK.stopDone + STOP_DONE.completion
  memory.set(argument + MIGRATION_ARG.task, task)
  memory.set(argument + MIGRATION_ARG.done, done)
  reinitCompletion(cpu, done)
  yield* stopOneCpuNowait(cpu, from, FN.migration_cpu_stop, argument, cpu.task + TASK.stopWork)
  cpu.preemptEnable()
  yield* waitForCompletion(cpu, done)
}

/** Stopper work: moves a task off this CPU if its affinity excludes it. One that must stay goes when it can. */
export function* migrationCpuStop(cpu: Cpu, argument: number): Kernel<number> {
  const { memory } = cpu
  const done = memory.get(argument + MIGRATION_ARG.done)
  yield* moveFromHere(cpu, memory.get(argument + MIGRATION_ARG.task), false)
  if (done !== 0) yield* complete(cpu, done)
  return 0
}
