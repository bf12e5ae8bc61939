// What an invariant is: a sentence about a machine that must be true whenever it is at rest, and the look that tells.
//
// At rest means: no request is under way, no user task runs, and what follows an answer (a kworker going back to sleep, the
// last instructions of the requester) is over too. Whoever checks a machine that runs has to let it settle first.
//
// Stopped means: the machine is busy, and stop_machine holds all its CPUs, with no hotplug operation under way
// (Machine.freeze). What only comes to rest with the last request is not looked at then.

import { callbackOf } from '../hotplug/states.js'
import { LIMITS } from '../memory/layout.js'
import type { Memory } from '../memory/memory.js'
import { TASK } from '../memory/structs.js'
import { commOf, FLAG } from '../sched/task.js'

/** What is looked at. A Machine is one. */
export interface World {
  readonly memory: Memory
  /** the name of a kernel function by its number */
  functionName(number: number): string
  /** how long the host has stood still since a time of the machine's, ns: nobody can be blamed for that */
  stalledSince?(timeNs: number): number
}

/** What is wrong, a line each; nothing when all is well. */
export type Findings = Generator<string, void, undefined>

export interface Invariant {
  /** as in reports: 'masks-nest' */
  readonly name: string
  /** what must hold, in a sentence */
  readonly says: string
  /** holds at rest only, not while all CPUs are stopped */
  readonly atRest?: true
  check(world: World): Findings
}

/** All possible CPUs. */
export function* cpusOf(memory: Memory): Generator<number, void, undefined> {
  for (let cpu = 0; cpu < memory.layout.config.cpus; cpu++) yield cpu
}

/** The task structs in use: a task has a pid, or is a CPU's idle task. */
export function* tasksOf(memory: Memory): Generator<number, void, undefined> {
  for (let index = 0; index < memory.layout.taskCount; index++) {
    const task = memory.task(index)
    if (memory.get(task + TASK.pid) !== 0 || (memory.get(task + TASK.flags) & FLAG.idle) !== 0) yield task
  }
}

/** A task for a reader: 'kworker/1', 'task 57' when it has no name, 'word 17' for what is no task at all. */
export function nameOf(memory: Memory, task: number): string {
  if (task === 0) return 'nobody'
  const index = memory.taskIndex(task)
  if (!Number.isInteger(index) || index < 0 || index >= memory.layout.taskCount) return memory.layout.describe(task)
  return commOf(memory, task) || `task ${index}`
}

/** The state whose startup or teardown is the function of that name; -1 when the step table has none. */
export function stateOf(world: World, callback: string, bringup: boolean): number {
  for (let state = 0; state < LIMITS.states; state++) {
    const fn = callbackOf(world.memory, state, bringup)
    if (fn !== 0 && world.functionName(fn) === callback) return state
  }
  return -1
}
