// cgroup_threadgroup_rwsem: held for reading while a task is made, for writing while the tasks of a process are moved into
// another group, so that none is overlooked. It nests inside the hotplug lock: a CPU that comes up for the first time has its
// threads made.
import type { Memory } from '../memory/memory.js'
import { GLOBAL, PERCPU } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import type { Kernel } from '../ops/operation.js'
import { type PercpuRwsem, readLock, readUnlock } from '../sync/percpu-rwsem.js'

const semaphores = new WeakMap<Memory, PercpuRwsem>()

export function threadgroupLock(memory: Memory): PercpuRwsem {
  let sem = semaphores.get(memory)
  if (sem === undefined) {
    const address = memory.global + GLOBAL.threadgroupLock
    sem = { address, readers: (m, cpu) => m.percpu(cpu) + PERCPU.threadgroupReaders }
    semaphores.set(memory, sem)
  }
  return sem
}

/** From here on no task is moved, until threadgroupChangeEnd: one is made. May sleep. */
export function* threadgroupChangeBegin(cpu: Cpu): Kernel<void> {
  yield* readLock(cpu, threadgroupLock(cpu.memory))
}

export function* threadgroupChangeEnd(cpu: Cpu): Kernel<void> {
  yield* readUnlock(cpu, threadgroupLock(cpu.memory))
}
