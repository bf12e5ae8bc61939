// Softirqs and tasklets: all are served, each tasklet once for each time that it was scheduled, and none is left on a dead CPU.

import type { Memory } from '../memory/memory.js'
import { SOFTIRQ_DATA, TASKLET, TASKLET_HEAD } from '../memory/structs/deferred.js'
import { CPUHP, PERCPU } from '../memory/structs.js'
import { bitsOf } from '../ops/mask.js'
import { cpusOf, type Findings, type Invariant, stateOf, type World } from './invariant.js'

const SCHEDULED = 1

/** The tasklets on a list, up to one that is on a list that has been seen already. */
function* taskletsOf(memory: Memory, list: number, seen: Set<number>): Generator<number, void, undefined> {
  for (let at = memory.get(list + TASKLET_HEAD.head); at !== 0; at = memory.get(at + TASKLET.next)) {
    yield at
    if (seen.has(at)) return
    seen.add(at)
  }
}

function listsOf(memory: Memory, cpu: number): readonly number[] {
  const data = memory.percpu(cpu) + PERCPU.softirq
  return [data + SOFTIRQ_DATA.tasklets, data + SOFTIRQ_DATA.hiTasklets]
}

function* served({ memory }: World): Findings {
  for (const cpu of bitsOf(memory, memory.online)) {
    const pending = memory.get(memory.percpu(cpu) + PERCPU.softirq + SOFTIRQ_DATA.pending)
    if (pending !== 0) yield `CPU ${cpu} has softirqs pending: 0x${pending.toString(16)}`
  }
}

function* runOnce({ memory }: World): Findings {
  const seen = new Set<number>()
  let left = 0
  for (const cpu of cpusOf(memory)) {
    const data = memory.percpu(cpu) + PERCPU.softirq
    left = (left + memory.get(data + SOFTIRQ_DATA.taskletsScheduled) - memory.get(data + SOFTIRQ_DATA.taskletsRun)) | 0
    for (const list of listsOf(memory, cpu)) {
      let last = 0
      for (const tasklet of taskletsOf(memory, list, seen)) {
        if (seen.has(tasklet)) yield `tasklet ${tasklet} of CPU ${cpu} is on a list twice`
        if ((memory.get(tasklet + TASKLET.state) & SCHEDULED) === 0) yield `tasklet ${tasklet} was not scheduled`
        last = tasklet
      }
      if (memory.get(list + TASKLET_HEAD.tail) !== last) yield `a list of tasklets of CPU ${cpu} ends elsewhere`
    }
  }
  if (left !== seen.size) yield `${left} tasklets have not run since they were scheduled, ${seen.size} are on lists`
}

function* takenOver(world: World): Findings {
  const { memory } = world
  const dead = stateOf(world, 'takeover_tasklets', false)
  for (const cpu of cpusOf(memory)) {
    if (memory.get(memory.cpuhp(cpu) + CPUHP.state) >= dead) continue
    const left = listsOf(memory, cpu).some((list) => memory.get(list + TASKLET_HEAD.head) !== 0)
    if (left) yield `CPU ${cpu} is dead, and has tasklets`
  }
}

export const SOFTIRQ_INVARIANTS: readonly Invariant[] = [
  { name: 'softirqs-served', atRest: true, says: 'no online CPU has softirqs pending', check: served },
  { name: 'tasklets-run-once', says: 'a tasklet that is scheduled is on one list until it runs, once', check: runOnce },
  { name: 'tasklets-taken-over', says: 'no CPU that is dead has tasklets', check: takenOver },
]
