// Task groups with a limit: who has no runtime is held up, is let go again, and nothing is had twice.

import { LIMITS } from '../memory/layout.js'
import type { Memory } from '../memory/memory.js'
import { HRTIMER } from '../memory/structs/hrtimers.js'
import { CFS_RQ, TASK_GROUP } from '../memory/structs/task-groups.js'
import { RUNQUEUE, TASK } from '../memory/structs.js'
import { SLICE_NS } from '../sched/bandwidth.js'
import { levelOf } from '../sched/task.js'
import { cpusOf, type Findings, type Invariant, nameOf, tasksOf, type World } from './invariant.js'

/** Tasks that a group holds up on a CPU, as far as the list can be followed. */
export function* heldOn(memory: Memory, cfs: number): Generator<number, void, undefined> {
  let left = memory.layout.taskCount + 1
  for (let task = memory.get(cfs + CFS_RQ.held); task !== 0 && left-- > 0; task = memory.get(task + TASK.heapNext)) {
    yield task
  }
}

function* held({ memory }: World): Findings {
  const places = new Map<number, number>()
  const counts = new Map<number, number>()
  for (const task of tasksOf(memory)) {
    const group = memory.get(task + TASK.group)
    if (group === 0 || memory.get(task + TASK.onRunqueue) !== 1 || levelOf(memory, task) !== 0) continue
    const cfs = memory.cfsRq(group, memory.get(task + TASK.cpu))
    counts.set(cfs, (counts.get(cfs) ?? 0) + 1)
  }
  for (let group = 1; group < LIMITS.groups; group++) {
    for (const cpu of cpusOf(memory)) {
      const cfs = memory.cfsRq(group, cpu)
      const count = memory.get(cfs + CFS_RQ.count)
      if (count !== (counts.get(cfs) ?? 0)) {
        yield `group ${group} counts ${count} runnable tasks on CPU ${cpu}, there are ${counts.get(cfs) ?? 0}`
      }
      for (const task of heldOn(memory, cfs)) {
        const name = nameOf(memory, task)
        if (places.has(task)) {
          yield `${name} is held up on two CPUs, or twice on one`
          break
        }
        places.set(task, cpu)
        if (memory.get(task + TASK.held) !== 1) yield `${name} is held up without knowing`
        if (memory.get(cfs + CFS_RQ.throttled) === 0)
          yield `${name} is held up on CPU ${cpu}, where its group has runtime`
      }
    }
  }
  for (const task of tasksOf(memory)) {
    if (memory.get(task + TASK.held) === 1 && !places.has(task)) yield `${nameOf(memory, task)} is held up by nobody`
  }
}

function* throttled({ memory }: World): Findings {
  for (let number = 1; number < LIMITS.groups; number++) {
    const group = memory.taskGroup(number)
    const listed = new Set<number>()
    for (let cfs = memory.get(group + TASK_GROUP.head); cfs !== 0 && !listed.has(cfs); ) {
      listed.add(cfs)
      cfs = memory.get(cfs + CFS_RQ.next)
    }
    for (const cpu of cpusOf(memory)) {
      const cfs = memory.cfsRq(number, cpu)
      const is = memory.get(cfs + CFS_RQ.throttled) === 1
      if (is !== listed.has(cfs))
        yield `group ${number} is ${is ? '' : 'not '}throttled on CPU ${cpu}, its list says otherwise`
      if (is && memory.get(memory.runqueue(cpu) + RUNQUEUE.online) === 0)
        yield `group ${number} is throttled on CPU ${cpu}, which is closed to tasks`
    }
    const active = memory.get(group + TASK_GROUP.periodActive) === 1
    const armed = memory.get(group + TASK_GROUP.periodTimer + HRTIMER.queued) === 1
    if (active !== armed)
      yield `the period timer of group ${number} is ${armed ? '' : 'not '}armed, it is said to be otherwise`
    if (listed.size > 0 && !armed) yield `group ${number} is throttled, and no timer is there to let it go`
    const [runtime, quota] = [TASK_GROUP.runtime, TASK_GROUP.quota].map((at) => memory.getTime(group + at))
    // What a CPU gives back may come after the quota has been filled up again.
    const most = quota! + memory.layout.config.cpus * SLICE_NS
    if (runtime! > most) yield `group ${number} has ${runtime} ns left of a quota of ${quota} ns`
  }
}

export const BANDWIDTH_INVARIANTS: readonly Invariant[] = [
  { name: 'held-tasks-sound', says: 'a task is held up where its group has no runtime, and counted', check: held },
  {
    name: 'throttled-groups-wake',
    says: 'a throttled group has a timer, and no more than its quota',
    check: throttled,
  },
]
