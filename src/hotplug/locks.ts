// The locks of CPU hotplug, outermost first:
//
//   device_hotplug_lock -> cpu_add_remove_lock -> cpu_hotplug_lock -> cpuhp_state_mutex

import type { Memory } from '../memory/memory.js'
import { GLOBAL, PERCPU } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import type { Kernel } from '../ops/operation.js'
import { mutexLock, mutexUnlock } from '../sync/mutex.js'
import { type PercpuRwsem, readLock, readReady, readUnlock, writeLock, writeUnlock } from '../sync/percpu-rwsem.js'

const semaphores = new WeakMap<Memory, PercpuRwsem>()

/** cpu_hotplug_lock: for writing by whoever changes the set of online CPUs, for reading by whoever needs it to hold still. */
export function hotplugLock(memory: Memory): PercpuRwsem {
  let sem = semaphores.get(memory)
  if (sem === undefined) {
    const address = memory.global + GLOBAL.hotplugLock
    sem = { address, readers: (m, cpu) => m.percpu(cpu) + PERCPU.hotplugReaders }
    semaphores.set(memory, sem)
  }
  return sem
}

export function* cpusWriteLock(cpu: Cpu): Kernel<void> {
  yield* writeLock(cpu, hotplugLock(cpu.memory))
}

export function* cpusWriteUnlock(cpu: Cpu): Kernel<void> {
  yield* writeUnlock(cpu, hotplugLock(cpu.memory))
}

/** Whether the current task has the lock for reading; else it is prepared to sleep (see completionReady). */
export function* cpusReadReady(cpu: Cpu): Kernel<boolean> {
  return yield* readReady(cpu, hotplugLock(cpu.memory))
}

/** Takes the lock for reading, asleep until it can: for who keeps its frames meanwhile. */
export function* cpusReadLock(cpu: Cpu): Kernel<void> {
  yield* readLock(cpu, hotplugLock(cpu.memory))
}

export function* cpusReadUnlock(cpu: Cpu): Kernel<void> {
  yield* readUnlock(cpu, hotplugLock(cpu.memory))
}

export function* lockStates(cpu: Cpu): Kernel<void> {
  yield* mutexLock(cpu, cpu.memory.global + GLOBAL.stateMutex)
}

export function* unlockStates(cpu: Cpu): Kernel<void> {
  yield* mutexUnlock(cpu, cpu.memory.global + GLOBAL.stateMutex)
}
