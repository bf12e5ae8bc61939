// Changing the tree of control groups and who is in them. The caller holds cgroup_mutex and cpu_hotplug_lock for reading; attach
// takes the threadgroup lock for writing itself, so that no task of the process is made meanwhile.
import { ERRNO } from '../base/errno.js'
import { LIMITS } from '../memory/layout.js'
import type { Memory } from '../memory/memory.js'
import { CGROUP, CGROUP_NAME, CGROUP_ROOT } from '../memory/structs/cgroups.js'
import { PROGRAM, TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { full, type Kernel, relaxed } from '../ops/operation.js'
import { setCpusAllowed } from '../sched/affinity.js'
import { FLAG } from '../sched/task.js'
import { mutexLock, mutexUnlock } from '../sync/mutex.js'
import { guaranteeOnlineCpus, isEmpty, type MaskWords, setCpusetCpus, setOwnCpuset, tasksOfProcess } from './cpuset.js'
import { CONTROLLER, childrenOf, cpusetOf, isPopulated, moveProcess } from './groups.js'

export function* lockCpusets(cpu: Cpu): Kernel<void> {
  yield* mutexLock(cpu, cpu.memory.cgroupRoot + CGROUP_ROOT.cpusetMutex)
}

export function* unlockCpusets(cpu: Cpu): Kernel<void> {
  yield* mutexUnlock(cpu, cpu.memory.cgroupRoot + CGROUP_ROOT.cpusetMutex)
}

function* lockMembers(cpu: Cpu): Kernel<void> {
  yield cpu.lockIrq(cpu.memory.cgroupRoot + CGROUP_ROOT.cssSetLock, 'css_set_lock')
}

function* unlockMembers(cpu: Cpu): Kernel<void> {
  yield cpu.unlockIrq(cpu.memory.cgroupRoot + CGROUP_ROOT.cssSetLock, 'css_set_lock')
}

/** Makes a group. Answers its index, -EEXIST, -EAGAIN where there are as many as there may be, -ENODEV below one that is gone. */
export function* cgroupMkdir(cpu: Cpu, parent: number, name: string): Kernel<number> {
  const { memory } = cpu
  if (memory.get(parent + CGROUP.used) === 0) return -ERRNO.ENODEV
  for (const child of childrenOf(memory, parent)) {
    if (memory.getText(child + CGROUP.name, CGROUP_NAME / 4) === name) return -ERRNO.EEXIST
  }
  let index = 1
  while (index < LIMITS.cgroups && memory.get(memory.cgroup(index) + CGROUP.used) === 1) index++
  if (index === LIMITS.cgroups) return -ERRNO.EAGAIN
  const group = memory.cgroup(index)
  yield* lockCpusets(cpu)
  memory.set(group + CGROUP.parent, parent)
  memory.set(group + CGROUP.subtreeControl, 0)
  memory.setText(group + CGROUP.name, CGROUP_NAME / 4, name)
  yield* lockMembers(cpu)
  memory.set(group + CGROUP.used, 1)
  yield* countGroups(cpu, 1)
  yield* unlockMembers(cpu)
  if (memory.get(parent + CGROUP.subtreeControl) & CONTROLLER.cpuset) yield* setOwnCpuset(cpu, group, 1)
  yield* unlockCpusets(cpu)
  return index
}

/** Removes a group. -EBUSY while it has processes, or groups below it; -EPERM for the root. */
export function* cgroupRmdir(cpu: Cpu, group: number): Kernel<number> {
  const { memory } = cpu
  if (memory.get(group + CGROUP.used) === 0) return -ERRNO.ENOENT
  if (memory.get(group + CGROUP.parent) === 0) return -ERRNO.EPERM
  yield* lockCpusets(cpu)
  yield* lockMembers(cpu)
  const busy = memory.get(group + CGROUP.members) !== 0 || !childrenOf(memory, group).next().done
  if (!busy) {
    memory.set(group + CGROUP.used, 0)
    yield* countGroups(cpu, -1)
  }
  yield* unlockMembers(cpu)
  if (!busy && memory.get(group + CGROUP.cpuset) === 1) yield* setOwnCpuset(cpu, group, 0)
  yield* unlockCpusets(cpu)
  return busy ? -ERRNO.EBUSY : 0
}

/** Whoever ends looks at it without the lock: where there is no group, it is in none. */
function* countGroups(cpu: Cpu, by: number): Kernel<void> {
  yield cpu.add(cpu.memory.cgroupRoot + CGROUP_ROOT.groups, by, full, 'cgroup:count')
}

/**
 * Changes which controllers the groups below one have: bits to set, and to clear. -ENOENT for one that the group itself has not,
 * -EBUSY to take one away that a group below passes on, or to give one where processes of this group would compete with populated groups
 * below it.
 */
export function* changeSubtreeControl(cpu: Cpu, group: number, enable: number, disable: number): Kernel<number> {
  const { memory } = cpu
  if (memory.get(group + CGROUP.used) === 0) return -ERRNO.ENODEV
  const before = memory.get(group + CGROUP.subtreeControl)
  const parent = memory.get(group + CGROUP.parent)
  if (enable & ~(parent === 0 ? CONTROLLER.cpuset : memory.get(parent + CGROUP.subtreeControl))) return -ERRNO.ENOENT
  for (const child of childrenOf(memory, group)) {
    if (memory.get(child + CGROUP.subtreeControl) & disable) return -ERRNO.EBUSY
  }
  if (enable & ~before && parent !== 0) {
    yield* lockMembers(cpu)
    const competes = memory.get(group + CGROUP.members) !== 0 && hasPopulatedChildren(memory, group)
    yield* unlockMembers(cpu)
    if (competes) return -ERRNO.EBUSY
  }
  const after = (before | enable) & ~disable
  memory.set(group + CGROUP.subtreeControl, after)
  const own = after & CONTROLLER.cpuset ? 1 : 0
  if (own === (before & CONTROLLER.cpuset ? 1 : 0)) return 0
  yield* lockCpusets(cpu)
  for (const child of childrenOf(memory, group)) yield* setOwnCpuset(cpu, child, own)
  yield* unlockCpusets(cpu)
  return 0
}

function hasPopulatedChildren(memory: Memory, group: number): boolean {
  for (const child of childrenOf(memory, group)) if (isPopulated(memory, child)) return true
  return false
}

/** The process that a task of that pid is of, by index. -ESRCH when there is none; -EINVAL for a task of the kernel's or the host's. */
export function* findProcess(cpu: Cpu, pid: number): Kernel<number> {
  const { memory } = cpu
  for (let at = 0; at < memory.layout.taskCount; at++) {
    const task = memory.task(at)
    if (memory.get(task + TASK.pid) !== pid) continue
    if ((memory.get(task + TASK.flags) & FLAG.user) === 0) return -ERRNO.EINVAL
    const index = memory.get(task + TASK.program)
    const alive = yield cpu.load(memory.program(index) + PROGRAM.alive, relaxed, 'find_task_by_vpid')
    return alive > 0 ? index : -ERRNO.ESRCH
  }
  return -ERRNO.ESRCH
}

/**
 * Moves a process into a group: all its tasks are allowed the CPUs that its cpuset has, unless it had the same before. The
 * threadgroup lock is held for writing. -ENODEV for a group that is gone, -EBUSY for one that passes controllers on to
 * populated groups below it, -ESRCH when the process has ended.
 */
export function* attachProcess(cpu: Cpu, index: number, group: number): Kernel<number> {
  const { memory } = cpu
  if (memory.get(group + CGROUP.used) === 0) return -ERRNO.ENODEV
  const first = tasksOfProcess(memory, index)[0]!
  yield* lockCpusets(cpu)
  yield* lockMembers(cpu)
  const from = memory.get(memory.cgroupMember(index)) || memory.cgroup(0)
  const before = cpusetOf(memory, from)
  const competes =
    memory.get(group + CGROUP.parent) !== 0 &&
    memory.get(group + CGROUP.subtreeControl) !== 0 &&
    hasPopulatedChildren(memory, group)
  const ended = (yield cpu.load(memory.program(index) + PROGRAM.alive, full, 'cgroup_migrate:alive')) === 0
  if (!competes && !ended) yield* moveProcess(cpu, index, group)
  yield* unlockMembers(cpu)
  if (!competes && !ended) yield* cpusetAttach(cpu, index, before, cpusetOf(memory, group))
  yield* unlockCpusets(cpu)
  return competes ? -ERRNO.EBUSY : ended || first === undefined ? -ERRNO.ESRCH : 0
}

/** The tasks of a process have changed from one cpuset to another. cpuset_mutex is held. */
function* cpusetAttach(cpu: Cpu, index: number, before: number, after: number): Kernel<void> {
  const { memory } = cpu
  const has = (cpuset: number, w: number): number => memory.get(memory.cpusetEffective(cpuset) + w)
  let differs = false
  for (let w = 0; w < memory.layout.maskWords; w++) differs ||= has(before, w) !== has(after, w)
  if (!differs) return
  // Those of the root may use CPUs that come later, too.
  const root = after === memory.cgroup(0)
  const allowed = root ? null : yield* guaranteeOnlineCpus(cpu, after)
  for (const task of tasksOfProcess(memory, index)) {
    yield* setCpusAllowed(cpu, task, (w) => (allowed === null ? memory.get(memory.possible + w) : allowed[w]!))
  }
}

/**
 * Gives a group CPUs; none: it uses those of the group above. -EACCES for the root, -ENODEV for one without a cpuset of its own, -EINVAL for CPUs
 * that there are not, -ENOSPC to take away all that a group with processes has been given. cgroup_mutex need not be held.
 */
export function* writeCpusetCpus(cpu: Cpu, group: number, cpus: MaskWords | null): Kernel<number> {
  const { memory } = cpu
  if (memory.get(group + CGROUP.parent) === 0 && group === memory.cgroup(0)) return -ERRNO.EACCES
  yield* lockCpusets(cpu)
  let result = 0
  const had = memory.cpusetCpus(group)
  if (memory.get(group + CGROUP.cpuset) === 0) result = -ERRNO.ENODEV
  else if (cpus === null) result = -ERRNO.EINVAL
  else if (cpus.some((word, w) => word !== memory.get(had + w))) {
    yield* lockMembers(cpu)
    const populated = isPopulated(memory, group)
    yield* unlockMembers(cpu)
    if (isEmpty(cpus) && populated) result = -ERRNO.ENOSPC
    else yield* setCpusetCpus(cpu, group, cpus)
  }
  yield* unlockCpusets(cpu)
  return result
}
