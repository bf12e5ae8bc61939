// Cpusets, the scheduling domain and SMT: what follows from the set of active CPUs, when nobody is at work on it.
import { CONTROLLER, cpusetOf, membersOf, pathOf } from '../cgroup/groups.js'
import { isSmtAllowed } from '../hotplug/smt.js'
import { LIMITS } from '../memory/layout.js'
import type { Memory } from '../memory/memory.js'
import { CGROUP, CGROUP_MEMBER, CGROUP_ROOT } from '../memory/structs/cgroups.js'
import { GLOBAL, MUTEX, PROGRAM, TASK } from '../memory/structs.js'
import { bitsOf, testBit } from '../ops/mask.js'
import { STATE } from '../sched/task.js'
import type { Findings, Invariant, World } from './invariant.js'

/** Whether a hotplug operation is under way: what follows from the CPUs is made anew before it ends, and not at once. */
function isHotplug({ memory }: World): boolean {
  return memory.get(memory.global + GLOBAL.addRemoveLock + MUTEX.owner) !== 0
}

/** Whether that is so, or somebody changes control groups. */
function isChanging(world: World): boolean {
  const root = world.memory.cgroupRoot
  const held = [CGROUP_ROOT.cgroupMutex, CGROUP_ROOT.cpusetMutex].some(
    (mutex) => world.memory.get(root + mutex + MUTEX.owner) !== 0,
  )
  return held || isHotplug(world)
}

function* groupsOf(memory: Memory): Generator<number, void, undefined> {
  for (let index = 0; index < LIMITS.cgroups; index++) {
    if (memory.get(memory.cgroup(index) + CGROUP.used) === 1) yield memory.cgroup(index)
  }
}

function* domain(world: World): Findings {
  if (isHotplug(world)) return
  const { memory } = world
  for (const cpu of bitsOf(memory, memory.possible)) {
    const balanced = testBit(memory, memory.active, cpu) && testBit(memory, memory.housekeeping, cpu)
    if (testBit(memory, memory.domain, cpu) === balanced) continue
    yield balanced
      ? `CPU ${cpu} is active and not isolated, and not in the domain`
      : `CPU ${cpu} is in the domain, and isolated or not active`
  }
}

function* siblings(world: World): Findings {
  if (isHotplug(world)) return
  const { memory } = world
  for (const cpu of bitsOf(memory, memory.online)) {
    if (!isSmtAllowed(memory, cpu)) yield `CPU ${cpu} is a second thread of its core, and online while SMT is off`
  }
}

function* tree(world: World): Findings {
  if (isChanging(world)) return
  const { memory } = world
  const root = memory.cgroupRoot
  let [groups, cpusets] = [0, 0]
  for (const group of groupsOf(memory)) {
    const parent = memory.get(group + CGROUP.parent)
    if (parent === 0) continue
    groups++
    if (memory.get(parent + CGROUP.used) === 0) yield `the group above ${pathOf(memory, group)} has been removed`
    const own = memory.get(group + CGROUP.cpuset)
    cpusets += own
    const passed = memory.get(parent + CGROUP.subtreeControl) & CONTROLLER.cpuset
    if (own !== passed)
      yield `${pathOf(memory, group)} ${own === 1 ? 'has a cpuset, and should not' : 'lacks its cpuset'}`
  }
  if (memory.get(root + CGROUP_ROOT.groups) !== groups) yield `${groups} groups are not what is counted`
  if (memory.get(root + CGROUP_ROOT.cpusets) !== cpusets) yield `${cpusets} cpusets are not what is counted`
}

function* members({ memory }: World): Findings {
  const listed = new Set<number>()
  for (const group of groupsOf(memory)) {
    for (const index of membersOf(memory, group)) {
      if (listed.has(index)) {
        yield `process ${index} is in two groups, or twice in one`
        return
      }
      listed.add(index)
      const says = memory.get(memory.cgroupMember(index) + CGROUP_MEMBER.group)
      if (says !== group) yield `process ${index} is in ${pathOf(memory, group)} without knowing`
    }
  }
  for (let index = 0; index < memory.layout.config.tasks; index++) {
    const group = memory.get(memory.cgroupMember(index) + CGROUP_MEMBER.group)
    if (group !== 0 && !listed.has(index)) yield `process ${index} says that it is in ${pathOf(memory, group)}`
  }
}

/** Whether the groups hang together: who goes up in them arrives at the root. */
function isTree(world: World): boolean {
  return tree(world).next().done === true
}

function* effective(world: World): Findings {
  if (isChanging(world) || !isTree(world)) return
  const { memory } = world
  for (const group of groupsOf(memory)) {
    if (memory.get(group + CGROUP.cpuset) === 0) continue
    const parent = memory.get(group + CGROUP.parent)
    const above = parent === 0 ? memory.active : memory.cpusetEffective(cpusetOf(memory, parent))
    const own = [...bitsOf(memory, memory.cpusetCpus(group))].filter((cpu) => testBit(memory, above, cpu))
    const has = String([...bitsOf(memory, memory.cpusetEffective(group))])
    const expected = String(own.length > 0 ? own : [...bitsOf(memory, above)])
    if (has !== expected) yield `${pathOf(memory, group)} has the CPUs ${has}, and should have ${expected}`
  }
}

function* tasks(world: World): Findings {
  if (isChanging(world) || !isTree(world)) return
  const { memory } = world
  const changing = new Set<number>()
  for (let n = 0; n < memory.layout.taskCount; n++) changing.add(memory.get(memory.task(n) + TASK.setsAffinity))
  for (const group of groupsOf(memory)) {
    const mask = memory.cpusetEffective(cpusetOf(memory, group))
    for (const index of membersOf(memory, group)) {
      const first = memory.get(memory.program(index) + PROGRAM.firstTask)
      for (let n = 0; n < memory.get(memory.program(index) + PROGRAM.tasks); n++) {
        const task = memory.userTask(first + n)
        const state = memory.get(task + TASK.state)
        if (changing.has(task) || state === STATE.new || state === STATE.dead) continue
        for (const cpu of bitsOf(memory, memory.affinity(task))) {
          if (!testBit(memory, mask, cpu))
            yield `task ${memory.get(task + TASK.pid)} of ${pathOf(memory, group)} is allowed CPU ${cpu}, which that has not`
        }
      }
    }
  }
}

export const CPUSET_INVARIANTS: readonly Invariant[] = [
  { name: 'domain-spans', says: 'the load is balanced over the active CPUs that are not isolated', check: domain },
  {
    name: 'siblings-follow-smt',
    says: 'while SMT is off, only the first thread of each core is online',
    check: siblings,
  },
  { name: 'cgroups-sound', says: 'groups hang together, and have the cpusets that those above pass on', check: tree },
  { name: 'cgroup-members', says: 'each process is in one group, and both know', check: members },
  {
    name: 'cpusets-follow',
    says: 'what a cpuset has follows from the one above, and the active CPUs',
    check: effective,
  },
  { name: 'tasks-in-cpusets', says: 'no task is allowed a CPU that its cpuset has not', check: tasks },
]
