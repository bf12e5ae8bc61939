// What every task's stack begins with, and where it ends.
import { RUNQUEUE, TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import type { Kernel } from '../ops/operation.js'
import { finishTaskSwitch, scheduleOnce, setCurrentState } from '../sched/core.js'
import { isMovable } from '../sched/placement.js'
import { RESTART, STATE } from '../sched/task.js'
import { complete } from '../sync/completion.js'

/**
 * The outermost frame of a task that has just been switched to for the first time on this CPU, as schedule() left it:
 * rq.lock held, interrupts and preemption off. A task that may change CPU is pinned while its function runs, and is free
 * to go while it sleeps at a restart point: then its frames are dropped, and it begins here again where it wakes.
 */
export function* startTask(cpu: Cpu, previous: number): Kernel<number> {
  const { memory, task } = cpu
  yield* finishTaskSwitch(cpu, previous)
  cpu.preemptEnable()
  const movable = isMovable(cpu, task)
  for (;;) {
    if (movable) yield* setPinned(cpu, 1)
    const fn = cpu.functions.get(memory.get(task + TASK.entry))
    const result = yield* fn(cpu, task, memory.get(task + TASK.argument))
    cpu.preemptDisable()
    if (movable) yield* setPinned(cpu, 0)
    if (result !== RESTART) {
      memory.set(task + TASK.exitCode, result)
      yield* complete(cpu, task + TASK.exited)
      yield setCurrentState(cpu, STATE.dead, 'do_exit')
    }
    // Comes back only when it has been woken before it could leave the CPU.
    yield* scheduleOnce(cpu, false)
    cpu.preemptEnable()
  }
}

function* setPinned(cpu: Cpu, pinned: number): Kernel<void> {
  const { memory, task } = cpu
  const rq = memory.runqueue(cpu.id)
  yield cpu.lockIrq(rq + RUNQUEUE.lock, 'set_pinned')
  memory.set(task + TASK.pinned, pinned)
  memory.set(rq + RUNQUEUE.pinned, memory.get(rq + RUNQUEUE.pinned) + (pinned ? 1 : -1))
  yield cpu.unlockIrq(rq + RUNQUEUE.lock, 'set_pinned')
}
