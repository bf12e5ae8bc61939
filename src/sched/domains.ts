// The scheduling domain: the CPUs that the load is balanced over. It spans those that are active and not isolated, and is
// rebuilt whenever a CPU comes or goes, by the owner of cpusets (Linux has a tree of domains for each of its partitions;
// cores and packages make no difference here, so one level is all).

import { GLOBAL } from '../memory/structs.js'
import { bugOn } from '../ops/bug.js'
import type { Cpu } from '../ops/cpu.js'
import { type Kernel, release } from '../ops/operation.js'

/**
 * Makes the domain span those of the given CPUs that are not isolated. cpu_hotplug_lock is held, for reading or writing. Linux
 * warns of an empty one, and dies when it is to be taken down: it looks for its first CPU then (detach_destroy_domains).
 */
export function* partitionSchedDomains(cpu: Cpu, cpus: (word: number) => number): Kernel<void> {
  const { memory } = cpu
  let before = 0
  let any = 0
  for (let w = 0; w < memory.layout.maskWords; w++) {
    before |= memory.get(memory.domain + w)
    any |= cpus(w) & memory.get(memory.housekeeping + w)
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
    const span = cpus(w) & memory.get(memory.housekeeping + w)
    if (span === memory.get(memory.domain + w)) continue
    yield cpu.store(memory.domain + w, span, release, 'partition_sched_domains')
  }
}
