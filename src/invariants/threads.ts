// The per-CPU threads: bound to their CPU, and parked when it is down.
//
//   cpuhp/N, migration/N    parked while the CPU is offline
//   ksoftirqd/N             parked below smpboot/threads:online

import { THREAD, threadOf } from '../kthread/kthread.js'
import { THREADS } from '../kthread/smpboot.js'
import type { Memory } from '../memory/memory.js'
import { CPUHP, HOTPLUG_THREADS, TASK } from '../memory/structs.js'
import { bitsOf } from '../ops/mask.js'
import { FLAG, STATE } from '../sched/task.js'
import { cpusOf, type Findings, type Invariant, nameOf, stateOf, type World } from './invariant.js'
import { isOnlineState } from './records.js'

/** Every per-CPU thread that has been made: its CPU, its kind, its task. */
function* threadsOf(memory: Memory): Generator<readonly [cpu: number, kind: number, task: number], void, undefined> {
  for (const cpu of cpusOf(memory)) {
    for (let kind = 0; kind < HOTPLUG_THREADS; kind++) {
      const task = threadOf(memory, cpu, kind)
      if (task !== 0) yield [cpu, kind, task]
    }
  }
}

function* bound(world: World): Findings {
  const { memory } = world
  for (const [cpu, kind, task] of threadsOf(memory)) {
    if (task !== memory.threadTask(cpu, kind)) {
      yield `thread ${kind} of CPU ${cpu} is ${nameOf(memory, task)}, another's task`
      continue
    }
    const name = nameOf(memory, task)
    const flags = FLAG.kthread | FLAG.perCpu
    if ((memory.get(task + TASK.flags) & flags) !== flags) yield `${name} is not marked as bound to its CPU`
    if (memory.get(task + TASK.cpu) !== cpu) yield `${name} is on CPU ${memory.get(task + TASK.cpu)}`
    const allowed = [...bitsOf(memory, memory.affinity(task))]
    if (allowed.length !== 1 || allowed[0] !== cpu) yield `${name} may run on CPUs ${allowed.join(', ') || 'none'}`
  }
}

function* parked(world: World): Findings {
  const { memory } = world
  const unparkedFrom = stateOf(world, 'smpboot_unpark_threads', true)
  for (const [cpu, kind, task] of threadsOf(memory)) {
    const name = nameOf(memory, task)
    // One that has just been woken says so once more before it looks whether it is still to be.
    const isParked = memory.get(task + TASK.state) === STATE.parked && memory.get(task + TASK.onRunqueue) === 0
    const asked = (memory.get(task + TASK.threadFlags) & THREAD.shouldPark) !== 0
    if (asked !== isParked) yield `${name} is ${asked ? '' : 'not '}to be parked, and is${isParked ? '' : ' not'}`
    const state = memory.get(memory.cpuhp(cpu) + CPUHP.state)
    const expected = parksAt(kind, state, unparkedFrom)
    if (expected !== null && expected !== asked) {
      yield `${name} is ${asked ? '' : 'not '}parked, its CPU is in state ${state}`
    }
  }
}

/** Whether a thread of this kind is parked while its CPU is in a state; null where the state does not tell. */
function parksAt(kind: number, state: number, unparkedFrom: number): boolean | null {
  if (kind === THREADS.cpuhp || kind === THREADS.migration) return !isOnlineState(state)
  if (kind === THREADS.ksoftirqd && unparkedFrom >= 0) return state < unparkedFrom
  return null
}

export const THREAD_INVARIANTS: readonly Invariant[] = [
  { name: 'threads-bound', says: "a CPU's own threads are bound to it", check: bound },
  { name: 'threads-parked', says: "an offline CPU's threads are parked, an online one's are not", check: parked },
]
