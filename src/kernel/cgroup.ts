// Requests to change control groups, as they come through the files of the tree: taking the locks, in their order, and calling
// what cgroup/ does with them held.
//
//   cgroup_mutex                              who brings a CPU up for the first time
//   cpu_hotplug_lock for reading              cpu_hotplug_lock for writing
//   threadgroup lock for writing              threadgroup lock for reading: makes the CPU's threads

import { parseCpuList } from '../base/cpulist.js'
import { ERRNO } from '../base/errno.js'
import { UsageError } from '../base/failure.js'
import { kernelIntErrno, parseKernelInt } from '../base/kstrto.js'
import {
  attachProcess,
  cgroupMkdir,
  cgroupRmdir,
  changeSubtreeControl,
  findProcess,
  writeCpusetCpus,
} from '../cgroup/attach.js'
import type { MaskWords } from '../cgroup/cpuset.js'
import { CONTROLLER } from '../cgroup/groups.js'
import { threadgroupLock } from '../cgroup/threadgroup.js'
import { cpusReadLock, cpusReadReady, cpusReadUnlock } from '../hotplug/locks.js'
import type { Memory } from '../memory/memory.js'
import { CGROUP_ROOT } from '../memory/structs/cgroups.js'
import { PORT_SLOT, TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import type { Kernel } from '../ops/operation.js'
import { RESTART } from '../sched/task.js'
import { mutexLock, mutexReady, mutexUnlock } from '../sync/mutex.js'
import { writeLock, writeUnlock } from '../sync/percpu-rwsem.js'

/** Kinds of requests; `argument` 0 is the index of a group. */
export const CGROUP_REQUEST = {
  /** text: name; result: index of the group that has been made */
  mkdir: 50,
  rmdir: 51,
  /** text: what is written to these files */
  subtreeControl: 52,
  procs: 53,
  cpus: 54,
} as const

const PHASE = { mutex: 0, cpus: 1, locked: 2 } as const

/** Begins a request in the current task: call cgroupRequest next. */
export function beginCgroup(cpu: Cpu): void {
  cpu.memory.set(cpu.task + TASK.progress, PHASE.mutex)
}

/** Carries a request out, in the current task. Answers a result or a negative errno, or RESTART (see storeControl). */
export function* cgroupRequest(cpu: Cpu, kind: number, slot: number): Kernel<number> {
  const { memory, task } = cpu
  const phase = task + TASK.progress
  const mutex = memory.cgroupRoot + CGROUP_ROOT.cgroupMutex
  if (memory.get(phase) === PHASE.mutex) {
    if (kind !== CGROUP_REQUEST.cpus && !(yield* mutexReady(cpu, mutex))) return RESTART
    memory.set(phase, PHASE.cpus)
  }
  if (memory.get(phase) === PHASE.cpus) {
    if (!(yield* cpusReadReady(cpu))) return RESTART
    memory.set(phase, PHASE.locked)
  }
  const group = memory.cgroup(memory.get(slot + PORT_SLOT.argument))
  const result = yield* withLocks(cpu, kind, group, memory.getText(slot + PORT_SLOT.text, 32))
  yield* cpusReadUnlock(cpu)
  if (kind !== CGROUP_REQUEST.cpus) yield* mutexUnlock(cpu, mutex)
  return result
}

function* withLocks(cpu: Cpu, kind: number, group: number, text: string): Kernel<number> {
  switch (kind) {
    case CGROUP_REQUEST.mkdir:
      return yield* cgroupMkdir(cpu, group, text)
    case CGROUP_REQUEST.rmdir:
      return yield* cgroupRmdir(cpu, group)
    case CGROUP_REQUEST.subtreeControl:
      return yield* storeSubtreeControl(cpu, group, text)
    case CGROUP_REQUEST.procs:
      return yield* storeProcs(cpu, group, text)
    default:
      return yield* writeCpusetCpus(cpu, group, maskOf(cpu.memory, text.trim()))
  }
}

/** '+cpuset', '-cpuset': words, of which the last for a controller counts. -EINVAL for anything else. */
function* storeSubtreeControl(cpu: Cpu, group: number, text: string): Kernel<number> {
  let [enable, disable] = [0, 0]
  for (const word of text.trim().split(' ').filter(Boolean)) {
    const name = word.slice(1)
    if (!Object.hasOwn(CONTROLLER, name) || !'+-'.includes(word[0]!)) return -ERRNO.EINVAL
    const bit = CONTROLLER[name as keyof typeof CONTROLLER]
    enable = word[0] === '+' ? enable | bit : enable & ~bit
    disable = word[0] === '-' ? disable | bit : disable & ~bit
  }
  return yield* changeSubtreeControl(cpu, group, enable, disable)
}

function* storeProcs(cpu: Cpu, group: number, text: string): Kernel<number> {
  const pid = parseKernelInt(text.trim())
  if (pid === null) return -ERRNO[kernelIntErrno(text.trim())]
  if (pid < 0) return -ERRNO.EINVAL
  const threadgroup = threadgroupLock(cpu.memory)
  yield* writeLock(cpu, threadgroup)
  const index = yield* findProcess(cpu, pid)
  const result = index < 0 ? index : yield* attachProcess(cpu, index, group)
  yield* writeUnlock(cpu, threadgroup)
  return result
}

/** The words of a CPU list; null for one that makes no sense. */
function maskOf(memory: Memory, text: string): MaskWords | null {
  const words: number[] = new Array(memory.layout.maskWords).fill(0)
  try {
    for (const cpu of parseCpuList(text, memory.layout.config.cpus)) words[cpu >> 5]! |= 1 << (cpu & 31)
  } catch (error) {
    if (error instanceof UsageError) return null
    throw error
  }
  return words
}

/**
 * Moves a process into a group, in a kernel thread. Answers as attachProcess does. May sleep in the middle: not for a CPU that
 * somebody may take down, who would wait for its frames to go.
 */
export function* cgroupAttach(cpu: Cpu, index: number, group: number): Kernel<number> {
  const mutex = cpu.memory.cgroupRoot + CGROUP_ROOT.cgroupMutex
  const threadgroup = threadgroupLock(cpu.memory)
  const inverted = cpu.bugs.has('M30')
  yield* mutexLock(cpu, mutex)
  if (!inverted) yield* cpusReadLock(cpu)
  yield* writeLock(cpu, threadgroup)
  if (inverted) yield* cpusReadLock(cpu)
  const result = yield* attachProcess(cpu, index, group)
  if (inverted) yield* cpusReadUnlock(cpu)
  yield* writeUnlock(cpu, threadgroup)
  if (!inverted) yield* cpusReadUnlock(cpu)
  yield* mutexUnlock(cpu, mutex)
  return result
}
