// Whether a CPU has something to do.
import type { Machine } from '../src/machine/machine.js'
import { TASK } from '../src/memory/structs.js'

/** Runnable tasks of the load on a CPU; the kernel's own threads and requesters do not count. */
export function runnableTasks({ memory }: Machine, cpu: number): number {
  let runnable = 0
  for (let n = 0; n < memory.layout.config.tasks; n++) {
    const task = memory.userTask(n)
    if (memory.get(task + TASK.cpu) === cpu && memory.get(task + TASK.onRunqueue) === 1) runnable++
  }
  return runnable
}
