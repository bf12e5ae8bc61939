// The package's door for programs.

export { checkAtRest, settle } from '../stress/settle.js'
export { ERRNO, type ErrnoName, KernelError } from './base/errno.js'
export { UsageError } from './base/failure.js'
export { checkInvariants, INVARIANTS, type Report as InvariantReport, type Violation } from './invariants/check.js'
export type { KernelModule } from './kernel/module.js'
export { FixedStrategy, RandomStrategy, type Strategy, type View } from './machine/deterministic/strategy.js'
export { Machine, type StateDescription } from './machine/machine.js'
export type { MachineOptions } from './machine/options.js'
export { type SpawnOptions, Task, TaskFault, TaskKilled } from './machine/processes.js'
export { formatReport, type KernelLogLine, MachinePanic, type PanicReport } from './machine/report.js'
export type { TraceEvent } from './trace/ring.js'
export { CALL, type UserProcess, type UserTask, type Workload } from './workloads/workload.js'
