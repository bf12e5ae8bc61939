// The ways to be busy that `--load` can ask for, as data: what each is, what can be set, who does it, and what must have come
// of it. Those done by kernel threads have their functions in src/loads; the others are user processes.
import { type DeviceConfig, MAX_RATE } from '../../src/devices/config.js'
import { KVM_STEP } from '../../src/kvm/hardware.js'
import type { BandwidthLimit } from '../../src/machine/groups.js'
import type { KernelThreadOptions } from '../../src/machine/kthreads.js'
import type { StateDescription } from '../../src/machine/machine.js'
import type { Memory } from '../../src/memory/memory.js'
import { OBJECTS } from '../../src/memory/structs/loads.js'
import { tortureCounts, tortureLines } from '../../src/rcu/torture.js'

/** A parameter of a load: a whole number. */
export interface Parameter {
  readonly says: string
  readonly default: number
  readonly min: number
  readonly max: number
}

/** Values by the parameters' names. */
export type Values = Readonly<Record<string, number>>

/** A count that a load's kernel threads keep beside those of all: where it stands, and what it is called in figures. */
type OwnCounts = Readonly<Record<string, number>>

interface AnyKind {
  readonly name: string
  readonly says: string
  readonly parameters: Readonly<Record<string, Parameter>>
}

/** Kernel threads that call a function round after round. */
export interface ThreadKind extends AnyKind {
  readonly by: 'threads'
  readonly thread: (values: Values) => Omit<KernelThreadOptions, 'name' | 'cpu'>
  readonly counts: OwnCounts
  /** a step that its subsystem adds to the table before any of its threads is started, and removes when all have ended */
  readonly step?: StateDescription
  /** what must hold of the sums of all its threads when they have ended, besides as much done as begun: a line for each breach */
  readonly judge?: (counts: Values) => string[]
  /** what else is to be said of the machine that they were on, in the words of Linux's own test */
  readonly lines?: (memory: Memory) => string[]
  /** devices that the machine has for it */
  readonly devices?: (values: Values) => readonly DeviceConfig[]
}

/** User processes that are started anew whenever they have come to their end; every result is compared. */
export interface ProcessKind extends AnyKind {
  readonly by: 'processes'
  readonly workloads: readonly string[]
  readonly policy?: (values: Values) => { readonly nice?: number }
  /** of a task group that they are all in */
  readonly limit?: (values: Values) => BandwidthLimit
}

export type Kind = ThreadKind | ProcessKind

/** A number of tasks that stands for one to a CPU. */
export const ONE_TO_A_CPU = -1

const tasks = (standard: number = ONE_TO_A_CPU): Parameter => ({
  says: 'how many; -1: one to a CPU',
  default: standard,
  min: ONE_TO_A_CPU,
  max: 1024,
})
const us = (says: string, standard: number): Parameter => ({ says, default: standard, min: 0, max: 100_000 })
const gap = (standard: number): Parameter => ({
  says: 'pause between two, us',
  default: standard,
  min: 1,
  max: 1_000_000,
})

/** Where src/loads puts a load's own counts. */
const OWN = 3

/** A kind whose threads do a section of so many us after each pause. */
function section(name: string, says: string, fn: string, standard: number): ThreadKind {
  return {
    name,
    says,
    by: 'threads',
    parameters: { tasks: tasks(), us: us('length of a section, us', standard), gap: gap(1000) },
    thread: (v) => ({ function: fn, args: [v.us!, v.gap!] }),
    counts: {},
  }
}

/** Loops of FIFO or RR tasks. */
function realtime(name: string, policy: 'fifo' | 'rr'): ThreadKind {
  return {
    name,
    says: `tasks of the policy ${policy === 'rr' ? 'SCHED_RR' : 'SCHED_FIFO'} that spin in the kernel`,
    by: 'threads',
    parameters: {
      tasks: tasks(2),
      prio: { says: 'their priority', default: 50, min: 1, max: 99 },
      us: us('how long one spins, us', 200),
      gap: gap(2000),
    },
    thread: (v) => ({ function: 'load_loop', args: [v.us!, v.gap!], policy, priority: v.prio! }),
    counts: {},
  }
}

export const KINDS: readonly Kind[] = [
  {
    name: 'hogs',
    says: 'user tasks that compute without ever sleeping, of any nice level',
    by: 'processes',
    workloads: ['sha256', 'sieve', 'matrix'],
    parameters: { tasks: tasks(4), nice: { says: 'their nice level', default: 0, min: -20, max: 19 } },
    policy: (v) => ({ nice: v.nice! }),
  },
  {
    name: 'bandwidth',
    says: 'user tasks of a group that may run for so long in each period, all of them together (cpu.max)',
    by: 'processes',
    workloads: ['sha256', 'matrix'],
    parameters: {
      tasks: tasks(4),
      quota: { says: 'how long, us', default: 20_000, min: 1000, max: 1_000_000 },
      period: { says: 'length of a period, us', default: 50_000, min: 1000, max: 1_000_000 },
    },
    limit: (v) => ({ quotaUs: v.quota!, periodUs: v.period! }),
  },
  {
    name: 'cache',
    says: 'user tasks that follow pointers through more memory than caches hold',
    by: 'processes',
    workloads: ['chase'],
    parameters: { tasks: tasks(2), nice: { says: 'their nice level', default: 0, min: -20, max: 19 } },
    policy: (v) => ({ nice: v.nice! }),
  },
  realtime('fifo', 'fifo'),
  realtime('rr', 'rr'),
  section('irq-off', 'sections with interrupts off', 'load_irq_off', 50),
  section('preempt-off', 'sections with preemption off', 'load_preempt_off', 50),
  section('migrate-off', 'tasks that sleep with migration disabled', 'load_migrate_off', 100),
  section('cpus-read', 'readers of cpu_hotplug_lock: no CPU comes or goes meanwhile', 'load_cpus_read', 20),
  {
    name: 'rwsem',
    says: 'readers of a per-CPU reader-writer lock, and a writer now and then',
    by: 'threads',
    parameters: {
      tasks: tasks(),
      us: us('how long one holds it, us', 10),
      gap: gap(500),
      write: { says: 'one time in how many it is for writing', default: 16, min: 1, max: 1_000_000 },
    },
    thread: (v) => ({ function: 'load_rwsem', args: [v.us!, v.gap!, v.write!] }),
    counts: { written: OWN },
  },
  {
    name: 'ipi',
    says: 'function calls to other CPUs, by interrupt',
    by: 'threads',
    parameters: {
      tasks: tasks(2),
      calls: { says: 'calls in a row', default: 4, min: 1, max: 1000 },
      gap: gap(500),
    },
    thread: (v) => ({ function: 'load_ipi', args: [0, v.gap!, v.calls!] }),
    counts: { sent: OWN, run: OWN + 1, offline: OWN + 2 },
    judge: ({ sent, run }) => (sent === run ? [] : [`${sent} calls were sent, ${run} have been run`]),
  },
  {
    name: 'work',
    says: 'work for the kworkers of CPUs that are up, and of those that are down',
    by: 'threads',
    parameters: { tasks: tasks(), gap: gap(200) },
    thread: (v) => ({ function: 'load_work', args: [0, v.gap!] }),
    counts: { run: OWN },
    judge: ({ begun, run }) => (begun === run ? [] : [`${begun} pieces of work were queued, ${run} have been run`]),
  },
  {
    name: 'timers',
    says: 'timers that are armed, moved and taken off again, a few for each task',
    by: 'threads',
    parameters: {
      tasks: tasks(),
      timers: { says: 'timers of each', default: 4, min: 1, max: OBJECTS.timers },
      ahead: { says: 'how far ahead they are armed at most, us', default: 4000, min: 1, max: 1_000_000 },
      gap: gap(2000),
    },
    thread: (v) => ({ function: 'load_timers', end: 'load_timers_end', args: [0, v.gap!, v.timers!, v.ahead!] }),
    counts: { armed: OWN, deleted: OWN + 1, run: OWN + 2 },
    judge: ({ armed, deleted, run }) =>
      armed === deleted! + run! ? [] : [`${armed} timers were armed, ${deleted} taken off, ${run} have run`],
  },
  {
    name: 'hrtimers',
    says: 'high-resolution timers that are armed, disarmed, and armed again by their own function, a few for each task',
    by: 'threads',
    parameters: {
      tasks: tasks(),
      timers: { says: 'timers of each', default: 4, min: 1, max: OBJECTS.hrtimers },
      ahead: { says: 'how far ahead they are armed at most, us', default: 1000, min: 1, max: 1_000_000 },
      gap: gap(1000),
    },
    thread: (v) => ({ function: 'load_hrtimers', end: 'load_hrtimers_end', args: [0, v.gap!, v.timers!, v.ahead!] }),
    counts: { armed: OWN, cancelled: OWN + 1, called: OWN + 2 },
    judge: ({ armed, cancelled, called }) =>
      armed === cancelled! + called! ? [] : [`${armed} timers were armed, ${cancelled} disarmed, ${called} called`],
  },
  {
    name: 'softirq',
    says: 'tasklets, of both priorities, a few for each task',
    by: 'threads',
    parameters: {
      tasks: tasks(),
      tasklets: { says: 'tasklets of each', default: OBJECTS.tasklets, min: 1, max: OBJECTS.tasklets },
      us: us('how long one runs, us', 0),
      gap: gap(1000),
    },
    thread: (v) => ({ function: 'load_tasklets', end: 'load_tasklets_end', args: [v.us!, v.gap!, v.tasklets!] }),
    counts: { wanted: OWN, run: OWN + 1 },
    judge: ({ wanted, run }) => (run! <= wanted! ? [] : [`${run} tasklets have run, ${wanted} were wanted`]),
  },
  {
    name: 'kvm',
    says: 'virtual CPUs, each of a virtual machine that is made, runs for a while and ends',
    by: 'threads',
    parameters: {
      tasks: tasks(4),
      us: us('how long one stays in the guest, us', 30),
      gap: gap(500),
      runs: { says: 'runs before its virtual machine ends', default: 8, min: 1, max: 1_000_000 },
    },
    thread: (v) => ({ function: 'load_kvm', end: 'load_kvm_end', args: [v.us!, v.gap!, v.runs!], user: true }),
    counts: { made: OWN, entered: OWN + 1, ended: OWN + 2 },
    step: KVM_STEP,
    judge: ({ made, ended }) => (made === ended ? [] : [`${made} virtual machines were made, ${ended} have ended`]),
  },
  {
    name: 'flood',
    says: 'works of which each task has a few: bound to any CPU, unbound, delayed, and taken back',
    by: 'threads',
    parameters: {
      tasks: tasks(),
      works: { says: 'works of each', default: 4, min: 1, max: OBJECTS.works },
      us: us('how long one takes, us', 5),
      gap: gap(200),
    },
    thread: (v) => ({ function: 'load_flood', end: 'load_flood_end', args: [v.us!, v.gap!, v.works!] }),
    counts: { queued: OWN, run: OWN + 1, cancelled: OWN + 2 },
    judge: ({ queued, run, cancelled }) =>
      queued === run! + cancelled! ? [] : [`${queued} works were queued, ${run} done, ${cancelled} taken back`],
  },
  {
    name: 'pin',
    says: 'tasks that allow themselves the CPU that is going down, and no other',
    by: 'threads',
    parameters: { tasks: tasks(2), gap: gap(100) },
    thread: (v) => ({ function: 'load_pin', args: [0, v.gap!] }),
    counts: { dying: OWN, refused: OWN + 1 },
  },
  {
    name: 'packets',
    says: 'packets that a network card brings, and its interrupts sent from one CPU to another one',
    by: 'threads',
    parameters: {
      tasks: tasks(1),
      rate: { says: 'packets a second', default: 20_000, min: 1, max: MAX_RATE },
      queues: { says: 'queues of the card, each with an interrupt', default: 4, min: 1, max: 8 },
      gap: gap(300),
    },
    devices: ({ rate, queues }) => [{ kind: 'nic', rate: rate!, queues: queues! }],
    thread: (v) => ({ function: 'load_irqs', args: [0, v.gap!] }),
    counts: { moved: OWN, offline: OWN + 1 },
  },
  {
    name: 'disk',
    says: 'requests to a disk, which are completed on the CPU that made them, or elsewhere when it has gone',
    by: 'threads',
    parameters: {
      tasks: tasks(4),
      rate: { says: 'requests a second that the disk can do', default: 20_000, min: 1, max: MAX_RATE },
      queues: { says: 'its queues', default: 1, min: 1, max: 8 },
      gap: gap(200),
    },
    devices: ({ rate, queues }) => [{ kind: 'disk', rate: rate!, queues: queues! }],
    thread: (v) => ({ function: 'load_disk', args: [0, v.gap!] }),
    counts: { completed: OWN },
  },
  {
    name: 'rcu',
    says: 'readers of RCU, writers that replace what they look at, and grace periods wanted for no reason, as rcutorture does it',
    by: 'threads',
    parameters: { tasks: tasks(8), us: us('how long a read side is, us', 20), gap: gap(1000) },
    thread: (v) => ({ function: 'load_rcu', args: [v.us!, v.gap!] }),
    counts: { read: OWN, replaced: OWN + 1, waited: OWN + 2 },
    lines: (memory) => tortureLines(tortureCounts(memory)),
  },
]

export function kindOf(name: string): Kind | undefined {
  return KINDS.find((kind) => kind.name === name)
}
