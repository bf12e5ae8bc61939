// What every task's stack begins with, and where it ends.
import { TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import type { Kernel } from '../ops/operation.js'
import { finishTaskSwitch, scheduleOnce, setCurrentState } from '../sched/core.js'
import { priorityOf, RESTART, STATE } from '../sched/task.js'
import { complete } from '../sync/completion.js'
import { EVENT, withPriorities } from '../trace/events.js'

/**
 * The outermost frame of a task that has just been switched to for the first time on this CPU, as schedule() left it:
 * rq.lock held, interrupts and preemption off. It is restartable before its function begins, and while it sleeps at a
 * restart point: then its frames are dropped, and it begins here again where it wakes.
 */
export function* startTask(cpu: Cpu, previous: number): Kernel<number> {
  const { memory, task } = cpu
  cpu.restartable = true
  yield* finishTaskSwitch(cpu, previous)
  cpu.preemptEnable()
  for (;;) {
    cpu.restartable = false
    const fn = cpu.functions.get(memory.get(task + TASK.entry))
    const result = yield* fn(cpu, task, memory.get(task + TASK.argument))
    cpu.restartable = false
    if (result !== RESTART) {
      memory.set(task + TASK.exitCode, result)
      cpu.trace(withPriorities(EVENT.sched_process_exit, priorityOf(memory, task)), task, 0, 0)
      cpu.preemptDisable()
      yield* complete(cpu, task + TASK.exited)
      yield setCurrentState(cpu, STATE.dead, 'do_exit')
      cpu.preemptEnable()
    }
    // Without an operation in between: from here to the switch nobody else sees it.
    cpu.preemptDisable()
    cpu.restartable = true
    // Comes back only when it has been woken before it could leave the CPU.
    yield* scheduleOnce(cpu, false)
    cpu.preemptEnable()
  }
}
