// The tree of control groups: which there are, and who is in them. Locks, outermost first, with cpu_hotplug_lock among them:
//
//   cgroup_mutex -> cpu_hotplug_lock (read) -> cgroup_threadgroup_rwsem (write) -> cpuset_mutex -> css_set_lock, callback_lock
//
// A group has a cpuset of its own where the group above has said so in its subtree_control; else it shares that one's. Only
// processes of users are in groups other than the root.
import { ERRNO } from '../base/errno.js'
import { LIMITS } from '../memory/layout.js'
import type { Memory } from '../memory/memory.js'
import { CGROUP, CGROUP_MEMBER, CGROUP_NAME, CGROUP_ROOT } from '../memory/structs/cgroups.js'
import { TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { type Kernel, relaxed } from '../ops/operation.js'
import { FLAG } from '../sched/task.js'

/** Controllers, as bits of subtreeControl. */
export const CONTROLLER = { cpuset: 1 } as const

/** Before any CPU runs: the root, which has everything. */
export function formatCgroups(memory: Memory): void {
  const root = memory.cgroup(0)
  memory.set(root + CGROUP.used, 1)
  memory.set(root + CGROUP.cpuset, 1)
  for (let w = 0; w < memory.layout.maskWords; w++) {
    memory.set(memory.cpusetCpus(root) + w, memory.get(memory.possible + w))
    memory.set(memory.cpusetEffective(root) + w, memory.get(memory.active + w))
  }
}

/** The groups right below one. cgroup_mutex or cpuset_mutex is held. */
export function* childrenOf(memory: Memory, group: number): Generator<number, void, undefined> {
  for (let index = 1; index < LIMITS.cgroups; index++) {
    const child = memory.cgroup(index)
    if (memory.get(child + CGROUP.used) === 1 && memory.get(child + CGROUP.parent) === group) yield child
  }
}

/** The group whose cpuset a group has: its own, or the next above that has one. callback_lock or cpuset_mutex is held. */
export function cpusetOf(memory: Memory, group: number): number {
  let at = group
  while (memory.get(at + CGROUP.cpuset) === 0) at = memory.get(at + CGROUP.parent)
  return at
}

/** The path of a group, from the root: '/', '/a/b'. */
export function pathOf(memory: Memory, group: number): string {
  let path = ''
  for (let at = group; memory.get(at + CGROUP.parent) !== 0; at = memory.get(at + CGROUP.parent)) {
    path = `/${memory.getText(at + CGROUP.name, CGROUP_NAME / 4)}${path}`
  }
  return path || '/'
}

/** The group that a task is in. It may be in another one as soon as this has been read. */
export function* groupOf(cpu: Cpu, task: number): Kernel<number> {
  const { memory } = cpu
  if ((memory.get(task + TASK.flags) & FLAG.user) === 0) return memory.cgroup(0)
  const member = memory.cgroupMember(memory.get(task + TASK.program))
  return (yield cpu.load(member + CGROUP_MEMBER.group, relaxed, 'task_css')) || memory.cgroup(0)
}

/** The processes in a group other than the root, by index. css_set_lock is held. */
export function membersOf(memory: Memory, group: number): number[] {
  const found: number[] = []
  let member = memory.get(group + CGROUP.members)
  for (; member !== 0; member = memory.get(member + CGROUP_MEMBER.next)) found.push(memory.cgroupMemberIndex(member))
  return found
}

/** Whether a group, or one below it, has processes (other than the root). css_set_lock is held, and cgroup_mutex. */
export function isPopulated(memory: Memory, group: number): boolean {
  if (memory.get(group + CGROUP.members) !== 0) return true
  for (const child of childrenOf(memory, group)) if (isPopulated(memory, child)) return true
  return false
}

/**
 * Puts a process into a group, taking it out of the one that it is in; 0 and the root are the same. css_set_lock is held. -ESRCH when it
 * has ended, -ENODEV when the group has been removed.
 */
export function* moveProcess(cpu: Cpu, index: number, group: number): Kernel<void> {
  const { memory } = cpu
  const member = memory.cgroupMember(index)
  const before = memory.get(member + CGROUP_MEMBER.group)
  if (before !== 0) {
    const [next, previous] = [memory.get(member + CGROUP_MEMBER.next), memory.get(member + CGROUP_MEMBER.previous)]
    memory.set(previous === 0 ? before + CGROUP.members : previous + CGROUP_MEMBER.next, next)
    if (next !== 0) memory.set(next + CGROUP_MEMBER.previous, previous)
  }
  const to = group === memory.cgroup(0) ? 0 : group
  yield cpu.store(member + CGROUP_MEMBER.group, to, relaxed, 'css_set_move_task')
  if (to === 0) return
  const first = memory.get(to + CGROUP.members)
  memory.set(member + CGROUP_MEMBER.previous, 0)
  memory.set(member + CGROUP_MEMBER.next, first)
  if (first !== 0) memory.set(first + CGROUP_MEMBER.previous, member)
  memory.set(to + CGROUP.members, member)
}

/** The last task of a process ends: it is in no group any more. */
export function* cgroupExit(cpu: Cpu, index: number): Kernel<void> {
  const { memory } = cpu
  const root = memory.cgroupRoot
  if ((yield cpu.load(root + CGROUP_ROOT.groups, relaxed, 'cgroup_exit')) === 0) return
  yield cpu.lockIrq(root + CGROUP_ROOT.cssSetLock, 'cgroup_exit')
  yield* moveProcess(cpu, index, 0)
  yield cpu.unlockIrq(root + CGROUP_ROOT.cssSetLock, 'cgroup_exit')
}

/**
 * Puts a process that is being made into a group. The threadgroup lock is held for reading, or nobody can know of the process yet.
 * -ENODEV when the group has been removed.
 */
export function* cgroupFork(cpu: Cpu, index: number, group: number): Kernel<number> {
  const { memory } = cpu
  const lock = memory.cgroupRoot + CGROUP_ROOT.cssSetLock
  yield cpu.lockIrq(lock, 'cgroup_post_fork')
  const gone = memory.get(group + CGROUP.used) === 0
  if (!gone) yield* moveProcess(cpu, index, group)
  yield cpu.unlockIrq(lock, 'cgroup_post_fork')
  return gone ? -ERRNO.ENODEV : 0
}
