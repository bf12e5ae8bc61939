// Cpusets when CPUs come and go: what there is when an operation is over counts, not what was in between. Where there are only
// the root's, the controller sees to it before it hands the hotplug lock back. Else it is a piece of work, for moving tasks
// takes locks that nest outside that lock:
//
//   cpuhp/N                     its kworker                          the controller
//   queue the work              cpuset_mutex                         hands cpu_hotplug_lock back
//                                 every cpuset and its tasks
//                               cpu_hotplug_lock for reading         flushes the work
//                               cpuset_mutex                           |
//                                 the scheduling domain                |
//                                                                    answers
//
// As 6.1: cpuset_hotplug_workfn, and cpuset_wait_for_hotplug at the end of each operation.
import { lockCpusets, unlockCpusets } from '../cgroup/attach.js'
import { copyActiveCpus, type MaskWords, updateChildren, updateTopCpuset } from '../cgroup/cpuset.js'
import { cpusReadReady, cpusReadUnlock } from '../hotplug/locks.js'
import { CGROUP_ROOT } from '../memory/structs/cgroups.js'
import { GLOBAL } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { type Kernel, relaxed } from '../ops/operation.js'
import { partitionSchedDomains } from '../sched/domains.js'
import { RESTART } from '../sched/task.js'
import { flushWork } from '../workqueue/flush.js'
import { queueWork, systemWq } from '../workqueue/workqueue.js'

/** What there is when all CPUs have come up that come up at boot; before that, nothing is balanced. */
export function* cpusetInitSmp(cpu: Cpu): Kernel<void> {
  yield* updateAtOnce(cpu)
}

/** The set of active CPUs has changed; by cpuhp/N, whose controller holds cpu_hotplug_lock for writing. */
export function* cpusetUpdateActiveCpus(cpu: Cpu): Kernel<void> {
  const { memory } = cpu
  if (memory.get(memory.global + GLOBAL.booted) === 0) return
  if (memory.get(memory.cgroupRoot + CGROUP_ROOT.cpusets) === 0)
    memory.set(memory.cgroupRoot + CGROUP_ROOT.activeChanged, 1)
  else yield* queueHotplugWork(cpu)
}

function* queueHotplugWork(cpu: Cpu): Kernel<void> {
  const { memory } = cpu
  yield* queueWork(cpu, systemWq(memory), memory.cgroupRoot + CGROUP_ROOT.hotplugWork)
}

/** At the end of an operation, by the controller, which holds cpu_hotplug_lock for writing. */
export function* cpusetOperationOver(cpu: Cpu): Kernel<void> {
  const { memory } = cpu
  const changed = memory.cgroupRoot + CGROUP_ROOT.activeChanged
  if (memory.get(changed) === 0) return
  memory.set(changed, 0)
  // A cpuset may have been made meanwhile.
  if (memory.get(memory.cgroupRoot + CGROUP_ROOT.cpusets) === 0) yield* updateAtOnce(cpu)
  else yield* queueHotplugWork(cpu)
}

function* updateAtOnce(cpu: Cpu): Kernel<void> {
  yield* copyActiveCpus(cpu)
  yield* partitionSchedDomains(cpu, topCpus(cpu))
}

/** The mask of what the root has. */
const topCpus = ({ memory }: Cpu): number => memory.cpusetEffective(memory.cgroup(0))

/** At the end of an operation, with cpu_hotplug_lock given back: returns when all cpusets are as the CPUs are. */
export function* cpusetWaitForHotplug(cpu: Cpu): Kernel<void> {
  if (cpu.bugs.has('M31')) return
  yield* flushWork(cpu, cpu.memory.cgroupRoot + CGROUP_ROOT.hotplugWork)
}

/** The work. It waits for the hotplug lock at a restart point: the kworker may be on the CPU that goes. */
export function* cpusetHotplugWorkfn(cpu: Cpu): Kernel<number> {
  const { memory } = cpu
  const rebuild = memory.cgroupRoot + CGROUP_ROOT.rebuild
  yield* lockCpusets(cpu)
  const active = yield* activeCpus(cpu)
  if (yield* updateTopCpuset(cpu, active)) {
    memory.set(rebuild, 1)
    yield* updateChildren(cpu, memory.cgroup(0), true)
  }
  const due = memory.get(rebuild) === 1
  yield* unlockCpusets(cpu)
  if (!due) return 0
  if (!(yield* cpusReadReady(cpu))) return RESTART
  yield* lockCpusets(cpu)
  memory.set(rebuild, 0)
  // Where CPUs have come or gone since, the work has been queued again.
  yield* partitionSchedDomains(cpu, topCpus(cpu))
  yield* unlockCpusets(cpu)
  yield* cpusReadUnlock(cpu)
  return 0
}

function* activeCpus(cpu: Cpu): Kernel<MaskWords> {
  const { memory } = cpu
  const words: number[] = []
  for (let w = 0; w < memory.layout.maskWords; w++) {
    words.push(yield cpu.load(memory.active + w, relaxed, 'cpuset_hotplug_workfn:active'))
  }
  return words
}
