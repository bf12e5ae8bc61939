// What the scheduler needs of cpusets, which are built on it; kernel/ fills it.
import type { Cpu } from '../ops/cpu.js'
import type { Kernel } from '../ops/operation.js'

export const cpusetHooks = {
  /** The set of active CPUs has changed. cpu_hotplug_lock is held for writing, on behalf of whom this is done. */
  updateActiveCpus: function* (_cpu: Cpu): Kernel<void> {},
  /** An operation is over; cpu_hotplug_lock is still held for writing. */
  operationOver: function* (_cpu: Cpu): Kernel<void> {},
  /** An operation is over, and cpu_hotplug_lock given back: returns when all cpusets are as the CPUs are. */
  waitForHotplug: function* (_cpu: Cpu): Kernel<void> {},
  /**
   * Allows a task that may run nowhere the CPUs that its cpuset was given, whether they are there or not. Answers 1 when it
   * has a cpuset of its own. The task's piLock is held.
   */
  allowedFallback: function* (_cpu: Cpu, _task: number): Kernel<number> {
    return 0
  },
}
