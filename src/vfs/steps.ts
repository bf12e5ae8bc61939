// What is there of a CPU only while it is above one of the steps of the table.
import { KernelError } from '../base/errno.js'
import { stateName } from '../hotplug/states.js'
import type { Memory } from '../memory/memory.js'
import { CPUHP } from '../memory/structs.js'
import { attribute, type FileNode } from './node.js'

/** Whether a CPU has taken the step of that name on its way up, and not yet undone it on its way down. */
export function hasTaken(memory: Memory, cpu: number, name: string): boolean {
  const state = memory.get(memory.cpuhp(cpu) + CPUHP.state)
  for (let step = 0; step <= state; step++) if (stateName(memory, step) === name) return true
  return false
}

/** An attribute that a step makes: whoever holds it open while the step is undone reads ENODEV, as of sysfs. */
export function attributeOfStep(memory: Memory, cpu: number, step: string, read: () => string): FileNode {
  return attribute(() => {
    if (!hasTaken(memory, cpu, step)) throw new KernelError('ENODEV', 'read')
    return read()
  })
}
