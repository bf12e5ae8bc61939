// Loads that hold per-CPU reader-writer locks.
//
// cpus_read_lock keeps every CPU where it is for as long as the section takes. The load's own lock has writers too: they
// change two words together, and readers must never see one of them without the other.

import { cpusReadReady, cpusReadUnlock } from '../hotplug/locks.js'
import type { Memory } from '../memory/memory.js'
import { LOADS } from '../memory/structs/loads.js'
import { PERCPU, TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { hasBit, loadBit } from '../ops/mask.js'
import type { Kernel } from '../ops/operation.js'
import { RESTART } from '../sched/task.js'
import { type PercpuRwsem, readReady, readUnlock, writeLock, writeUnlock } from '../sync/percpu-rwsem.js'
import { ARGUMENT, argumentOf, beginRound, COUNT, count, endRound, spin } from './round.js'

const PHASE = { between: 0, waits: 1 } as const

/** Holds cpu_hotplug_lock for reading for so long: no CPU comes or goes meanwhile. */
export function* cpusRead(cpu: Cpu, thread: number): Kernel<number> {
  const { memory, task } = cpu
  if (memory.get(task + TASK.phase) === PHASE.between) {
    yield* beginRound(cpu, thread)
    memory.set(task + TASK.phase, PHASE.waits)
  }
  if (!(yield* cpusReadReady(cpu))) return RESTART
  const some = yield cpu.choose(memory.layout.config.cpus, 'load_cpus_read:some')
  const before = hasBit(yield loadBit(cpu, memory.online, some, 'load_cpus_read:before'), some)
  yield* spin(cpu, argumentOf(cpu, thread, ARGUMENT.us), 'load_cpus_read')
  const after = hasBit(yield loadBit(cpu, memory.online, some, 'load_cpus_read:after'), some)
  if (before !== after) yield count(cpu, thread, COUNT.wrong, 'load_cpus_read:changed')
  yield* cpusReadUnlock(cpu)
  return yield* endRound(cpu, thread)
}

const semaphores = new WeakMap<Memory, PercpuRwsem>()

function loadLock(memory: Memory): PercpuRwsem {
  let sem = semaphores.get(memory)
  if (sem === undefined) {
    sem = { address: memory.loads + LOADS.lock, readers: (m, cpu) => m.percpu(cpu) + PERCPU.loadReaders }
    semaphores.set(memory, sem)
  }
  return sem
}

/** How often it was written. */
export const RWSEM_WRITTEN = COUNT.own

/** Reads two words under the lock, and now and then, one time in argument[2], writes them. */
export function* rwsem(cpu: Cpu, thread: number): Kernel<number> {
  const { memory, task } = cpu
  const sem = loadLock(memory)
  const [first, second] = [memory.loads + LOADS.first, memory.loads + LOADS.second]
  const us = argumentOf(cpu, thread, ARGUMENT.us)
  if (memory.get(task + TASK.phase) === PHASE.between) {
    yield* beginRound(cpu, thread)
    if ((yield cpu.choose(argumentOf(cpu, thread, ARGUMENT.own), 'load_rwsem:write')) === 0) {
      yield* writeLock(cpu, sem)
      memory.set(first, (memory.get(first) + 1) | 0)
      yield* spin(cpu, us, 'load_rwsem:written')
      memory.set(second, (memory.get(second) + 1) | 0)
      yield* writeUnlock(cpu, sem)
      yield count(cpu, thread, RWSEM_WRITTEN, 'load_rwsem:count')
      return yield* endRound(cpu, thread)
    }
    memory.set(task + TASK.phase, PHASE.waits)
  }
  if (!(yield* readReady(cpu, sem))) return RESTART
  const seen = memory.get(first)
  yield* spin(cpu, us, 'load_rwsem:read')
  if (memory.get(second) !== seen) yield count(cpu, thread, COUNT.wrong, 'load_rwsem:torn')
  yield* readUnlock(cpu, sem)
  return yield* endRound(cpu, thread)
}
