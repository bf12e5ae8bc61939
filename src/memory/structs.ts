// What lies in shared memory: every structure of the kernel, with its fields under the lock that guards them.
//
// Pointers are word addresses; 0 is the null pointer (the first words of memory belong to nobody).

import { struct } from './struct.js'
import { SOFTIRQ_DATA } from './structs/deferred.js'
import { HRTIMER } from './structs/hrtimers.js'
import { TASK_MM } from './structs/mm.js'
import { RCU_TASK } from './structs/rcu.js'
import { COMPLETION, MUTEX, PERCPU_RWSEM, WAIT_QUEUE } from './structs/sync.js'
import { WORK_FOR_CPU, WQ_BARRIER } from './structs/workqueues.js'

export { DOORBELL, PORT_SLOT, TRACE_RECORD } from './structs/host.js'
export { COMPLETION, MUTEX, PERCPU_RWSEM, WAIT_QUEUE }

/** A function call sent to another CPU; on one CPU's call-single queue at a time. */
export const CALL_SINGLE = struct('call_single_data', {
  next: 'word',
  /** 1 from queueing until the target has run it (or has taken over its arguments) */
  busy: 'word',
  function: 'word',
  argument: 'word',
  /** 1 when the sender waits: busy falls only after the call */
  synchronous: 'word',
})

export const STOP_WORK = struct('cpu_stop_work', {
  next: 'word',
  function: 'word',
  argument: 'word',
  /** a STOP_DONE or 0 */
  done: 'word',
})

export const STOP_DONE = struct('cpu_stop_done', {
  todo: 'word',
  result: 'word',
  completion: COMPLETION,
})

/** What the stoppers of one lockstep share. */
export const MULTI_STOP = struct('multi_stop_data', {
  // set before the first phase
  function: 'word',
  argument: 'word',
  count: 'word',
  activeCpu: 'word',
  // the lockstep: see stop/stop-machine.ts
  phase: 'word',
  ack: 'word',
})

/** What a stopper is told that is to move a task to where its affinity wants it. */
export const MIGRATION_ARG = struct('migration_arg', {
  task: 'word',
  /** the completion of whoever waits until it has been looked after, 0: nobody */
  done: 'word',
})

export const TASK = struct('task', {
  piLock: 'lock',
  // changed under piLock, but for the task's own going to sleep
  state: 'word',
  cpu: 'word',
  // guarded by the lock of the runqueue that it is on
  onRunqueue: 'word',
  runNext: 'word',
  runPrevious: 'word',
  /** 1 while a CPU is on its stack; falls when that CPU has switched away */
  onCpu: 'word',
  /** 1 while it is switched out and has frames in its CPU's worker: it may not change CPU */
  pinned: 'word',
  /** CPU number + 1 of the CPU that is in the middle of a native stretch of it, 0: none */
  executing: 'word',
  // guarded by piLock and the lock of its runqueue
  flags: 'word',
  /** depth of sections in which it may not change CPU, whatever its frames say */
  migrationDisabled: 'word',
  /** what is told when it is switched to and from (a VCPU), 0: nobody */
  preemptNotifier: 'word',
  /** 1: its affinity excludes the CPU that it is on, and it could not be moved yet */
  migrationPending: 'word',
  // guarded by the lock of its runqueue: what its class keeps
  policy: 'word',
  /** of FIFO and RR tasks, 1..99 */
  priority: 'word',
  /** of normal tasks, -20..19 */
  nice: 'word',
  /** the level of whom it holds up, where that is above its own (rt_mutex_setprio); 0: nobody's */
  boost: 'word',
  /** the heap of the fair class: first child, next sibling, and the sibling before or, of a first child, the parent */
  heapChild: 'word',
  heapNext: 'word',
  heapPrevious: 'word',
  /** the CPU whose minVruntime its vruntime is relative to, and what that was when it left the runqueue */
  fairCpu: 'word',
  fairBase: 'time',
  /** the task group that it is in, 0: none; 1: it is held up, for that has no runtime on its CPU */
  group: 'word',
  held: 'word',
  vruntime: 'time',
  /** when its execution was last accounted; how long it has run in all, and had when it was last picked */
  execStart: 'time',
  sumExec: 'time',
  previousSumExec: 'time',
  /** since when it has been asleep, and when it was made */
  sleepStart: 'time',
  startTime: 'time',
  /** what is left of an RR task's time slice */
  roundRobinLeft: 'time',
  migrations: 'word',
  // set before the task first runs
  pid: 'word',
  /** function number and its argument */
  entry: 'word',
  argument: 'word',
  comm: [4],
  /** link in the one wait list that it is on, guarded by that list's lock */
  waitNext: 'word',
  /** the address of what it sleeps for, for the report of a hang */
  waitsFor: 'word',
  /** the mutex that has been handed to it while it slept; guarded by that mutex's waitLock */
  handedMutex: 'word',
  /** its own: the task whose affinity it is setting, 0: none */
  setsAffinity: 'word',
  // its own: where a task that may change CPU goes on (DESIGN rule 3)
  phase: 'word',
  progress: [4],
  // kernel threads: parking
  threadFlags: 'word',
  parked: COMPLETION,
  exited: COMPLETION,
  exitCode: 'word',
  // one of each that it may have under way
  stopWork: STOP_WORK,
  stopWorkSecond: STOP_WORK,
  stopDone: STOP_DONE,
  stopData: MULTI_STOP,
  migrationArg: MIGRATION_ARG,
  /** M11: 1 while somebody is about to wake it */
  wakeQ: 'word',
  call: CALL_SINGLE,
  workForCpu: WORK_FOR_CPU,
  /** for the work or workqueue that it waits for: `flushing` says which, 0: none */
  barrier: WQ_BARRIER,
  flushing: 'word',
  /** set before it first runs: the WORKER that it is, 0 for all others */
  worker: 'word',
  /** wakes it when it sleeps for a time */
  sleepTimer: HRTIMER,
  rcu: RCU_TASK,
  mm: TASK_MM,
  // user tasks: their process, which of its tasks this is, and the system call that is under way
  program: 'word',
  member: 'word',
  userCall: 'word',
  callPhase: 'word',
  callArgument: 'word',
  callValue: 'word',
  callResult: 'word',
  /** until when it sleeps, and by how much it is asked to */
  callTime: 'time',
  /** the kernel mutex that goes with it: number `member` of its process */
  userLock: MUTEX,
})

export const RUN_LEVELS = 101

export const RUNQUEUE = struct('rq', {
  lock: 'lock',
  // guarded by lock
  current: 'word',
  idle: 'word',
  /** runnable tasks, the current one counted, the idle task not */
  running: 'word',
  /** those of them that are of user processes: what load balancing may take */
  loads: 'word',
  /** tasks that may not leave though they are not bound: with frames here while switched out, or migration-disabled */
  pinned: 'word',
  /** 1 while tasks may come here: from sched:active up until sched:active down (set_rq_online) */
  online: 'word',
  /** what is to be done when the lock is given up (CALLBACK), 0: nothing */
  balanceCallback: 'word',
  /** the address space that the latest switch has left behind; this CPU's alone */
  previousMm: 'word',
  /** the task that waits until nothing but itself runs here */
  hotplugWait: 'word',
  pushWork: STOP_WORK,
  /** what the stopper is told when that work is a task's own, on its way back to user mode; this CPU's alone */
  pushArgument: MIGRATION_ARG,
  switches: 'word',
  /** 1: its bit in the mask of overloaded CPUs is set */
  overloaded: 'word',
  // the fair class: a heap of those that wait, by vruntime; the one that runs is not in it
  fairRoot: 'word',
  fairCurrent: 'word',
  fairCount: 'word',
  /** sum of the weights of its runnable tasks */
  fairLoad: 'word',
  minVruntime: 'time',
  // FIFO and RR: how long they have run in this period, when that ends (0: not begun), and whether they are held up
  realtimeNs: 'time',
  realtimePeriodEnd: 'time',
  realtimeThrottled: 'word',
  realtimeCount: 'word',
  /** when the periodic balancing is due */
  nextBalance: 'time',
  /** how long it has run user tasks, those of positive nice, kernel threads and requesters, and nothing */
  userNs: 'time',
  niceNs: 'time',
  systemNs: 'time',
  idleNs: 'time',
  // how long the host ran something else instead of this CPU: the machine's count, without the lock; and what has been accounted of it
  steal: 'time',
  stealNs: 'time',
  // stop, FIFO and RR: a list for each level
  levelBits: [4],
  levelHead: [RUN_LEVELS],
  levelTail: [RUN_LEVELS],
})

export const STOPPER = struct('cpu_stopper', {
  lock: 'lock',
  // guarded by lock
  enabled: 'word',
  head: 'word',
  tail: 'word',
  // guarded by stop_cpus_mutex
  stopWork: STOP_WORK,
})

/** A user process: an instance of a workload, with the memory that its tasks share. The host's until it is spawned. */
export const PROGRAM = struct('program', {
  /** number of the workload in the machine's list */
  workload: 'word',
  /** where its memory is: an address, and its length in words */
  base: 'word',
  length: 'word',
  work: 'word',
  seed: 'word',
  /** its tasks: the index of the first, and how many there are */
  firstTask: 'word',
  tasks: 'word',
  policy: 'word',
  priority: 'word',
  nice: 'word',
  comm: [4],
  /** the task group that its tasks are made in, 0: none */
  group: 'word',
  /** its tasks that have not ended */
  alive: 'word',
  /** 1: its tasks are to end as soon as they can */
  killed: 'word',
  /** 1: one of its tasks has thrown */
  faulted: 'word',
})

/** Calls to many CPUs: one at a time per sender; the targets find the sender in their bitmap of senders. */
export const CALL_FUNCTION = struct('call_function_data', {
  /** targets that have not run it yet */
  remaining: 'word',
  function: 'word',
  argument: 'word',
})

export const CPUHP = struct('cpuhp_cpu_state', {
  // The two sides' handshake. The controller writes these and publishes them by shouldRun.
  state: 'word',
  target: 'word',
  fail: 'word',
  result: 'word',
  shouldRun: 'word',
  rollback: 'word',
  single: 'word',
  bringup: 'word',
  node: 'word',
  last: 'word',
  callbackState: 'word',
  doneUp: COMPLETION,
  doneDown: COMPLETION,
  /** the device layer's own flag; guarded by device_hotplug_lock */
  deviceOffline: 'word',
})

export const STEP = struct('cpuhp_step', {
  // guarded by cpuhp_state_mutex
  named: 'word',
  startup: 'word',
  teardown: 'word',
  multi: 'word',
  cantStop: 'word',
  instances: 'word',
  name: [10],
})

export const INSTANCE = struct('cpuhp_instance', {
  next: 'word',
  id: 'word',
  used: 'word',
})

/** Kinds of per-CPU threads that there is room for. */
export const HOTPLUG_THREADS = 3
/** Interrupt vectors that there is room for: as many as bits in a word. */
const VECTORS = 32

/** What belongs to one CPU and to no subsystem above it. */
export const PERCPU = struct('percpu', {
  /** interrupts that have been sent and not been taken: one bit a vector; the CPU looks at it all the time */
  pending: 'line',
  /** the last of the STARTING callbacks that it has called as it came up: a target among them ends there, as in 6.1 */
  startedTo: 'word',
  /** 1: powered on; 0: off, or dead and waiting for the next bring-up */
  power: 'word',
  /** set by the CPU itself when it has played dead */
  dead: 'word',
  hotplugReaders: 'word',
  threadgroupReaders: 'word',
  loadReaders: 'word',
  /** not on the line of `pending`, which its CPU looks at while others write here */
  callQueue: 'line',
  call: CALL_SINGLE,
  callFunction: CALL_FUNCTION,
  /** function calls that this CPU has sent, and that it has run: equal over all CPUs when nothing is under way */
  callsSent: 'word',
  callsRun: 'word',
  /** per-CPU threads by descriptor number, and their status */
  threads: [HOTPLUG_THREADS],
  threadStatus: [HOTPLUG_THREADS],
  /** address of the current task, for reports */
  current: 'word',
  /** interrupts that it has taken, by vector */
  interrupts: [VECTORS],
  softirq: SOFTIRQ_DATA,
  /** the next free record of this CPU's trace ring; counts on, never wraps by itself */
  traceHead: 'word',
})

export const GLOBAL = struct('global', {
  /** the machine: 0 running, 1 halting, 2 panicked */
  machineState: 'word',
  /** rung when the host has something to see */
  hostBell: 'word',
  /** orders trace events of different CPUs */
  ticket: 'line',
  /** workers that are not parked */
  awake: 'word',
  booted: 'word',
  nextPid: 'word',
  /** CONFIG_CPU_HOTPLUG_STATE_CONTROL */
  stateControl: 'word',
  /** the CPU that takes the port's interrupt; moved when it dies */
  portCpu: 'word',
  /** CPUs of a core: neighbours by number; does not change */
  threadsPerCore: 'word',
  /** slots with a request that no CPU has taken: one bit each */
  portPosted: [2],
  onlineCount: 'word',
  activeCount: 'word',
  // guarded by cpu_add_remove_lock
  hotplugDisabled: 'word',
  /** SMT_CONTROL: whether siblings may come up */
  smtControl: 'word',
  deviceHotplugLock: MUTEX,
  addRemoveLock: MUTEX,
  stateMutex: MUTEX,
  stopCpusMutex: MUTEX,
  smpbootMutex: MUTEX,
  hotplugLock: PERCPU_RWSEM,
  threadgroupLock: PERCPU_RWSEM,
  stopDone: STOP_DONE,
  stopData: MULTI_STOP,
  stopInProgress: 'word',
  /** 1: there is a scheduling domain; changed with cpu_hotplug_lock held, as the domain's mask is */
  domainBuilt: 'word',
  /** CPUs whose bit in the mask of overloaded CPUs is set */
  overloadedCount: 'word',
  /** 1 while all CPUs stand still for the host to look at the machine */
  frozen: 'word',
  /** those who wait until somebody else has cancelled the work that they would cancel */
  cancelWaiters: WAIT_QUEUE,
  /** task groups that have a limit */
  bandwidthUsed: 'word',
  /** 1: it has been logged that FIFO and RR tasks were held up */
  throttlingLogged: 'word',
  /** jiffies since the machine was powered on; only grows */
  jiffies: 'word',
  /** the CPU that keeps them, -1: whoever ticks next */
  tickDoTimerCpu: 'word',
  /** who waits in tasklet_kill */
  taskletKillers: WAIT_QUEUE,
})
