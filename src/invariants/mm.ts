// Address spaces: each counts whoever holds on to it.
import { MM, TASK_MM } from '../memory/structs/mm.js'
import { TASK } from '../memory/structs.js'
import { type Findings, type Invariant, tasksOf, type World } from './invariant.js'

function* counted({ memory }: World): Findings {
  const holders = new Map<number, number>()
  const processes = new Map<number, Set<number>>()
  for (const task of tasksOf(memory)) {
    const own = memory.get(task + TASK.mm + TASK_MM.own)
    const active = memory.get(task + TASK.mm + TASK_MM.active)
    if (own !== 0) {
      const members = processes.get(own) ?? new Set()
      processes.set(own, members.add(memory.get(task + TASK.program)))
    } else if (active !== 0) holders.set(active, (holders.get(active) ?? 0) + 1)
  }
  const { base, stride, count } = memory.layout.mms
  for (let n = 0; n < count; n++) {
    const mm = base + n * stride
    const held = (holders.get(mm) ?? 0) + (processes.get(mm)?.size ?? 0)
    const says = memory.get(mm + MM.count)
    if (says !== held) yield `address space ${n} counts ${says} who hold on to it, there are ${held}`
  }
}

export const MM_INVARIANTS: readonly Invariant[] = [
  { name: 'mms-counted', atRest: true, says: 'each address space counts whoever holds on to it', check: counted },
]
