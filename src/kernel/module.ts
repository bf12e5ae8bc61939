// Kernel modules: code that users and tests add to the kernel, loaded by every worker.
import type { KernelFunction } from '../ops/cpu.js'

/**
 * What a module file exports. The functions can be named wherever the kernel names functions: as callbacks of steps
 * (cpu, subject, instance), as calls by IPI (cpu, argument), as stopper work (cpu, argument), and as the body of a
 * kernel thread started with machine.run() (cpu, argument, second argument).
 */
export interface KernelModule {
  readonly functions: Readonly<Record<string, KernelFunction>>
}
