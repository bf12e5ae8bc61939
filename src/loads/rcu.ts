// RCU as a load, as rcutorture does it: readers, a writer that replaces what they look at, and one that only waits.
import { RCU_TORTURE } from '../memory/structs/rcu-torture.js'
import { TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { type Kernel, relaxed } from '../ops/operation.js'
import { beginWait, gracePeriodReady } from '../rcu/synchronize.js'
import { FREE_BY, tortureRead, tortureWrite } from '../rcu/torture.js'
import { RESTART } from '../sched/task.js'
import { ARGUMENT, argumentOf, beginRound, COUNT, count, endRound } from './round.js'

/** What these threads add to their own counts: read sides, replacements, grace periods that were only waited for. */
export const TORTURE = { read: COUNT.own, replaced: COUNT.own + 1, waited: COUNT.own + 2 } as const

/** Which part each of them has, in turn. */
const ROLES = ['reader', 'writer', 'reader', 'fakewriter'] as const
/** Read sides in a round. */
const READS = 8
const PHASE = { between: 0, waiting: 1 } as const

export function* rcu(cpu: Cpu, thread: number): Kernel<number> {
  const { memory, task } = cpu
  if (memory.get(task + TASK.phase) === PHASE.between) {
    yield* beginRound(cpu, thread)
    const role = yield* roleOf(cpu)
    if (role === 'reader') yield* read(cpu, thread)
    else if (role === 'writer') yield* write(cpu, thread)
    else {
      beginWait(cpu)
      memory.set(task + TASK.phase, PHASE.waiting)
    }
  }
  if (memory.get(task + TASK.phase) === PHASE.waiting) {
    if (!(yield* gracePeriodReady(cpu))) return RESTART
    yield count(cpu, thread, TORTURE.waited, 'load_rcu:waited')
  }
  return yield* endRound(cpu, thread)
}

/** The first thread that comes is a reader, and so on. */
function* roleOf(cpu: Cpu): Kernel<(typeof ROLES)[number]> {
  const { memory, task } = cpu
  const number = task + TASK.progress
  if (memory.get(number) === 0) {
    memory.set(number, (yield cpu.add(memory.rcuTorture + RCU_TORTURE.threads, 1, relaxed, 'load_rcu:role')) + 1)
  }
  return ROLES[(memory.get(number) - 1) % ROLES.length]!
}

function* read(cpu: Cpu, thread: number): Kernel<void> {
  const us = argumentOf(cpu, thread, ARGUMENT.us)
  for (let n = 0; n < READS; n++) {
    if ((yield* tortureRead(cpu, us)) !== 0) yield count(cpu, thread, COUNT.wrong, 'load_rcu:wrong')
    yield count(cpu, thread, TORTURE.read, 'load_rcu:read')
  }
}

function* write(cpu: Cpu, thread: number): Kernel<void> {
  if ((yield* tortureWrite(cpu, FREE_BY.callback)) === 1)
    yield count(cpu, thread, TORTURE.replaced, 'load_rcu:replaced')
}
