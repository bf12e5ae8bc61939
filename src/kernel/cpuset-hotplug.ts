// Cpusets when CPUs come and go.
import { GLOBAL } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import type { Kernel } from '../ops/operation.js'
import { partitionSchedDomains } from '../sched/domains.js'

/** Builds the scheduling domain when all CPUs have come up that come up at boot; before that, nothing is balanced. */
export function* cpusetInitSmp(cpu: Cpu): Kernel<void> {
  const { memory } = cpu
  yield* partitionSchedDomains(cpu, (w) => memory.get(memory.active + w))
}

/** The set of active CPUs has changed; by cpuhp/N, whose controller holds cpu_hotplug_lock for writing. */
export function* cpusetUpdateActiveCpus(cpu: Cpu): Kernel<void> {
  const { memory } = cpu
  if (memory.get(memory.global + GLOBAL.booted) === 0) return
  yield* partitionSchedDomains(cpu, (w) => memory.get(memory.active + w))
}
