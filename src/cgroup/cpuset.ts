// Cpusets, as cgroup v2 has them: a group is given CPUs (cpus_allowed), and has those of them that the group above has; where
// that is none, all that the one above has (effective_cpus). The root has the active CPUs. Tasks of a group are allowed what it
// has, each time that changes; what they have asked for besides is forgotten then, as in 6.1. Tasks of the root are left alone.
import type { Memory } from '../memory/memory.js'
import { CGROUP, CGROUP_ROOT } from '../memory/structs/cgroups.js'
import { PROGRAM, TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { type Kernel, relaxed } from '../ops/operation.js'
import { type GivenMask, setCpusAllowed } from '../sched/affinity.js'
import { childrenOf, cpusetOf, groupOf, membersOf } from './groups.js'

/** The words of a mask, copied. */
export type MaskWords = readonly number[]

export const isEmpty = (mask: MaskWords): boolean => mask.every((word) => word === 0)
const isSame = (a: MaskWords, b: MaskWords): boolean => a.every((word, w) => word === b[w])
const isWithin = (inner: MaskWords, outer: MaskWords): boolean => inner.every((word, w) => (word & ~outer[w]!) === 0)

function wordsOf(memory: Memory, mask: number): number[] {
  return Array.from({ length: memory.layout.maskWords }, (_, w) => memory.get(mask + w))
}

const callbackLock = (cpu: Cpu): number => cpu.memory.cgroupRoot + CGROUP_ROOT.callbackLock

/** The CPUs that a group's tasks may be told to run on: those that its cpuset has and that are online, else those of the one above. */
export function* guaranteeOnlineCpus(cpu: Cpu, group: number): Kernel<MaskWords> {
  const { memory } = cpu
  const online: number[] = []
  for (let w = 0; w < memory.layout.maskWords; w++) {
    online.push(yield cpu.load(memory.online + w, relaxed, 'guarantee_online_cpus'))
  }
  yield cpu.lockIrq(callbackLock(cpu), 'guarantee_online_cpus')
  let allowed = online as MaskWords
  for (let cpuset = cpusetOf(memory, group); ; cpuset = cpusetOf(memory, memory.get(cpuset + CGROUP.parent))) {
    const both = online.map((word, w) => word & memory.get(memory.cpusetEffective(cpuset) + w))
    if (!isEmpty(both)) allowed = both
    if (!isEmpty(both) || memory.get(cpuset + CGROUP.parent) === 0) break
  }
  yield cpu.unlockIrq(callbackLock(cpu), 'guarantee_online_cpus')
  return allowed
}

/** The same for a task: cpuset_cpus_allowed. */
export function* cpusetCpusAllowed(cpu: Cpu, task: number): Kernel<MaskWords> {
  return yield* guaranteeOnlineCpus(cpu, yield* groupOf(cpu, task))
}

/**
 * Allows a task those CPUs of `mask` that its cpuset has: the system call. -EINVAL when it has none of them, or none can take
 * the task now; -ESRCH when it has ended. Where the cpuset changes meanwhile, the task is allowed all that it has.
 */
export function* schedSetaffinity(cpu: Cpu, task: number, mask: GivenMask): Kernel<number> {
  let wanted: MaskWords = (yield* cpusetCpusAllowed(cpu, task)).map((word, w) => word & mask(w))
  cpu.memory.set(cpu.task + TASK.setsAffinity, task)
  let result = 0
  for (;;) {
    result = yield* setCpusAllowed(cpu, task, (w) => wanted[w]!)
    if (result !== 0) break
    const allowed = yield* cpusetCpusAllowed(cpu, task)
    if (isWithin(wanted, allowed)) break
    wanted = allowed
  }
  cpu.memory.set(cpu.task + TASK.setsAffinity, 0)
  return result
}

/** See cpusetHooks.allowedFallback. */
export function* cpusetCpusAllowedFallback(cpu: Cpu, task: number): Kernel<number> {
  const { memory } = cpu
  const group = yield* groupOf(cpu, task)
  if (group === memory.cgroup(0)) return 0
  yield cpu.lockIrq(callbackLock(cpu), 'cpuset_cpus_allowed_fallback')
  const cpuset = cpusetOf(memory, group)
  const own = cpuset !== memory.cgroup(0)
  const from = memory.cpusetCpus(cpuset)
  if (own) for (let w = 0; w < memory.layout.maskWords; w++) memory.set(memory.affinity(task) + w, memory.get(from + w))
  yield cpu.unlockIrq(callbackLock(cpu), 'cpuset_cpus_allowed_fallback')
  return own ? 1 : 0
}

/** Notes what the root has. cpuset_mutex is held. Answers whether it had something else. */
export function* updateTopCpuset(cpu: Cpu, active: MaskWords): Kernel<boolean> {
  const { memory } = cpu
  const root = memory.cgroup(0)
  if (isSame(active, wordsOf(memory, memory.cpusetEffective(root)))) return false
  yield* setMask(cpu, memory.cpusetEffective(root), active)
  return true
}

/** The root has the active CPUs, whose set can't change meanwhile: cpu_hotplug_lock is held for writing. */
export function* copyActiveCpus(cpu: Cpu): Kernel<void> {
  const { memory } = cpu
  const effective = memory.cpusetEffective(memory.cgroup(0))
  yield cpu.lockIrq(callbackLock(cpu), 'cpuset:callback_lock')
  for (let w = 0; w < memory.layout.maskWords; w++) memory.set(effective + w, memory.get(memory.active + w))
  yield cpu.unlockIrq(callbackLock(cpu), 'cpuset:callback_lock')
}

/** Notes what a group is given, and what follows for it and those below. cpuset_mutex is held. */
export function* setCpusetCpus(cpu: Cpu, group: number, cpus: MaskWords): Kernel<void> {
  yield* setMask(cpu, cpu.memory.cpusetCpus(group), cpus)
  yield* updateCpusets(cpu, group, false)
}

function* setMask(cpu: Cpu, mask: number, words: MaskWords): Kernel<void> {
  yield cpu.lockIrq(callbackLock(cpu), 'cpuset:callback_lock')
  for (const [w, word] of words.entries()) cpu.memory.set(mask + w, word)
  yield cpu.unlockIrq(callbackLock(cpu), 'cpuset:callback_lock')
}

/** What is left of a cpuset's CPUs in the one above: perhaps nothing. cpuset_mutex is held. */
function ownCpus(memory: Memory, cpuset: number): MaskWords {
  const above = memory.cpusetEffective(cpusetOf(memory, memory.get(cpuset + CGROUP.parent)))
  return wordsOf(memory, memory.cpusetCpus(cpuset)).map((word, w) => word & memory.get(above + w))
}

/**
 * Makes a cpuset's effective CPUs follow from the one above, and those of the cpusets below from its own. cpuset_mutex is
 * held. Where nothing changes, nothing changes below; but with `hotplug` each one is looked at, and one that has borrowed the CPUs of the one
 * above tells its tasks again.
 */
export function* updateCpusets(cpu: Cpu, cpuset: number, hotplug: boolean): Kernel<void> {
  const { memory } = cpu
  const own = ownCpus(memory, cpuset)
  const above = memory.cpusetEffective(cpusetOf(memory, memory.get(cpuset + CGROUP.parent)))
  const next = isEmpty(own) ? wordsOf(memory, above) : own
  const before = wordsOf(memory, memory.cpusetEffective(cpuset))
  const changes = !isSame(hotplug ? own : next, before)
  if (!changes && !hotplug) return
  if (changes) {
    yield* setMask(cpu, memory.cpusetEffective(cpuset), next)
    if (!cpu.bugs.has('unmoved-tasks')) yield* updateTasksCpumask(cpu, cpuset, next)
  }
  yield* updateChildren(cpu, cpuset, hotplug)
}

/** The same for the cpusets below one. */
export function* updateChildren(cpu: Cpu, cpuset: number, hotplug: boolean): Kernel<void> {
  for (const child of childrenOf(cpu.memory, cpuset)) {
    if (cpu.memory.get(child + CGROUP.cpuset) === 1) yield* updateCpusets(cpu, child, hotplug)
  }
}

/** Allows the tasks that have a cpuset its CPUs. cpuset_mutex is held. */
function* updateTasksCpumask(cpu: Cpu, cpuset: number, cpus: MaskWords): Kernel<void> {
  for (const [task, pid] of yield* tasksOf(cpu, cpuset)) yield* setCpusAllowed(cpu, task, (w) => cpus[w]!, pid)
}

/** The tasks that have a cpuset, in its group or below, and their pids: one may end at any time, and its struct be used again. */
function* tasksOf(cpu: Cpu, cpuset: number): Kernel<[task: number, pid: number][]> {
  const { memory } = cpu
  const found: [number, number][] = []
  const lock = memory.cgroupRoot + CGROUP_ROOT.cssSetLock
  yield cpu.lockIrq(lock, 'css_task_iter')
  const collect = (group: number): void => {
    for (const index of membersOf(memory, group)) {
      for (const task of tasksOfProcess(memory, index)) found.push([task, memory.get(task + TASK.pid)])
    }
    for (const child of childrenOf(memory, group)) if (memory.get(child + CGROUP.cpuset) === 0) collect(child)
  }
  collect(cpuset)
  yield cpu.unlockIrq(lock, 'css_task_iter')
  return found
}

/** The task structs of a process. */
export function tasksOfProcess(memory: Memory, index: number): number[] {
  const program = memory.program(index)
  const first = memory.get(program + PROGRAM.firstTask)
  return Array.from({ length: memory.get(program + PROGRAM.tasks) }, (_, member) => memory.userTask(first + member))
}

/**
 * Gives a group a cpuset of its own, or takes it away (`own` 0). cpu_hotplug_lock is held for reading, and cpuset_mutex. Nothing
 * changes for its tasks when it comes, for it has what the one above has; when it goes they are allowed that again.
 */
export function* setOwnCpuset(cpu: Cpu, group: number, own: 0 | 1): Kernel<void> {
  const { memory } = cpu
  const count = memory.cgroupRoot + CGROUP_ROOT.cpusets
  const above = memory.cpusetEffective(cpusetOf(memory, memory.get(group + CGROUP.parent)))
  const had = wordsOf(memory, memory.cpusetEffective(group))
  yield cpu.lockIrq(callbackLock(cpu), 'cpuset_css_online')
  memory.set(group + CGROUP.cpuset, own)
  for (let w = 0; w < memory.layout.maskWords; w++) {
    memory.set(memory.cpusetCpus(group) + w, 0)
    memory.set(memory.cpusetEffective(group) + w, own === 1 ? memory.get(above + w) : 0)
  }
  yield cpu.unlockIrq(callbackLock(cpu), 'cpuset_css_online')
  memory.set(count, memory.get(count) + (own === 1 ? 1 : -1))
  const now = wordsOf(memory, above)
  if (own === 1 || isSame(had, now)) return
  for (const [task, pid] of yield* tasksOf(cpu, group)) yield* setCpusAllowed(cpu, task, (w) => now[w]!, pid)
}
