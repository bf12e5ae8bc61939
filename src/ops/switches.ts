// Switches that put historical bugs of Linux back into the kernel: declared here, used where the fix is, off by default.
//
// Each changes only what the upstream fix changed. They exist to be found by the general checks: invariants, deadlock,
// hang. A machine is booted with them: Machine.boot({ cpus: 4, bugs: ['M15'] }).

export const BUGS = {
  M10: 'stop_two_cpus wakes one stopper, may be preempted, then wakes the other (9fb8d5dc4b64)',
  M15: 'a dying CPU does not run the function calls that are queued on it (8d056c48e486)',
  M24: 'a failing STARTING or DYING callback stops the CPU half-way (6f855b39e460)',
  M25: 'a write of the current state to target begins an operation: cpu_dying stays set (64ea6e44f85b)',
  M26: 'the record keeps node and last of an instance that was set up (1f7c70d6b2bc)',
  M29: 'readers of the per-CPU lock count with a load and a store (e6b1a44eccfc)',
} as const

export type BugName = keyof typeof BUGS
export const BUG_NAMES = Object.keys(BUGS) as BugName[]
