// What a task is, for the reader of a report.
import type { Memory } from '../memory/memory.js'
import { TASK } from '../memory/structs.js'
import { commOf, FLAG } from '../sched/task.js'
import type { TaskDescription } from './timeline.js'

export function describeTask(memory: Memory, task: number): TaskDescription {
  const flags = memory.get(task + TASK.flags)
  const name = commOf(memory, task)
  if ((flags & FLAG.idle) !== 0) return { name: 'idle', kind: 'idle' }
  if ((flags & FLAG.user) !== 0) return { name, kind: 'user' }
  if (name.startsWith('cpuhp/')) return { name, kind: 'hotplug' }
  if (name.startsWith('migration/')) return { name, kind: 'stopper' }
  return { name, kind: 'kernel' }
}
