// Who an actor is at the moment: the task that runs on a CPU, or a device.
import type { View } from '../machine/deterministic/strategy.js'
import { PERCPU } from '../memory/structs.js'
import { commOf } from '../sched/task.js'

/** `cpu`: what View.cpuOf answers. */
export function taskOn({ memory }: View, cpu: number): string {
  const { cpus } = memory.layout.config
  if (cpu >= cpus) return `device ${cpu - cpus}`
  return commOf(memory, memory.get(memory.percpu(cpu) + PERCPU.current))
}
