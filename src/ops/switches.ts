// Switches that put historical bugs of Linux back into the kernel: declared here, used where the fix is, off by default.
//
// Each changes only what the upstream fix changed. They exist to be found by the general checks: invariants, deadlock,
// hang. A machine is booted with them: Machine.boot({ cpus: 4, bugs: ['M15'] }).

export const BUGS = {
  M01: 'who takes a CPU down is throttled himself, and the timer that lets him go is on that CPU (2b8272ff4a70)',
  M02: 'the last CPU that is not isolated may go: no CPU is left to balance the load over (38685e2a0476)',
  M03: 'the timers of a dead CPU move at hrtimers:prepare, after callbacks that wait for those who sleep (5c0930ccaad5)',
  M04: 'what is armed on a dying CPU after hrtimers:dying stays there (53dac345395c)',
  M05: 'the timer base of a CPU is set up by hrtimers:prepare alone, which a way up from above it leaves out (2f8dea1692ee)',
  M06: 'set_cpus_allowed may be preempted before it has told the stopper, which is closed meanwhile (f0498d2a54e7)',
  M07: 'setscheduler takes balance_push along while it drops the runqueue lock: schedule() finds nothing (04193d590b39)',
  M08: 'balance_push also for another CPU, with the work of the one that calls it (868ad33bfa3b)',
  M09: 'balance_push follows what it was switched to, not where its CPU goes; a dead CPU switches it off (b5c4477366fb)',
  M10: 'stop_two_cpus wakes one stopper, may be preempted, then wakes the other (9fb8d5dc4b64)',
  M11: 'stoppers are woken when the locks are dropped, by who noted it first: others rely on that (009836b4fa52)',
  M12: 'workers that are bound to a CPU do not count as its own threads, and are pushed away (5c25b5ff89f0)',
  M15: 'a dying CPU does not run the function calls that are queued on it (8d056c48e486)',
  M16: 'the warning of calls on an offline CPU looks at the queue when it has been emptied (9e949a388635)',
  M17: 'a dying CPU says itself that it is dead, when RCU no longer watches it (71f87b2fc64c)',
  M18: 'the idle task of a dead CPU lets go of the address space that it has borrowed (bf2c59fce407)',
  M20: 'a thread says that it is parked before it is off its CPU, and nobody waits until it is (85f1abe0019f)',
  M21: 'a thread that is not parked is unparked all the same (214e01ad4ed7)',
  M24: 'a failing STARTING or DYING callback stops the CPU half-way (6f855b39e460)',
  M25: 'a write of the current state to target begins an operation: cpu_dying stays set (64ea6e44f85b)',
  M26: 'the record keeps node and last of an instance that was set up (1f7c70d6b2bc)',
  M27: 'who removes the first state of a dynamic range is given a free one, and that is cleared (0c96b27305fa)',
  M28: 'cpuhp/N may see the flag before its record; found with --memory pso (in tree)',
  M29: 'readers of the per-CPU lock count with a load and a store (e6b1a44eccfc)',
  M30: 'a move into a cpuset holds the threadgroup lock when it takes the hotplug lock (4f7e7236435c)',
  M31: 'an operation ends before the cpusets are as the CPUs are (b22afcdf04c9)',
  M32: 'the callbacks of a dead CPU are adopted only when other DEAD callbacks have run (a58163d8ca2c)',
  M34: 'a move of an interrupt away from a dying CPU that is not complete stays so: its vector leaks (a6c11c0a5235)',
} as const

/**
 * Mutations: defects that Linux never had, for the checkers' sake. Each breaks one rule of the kernel, and one invariant is
 * there that must say so (test/stress/mutations.test.ts). What rcutorture calls BUSTED.
 */
export const MUTATIONS = {
  'lost-wakeup': 'a task that is woken from a wait for a word stays asleep, now and then',
  'left-behind': 'one task in four is not pushed away, and nobody waits for it',
  'dropped-ipi': 'every fourth function call is queued without its interrupt',
  'double-enqueue': 'the balancer puts tasks onto its runqueue without taking them off the other one',
  'late-mask': 'a CPU that comes up stays in the mask of dying CPUs',
  'ignored-affinity': 'a waking task may go to any active CPU',
  'lost-timer': 'a dying CPU forgets the first of its sleepers',
  'no-exclusion': 'a user task that wants a mutex that is held goes on without it',
  'lost-load': 'a task that is pushed away leaves its weight behind',
  'miscounted-cpus': 'the count of active CPUs is not lowered',
  'unpinned-frames': 'a task that is switched out in the middle of a system call is not counted as pinned',
  'forgotten-target': 'an operation that is turned round keeps its target',
  'early-death': 'a CPU that is powered on still counts as having played dead',
  'eternal-wait': 'cpuhp/N does not take itself off the runqueue that it waited for to become empty',
  'unbound-worker': 'the kworker of a CPU that is up again does not come back',
  'deaf-pool': 'a worker that sleeps in the middle of its work does not have another one go on',
  'twin-work': 'a work that is queued again while it is done is begun by a second worker at the same time',
  'hasty-flush': 'who waits for a work does not wait where it is being done already',
  'stranded-work': 'new work of a CPU that is down wakes no worker',
  'unparked-thread': 'the threads of a CPU that goes down are not parked',
  'open-stopper': 'the stopper of a dead CPU goes on taking work',
  'lost-interrupt': 'what is pending on a dying CPU is not raised again elsewhere',
  'lost-completions': 'a dead CPU takes the requests with it that it was to complete',
  'unmoved-tasks': 'the tasks of a cpuset are not told when its CPUs change',
  'stale-domain': 'the scheduling domain is not rebuilt when CPUs come and go',
  'lost-tasklet': 'the tasklets of a dead CPU are left there',
  'stranded-timers': 'the timers of a dead CPU stay in its wheel',
  'early-timers': 'timers are served in the jiffy in which they expire, and not after it',
  'kept-jiffies': 'a dying CPU does not hand the keeping of jiffies over',
  'short-grace': 'a grace period does not wait for the highest CPU of each node',
  'lost-callbacks': 'the RCU callbacks of a dead CPU are left where they are',
  'unsorted-timers': 'the sleepers of a dying CPU are moved to the front of the list',
  'hasty-timers': 'high-resolution timers expire a little before their time',
  'kept-throttled': 'a CPU that is closed to tasks goes on throttling its groups',
  'stopped-period': 'the period timer of a throttled group stops, now and then',
  'unpaid-runtime': 'a CPU gets a whole slice of a quota that has none left',
  'barging-writer': 'a writer of a per-CPU reader-writer lock does not wait for the readers that have it',
  'left-loaded': 'the virtual CPUs of a CPU that dies stay loaded there',
  'unready-hardware': 'virtualisation is not enabled on a CPU that comes up',
} as const

export type BugName = keyof typeof BUGS | keyof typeof MUTATIONS
export const BUG_NAMES = [...Object.keys(BUGS), ...Object.keys(MUTATIONS)] as BugName[]
