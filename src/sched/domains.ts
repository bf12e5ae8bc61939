// The scheduling domain: the CPUs that the load is balanced over. It spans those that are active and not isolated, and is
// rebuilt whenever a CPU comes or goes, by the owner of cpusets (Linux has a tree of domains for each of its partitions;
// cores and packages make no difference here, so one level is all).

import { bugOn } from '../ops/bug.js'
import type { Cpu } from '../ops/cpu.js'
import { type Kernel, release } from '../ops/operation.js'

/**
 * Makes the domain span those of the given CPUs that are not isolated. cpu_hotplug_lock is held, for reading or writing. An
 * empty one can't be built, and who looks for a CPU of it finds none: a kernel BUG.
 */
export function* partitionSchedDomains(cpu: Cpu, cpus: (word: number) => number): Kernel<void> {
  const { memory } = cpu
  let any = 0
  for (let w = 0; w < memory.layout.maskWords; w++) any |= cpus(w) & memory.get(memory.housekeeping + w)
  cpu.warn(any === 0, 'build_sched_domains', 'the scheduling domain spans no CPU')
  bugOn(any === 0, 'partition_sched_domains_locked', 'there is no CPU in the scheduling domain')
  for (let w = 0; w < memory.layout.maskWords; w++) {
    const span = cpus(w) & memory.get(memory.housekeeping + w)
    if (span === memory.get(memory.domain + w) || cpu.bugs.has('stale-domain')) continue
    yield cpu.store(memory.domain + w, span, release, 'partition_sched_domains')
  }
}
