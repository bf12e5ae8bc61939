// Moving the tasks of a process into another cpuset: all at once, with no task made meanwhile, and the set of CPUs held still.
//
//   cgroup_attach                             who brings a CPU up for the first time
//   cpu_hotplug_lock for reading              cpu_hotplug_lock for writing
//   threadgroup lock for writing              threadgroup lock for reading: makes the CPU's threads
import { cpusReadLock, cpusReadUnlock } from '../hotplug/locks.js'
import type { Cpu } from '../ops/cpu.js'
import type { Kernel } from '../ops/operation.js'
import { setProcessAffinity } from '../process/process.js'
import { threadgroupLock } from '../process/threadgroup.js'
import { writeLock, writeUnlock } from '../sync/percpu-rwsem.js'

/**
 * Allows all tasks of a process the CPUs of its mask. Answers as setProcessAffinity does. May sleep in the middle: for kernel
 * threads, and not on a CPU that somebody may take down, who would wait for its frames to go.
 */
export function* cgroupAttach(cpu: Cpu, process: number): Kernel<number> {
  const threadgroup = threadgroupLock(cpu.memory)
  const inverted = cpu.bugs.has('M30')
  if (!inverted) yield* cpusReadLock(cpu)
  yield* writeLock(cpu, threadgroup)
  if (inverted) yield* cpusReadLock(cpu)
  const result = yield* setProcessAffinity(cpu, process)
  if (inverted) yield* cpusReadUnlock(cpu)
  yield* writeUnlock(cpu, threadgroup)
  if (!inverted) yield* cpusReadUnlock(cpu)
  return result
}
