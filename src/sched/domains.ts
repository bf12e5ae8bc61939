// The scheduling domain: the CPUs that the load is balanced over. It spans those that are active and not isolated, and is
// rebuilt whenever a CPU comes or goes, by the owner of cpusets (Linux has a tree of domains for each of its partitions;
// cores and packages make no difference here, so one level is all).

import { GLOBAL, RUNQUEUE } from '../memory/structs.js'
import { bugOn } from '../ops/bug.js'
import type { Cpu } from '../ops/cpu.js'
import { type Kernel, relaxed, release } from '../ops/operation.js'
import { reschedule } from './wakeup.js'

/**
 * Makes the domain span those CPUs of a mask that are not isolated. cpu_hotplug_lock is held, for reading or writing. Linux
 * warns of an empty one, and dies when it is to be taken down: it looks for its first CPU then (detach_destroy_domains).
 */
export function* partitionSchedDomains(cpu: Cpu, mask: number): Kernel<void> {
  const { memory } = cpu
  let before = 0
  let any = 0
  for (let w = 0; w < memory.layout.maskWords; w++) {
    before |= memory.get(memory.domain + w)
    any |= memory.get(mask + w) & memory.get(memory.housekeeping + w)
  }
  const built = memory.global + GLOBAL.domainBuilt
  bugOn(
    before === 0 && memory.get(built) === 1,
    'partition_sched_domains_locked',
    'there is no CPU in the scheduling domain',
  )
  cpu.warn(any === 0, 'build_sched_domains', 'the scheduling domain spans no CPU')
  // It is there from the beginning all the same.
  const stale = memory.get(built) === 1 && cpu.bugs.has('stale-domain')
  memory.set(built, 1)
  if (stale) return
  for (let w = 0; w < memory.layout.maskWords; w++) {
    const was = memory.get(memory.domain + w)
    const span = memory.get(mask + w) & memory.get(memory.housekeeping + w)
    if (span === was) continue
    yield cpu.store(memory.domain + w, span, release, 'partition_sched_domains')
    if ((span & ~was) !== 0) yield* lookForLoad(cpu, w, span & ~was)
  }
}

/**
 * Has idle CPUs that have come into the domain look for tasks, if any CPU has too many. (In Linux it is the CPU that has come whose
 * kworker builds the domain: it falls idle afterwards, and looks.) Else they idle until the next tick of a busy one.
 */
function* lookForLoad(cpu: Cpu, word: number, cpus: number): Kernel<void> {
  const { memory } = cpu
  if ((yield cpu.load(memory.global + GLOBAL.overloadedCount, relaxed, 'partition_sched_domains:overloaded')) === 0)
    return
  for (let rest = cpus; rest !== 0; rest &= rest - 1) {
    const other = word * 32 + (31 - Math.clz32(rest & -rest))
    const running = yield cpu.load(
      memory.runqueue(other) + RUNQUEUE.running,
      relaxed,
      'partition_sched_domains:running',
    )
    if (running === 0 && other !== cpu.id) yield* reschedule(cpu, other)
  }
}
