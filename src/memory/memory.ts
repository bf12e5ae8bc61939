// The machine's physical memory: the addresses of things.
import {
  FUTEX_BUCKETS,
  IRQ_MASKS,
  type IrqMask,
  Layout,
  LIMITS,
  MASKS,
  type MaskName,
  type MemoryConfig,
  RCU_FANOUT,
  REQUESTS,
  RING,
  UNBOUND_THREADS,
} from './layout.js'
import { DOORBELL, HOTPLUG_THREADS, PERCPU, TRACE_RECORD } from './structs.js'
import { Words } from './words.js'

export class Memory extends Words {
  readonly layout: Layout
  readonly global: number
  /** the CPU masks: `maskWords` words each */
  readonly possible: number
  readonly present: number
  readonly online: number
  readonly active: number
  readonly dying: number
  /** all CPUs but those that are isolated; does not change */
  readonly housekeeping: number
  /** the CPUs that the load is balanced over: see sched/domains.ts */
  readonly domain: number

  constructor(config: MemoryConfig, buffer?: SharedArrayBuffer | ArrayBuffer) {
    const layout = Layout.of(config)
    super(layout.words, buffer)
    this.layout = layout
    this.global = this.layout.global
    const mask = (name: MaskName): number => this.layout.masks.base + MASKS.indexOf(name) * this.layout.masks.stride
    this.possible = mask('possible')
    this.present = mask('present')
    this.online = mask('online')
    this.active = mask('active')
    this.dying = mask('dying')
    this.housekeeping = mask('housekeeping')
    this.domain = mask('domain')
  }

  percpu(cpu: number): number {
    return this.layout.percpu.base + cpu * this.layout.percpu.stride
  }

  pending(cpu: number): number {
    return this.percpu(cpu) + PERCPU.pending
  }

  cpuhp(cpu: number): number {
    return this.layout.cpuhp.base + cpu * this.layout.cpuhp.stride
  }

  runqueue(cpu: number): number {
    return this.layout.runqueues.base + cpu * this.layout.runqueues.stride
  }

  stopper(cpu: number): number {
    return this.layout.stoppers.base + cpu * this.layout.stoppers.stride
  }

  hrtimerBase(cpu: number): number {
    return this.layout.hrtimerBases.base + cpu * this.layout.hrtimerBases.stride
  }

  timerWheel(cpu: number): number {
    return this.layout.timerWheels.base + cpu * this.layout.timerWheels.stride
  }

  /** A task group, 1 to LIMITS.groups - 1. */
  taskGroup(group: number): number {
    return this.layout.taskGroups.base + group * this.layout.taskGroups.stride
  }

  /** What a task group has on a CPU. */
  cfsRq(group: number, cpu: number): number {
    return this.layout.cfsRqs.base + (group * this.layout.config.cpus + cpu) * this.layout.cfsRqs.stride
  }

  cpuOfCfsRq(cfsRq: number): number {
    return ((cfsRq - this.layout.cfsRqs.base) / this.layout.cfsRqs.stride) % this.layout.config.cpus
  }

  /** The pool of a CPU's workers; that after the last CPU's is for work that may be done anywhere. */
  pool(index: number): number {
    return this.layout.pools.base + index * this.layout.pools.stride
  }

  get unboundPool(): number {
    return this.pool(this.layout.poolCount - 1)
  }

  poolIndex(pool: number): number {
    return (pool - this.layout.pools.base) / this.layout.pools.stride
  }

  worker(index: number): number {
    return this.layout.kworkers.base + index * this.layout.kworkers.stride
  }

  workerIndex(worker: number): number {
    return (worker - this.layout.kworkers.base) / this.layout.kworkers.stride
  }

  /** The task that a worker is. */
  workerTask(worker: number): number {
    return this.kthreadTask(this.layout.config.kthreads ?? 0) + this.workerIndex(worker) * this.layout.tasks.stride
  }

  workqueue(index: number): number {
    return this.layout.workqueues.base + index * this.layout.workqueues.stride
  }

  workqueueIndex(workqueue: number): number {
    return (workqueue - this.layout.workqueues.base) / this.layout.workqueues.stride
  }

  /** What a workqueue has on a pool. */
  poolWorkqueue(workqueue: number, pool: number): number {
    const index = this.workqueueIndex(workqueue) * this.layout.poolCount + this.poolIndex(pool)
    return this.layout.poolWorkqueues.base + index * this.layout.poolWorkqueues.stride
  }

  poolOf(poolWorkqueue: number): number {
    return this.pool(this.poolWorkqueueIndex(poolWorkqueue) % this.layout.poolCount)
  }

  workqueueOf(poolWorkqueue: number): number {
    return this.workqueue(Math.floor(this.poolWorkqueueIndex(poolWorkqueue) / this.layout.poolCount))
  }

  private poolWorkqueueIndex(poolWorkqueue: number): number {
    return (poolWorkqueue - this.layout.poolWorkqueues.base) / this.layout.poolWorkqueues.stride
  }

  /** The bitmap of CPUs that have a many-CPU call under way to `cpu`. */
  callSenders(cpu: number): number {
    return this.layout.callSenders.base + cpu * this.layout.callSenders.stride
  }

  /** RCU as a whole; the node that a CPU belongs to; what a CPU keeps for RCU. */
  get rcu(): number {
    return this.layout.rcu.base
  }

  rcuNode(cpu: number): number {
    return this.layout.rcuNodes.base + Math.floor(cpu / RCU_FANOUT) * this.layout.rcuNodes.stride
  }

  rcuData(cpu: number): number {
    return this.layout.rcuData.base + cpu * this.layout.rcuData.stride
  }

  /** Where the address spaces are that nobody has. */
  get mmPool(): number {
    return this.layout.mmPool.base
  }

  /** What RCU is tortured with. */
  get rcuTorture(): number {
    return this.layout.rcuTorture.base
  }

  tortureItem(index: number): number {
    return this.layout.tortureItems.base + index * this.layout.tortureItems.stride
  }

  /** Task structs by what they are for: idle tasks, per-CPU threads, init, the port's requesters and runners, others. */
  idleTask(cpu: number): number {
    return this.task(cpu)
  }

  threadTask(cpu: number, kind: number): number {
    return this.task(this.layout.config.cpus * (1 + kind) + cpu)
  }

  get initTask(): number {
    return this.task(this.layout.config.cpus * (1 + HOTPLUG_THREADS))
  }

  requesterTask(slot: number): number {
    return this.initTask + (1 + slot) * this.layout.tasks.stride
  }

  runnerTask(slot: number): number {
    return this.initTask + (1 + LIMITS.portSlots + slot) * this.layout.tasks.stride
  }

  /** rcu_preempt, which brings about grace periods. */
  get rcuThread(): number {
    return this.runnerTask(LIMITS.portSlots)
  }

  /** The task of a kernel thread that the host may start, and the thread's own words. */
  kthreadTask(index: number): number {
    return this.runnerTask(LIMITS.portSlots + UNBOUND_THREADS + index)
  }

  /** What the loads of the machine share (loads/). */
  get loads(): number {
    return this.layout.loads.base
  }

  /** The objects of a kernel thread that is a load. */
  load(index: number): number {
    return this.layout.loadObjects.base + index * this.layout.loadObjects.stride
  }

  get kvm(): number {
    return this.layout.kvm.base
  }

  kvmCpu(cpu: number): number {
    return this.layout.kvmCpus.base + cpu * this.layout.kvmCpus.stride
  }

  /** The virtual CPU of a kernel thread that the host has started. */
  vcpu(index: number): number {
    return this.layout.vcpus.base + index * this.layout.vcpus.stride
  }

  kthread(index: number): number {
    return this.layout.kthreads.base + index * this.layout.kthreads.stride
  }

  task(index: number): number {
    return this.layout.tasks.base + index * this.layout.tasks.stride
  }

  taskIndex(task: number): number {
    return (task - this.layout.tasks.base) / this.layout.tasks.stride
  }

  /** The mask of CPUs that a task may run on. */
  affinity(task: number): number {
    return this.layout.affinities.base + this.taskIndex(task) * this.layout.affinities.stride
  }

  /** The first of the tasks that are neither per-CPU threads nor the port's: user tasks, by their number. */
  userTask(number: number): number {
    return this.task(this.layout.taskCount - this.layout.config.tasks + number)
  }

  program(index: number): number {
    return this.layout.programs.base + index * this.layout.programs.stride
  }

  programIndex(program: number): number {
    return (program - this.layout.programs.base) / this.layout.programs.stride
  }

  /** The mask of CPUs that the tasks of a process may run on when they are made. */
  programMask(index: number): number {
    return this.layout.programMasks.base + index * this.layout.programMasks.stride
  }

  /** The bitmap of processes that have ended and that the host has not been told of. */
  get exited(): number {
    return this.layout.exited.base
  }

  /** The mask of CPUs that have had more than one runnable task lately. */
  get overloaded(): number {
    return this.layout.overloaded.base
  }

  /** The queue of tasks that wait for a word of user memory. */
  futex(word: number): number {
    const hash = (Math.imul(word, 0x9e37_79b1) >>> 16) & (FUTEX_BUCKETS - 1)
    return this.layout.futexes.base + hash * this.layout.futexes.stride
  }

  /** Interrupts of devices by their numbers, from 1 on; how many there are, `irqs` among them. */
  get irqs(): number {
    return this.layout.queues.count
  }

  irq(irq: number): number {
    return this.layout.irqs.base + irq * this.layout.irqs.stride
  }

  irqMask(irq: number, name: IrqMask): number {
    const { base, stride } = this.layout.irqMasks
    return base + (irq * IRQ_MASKS.length + IRQ_MASKS.indexOf(name)) * stride
  }

  /** How many of an irq a CPU has taken. */
  irqCount(irq: number, cpu: number): number {
    return this.layout.irqCounts.base + irq * this.layout.irqCounts.stride + cpu
  }

  vectorTable(cpu: number): number {
    return this.layout.vectorTables.base + cpu * this.layout.vectorTables.stride
  }

  device(index: number): number {
    return this.layout.devices.base + index * this.layout.devices.stride
  }

  deviceIndex(device: number): number {
    return (device - this.layout.devices.base) / this.layout.devices.stride
  }

  /** A queue by its number on the machine; irq n is that of queue n - 1. */
  queue(index: number): number {
    return this.layout.queues.base + index * this.layout.queues.stride
  }

  queueIndex(queue: number): number {
    return (queue - this.layout.queues.base) / this.layout.queues.stride
  }

  /** The place in a queue's ring for what its head or tail counts. */
  descriptor(queue: number, count: number): number {
    return this.layout.descriptors.base + queue * this.layout.descriptors.stride + (count & (RING - 1))
  }

  /** The place of what a disk's queue was the `count`-th to be given. */
  submission(queue: number, count: number): number {
    return this.descriptor(queue, count) + RING
  }

  softnet(cpu: number): number {
    return this.layout.softnets.base + cpu * this.layout.softnets.stride
  }

  blkDone(cpu: number): number {
    return this.layout.blkDone.base + cpu * this.layout.blkDone.stride
  }

  /** A disk's request by its tag. */
  ioRequest(device: number, tag: number): number {
    return this.layout.requests.base + (device * REQUESTS + tag) * this.layout.requests.stride
  }

  /** What all control groups share. */
  get cgroupRoot(): number {
    return this.layout.cgroupRoot
  }

  /** Control groups by index; 0 is the root. */
  cgroup(index: number): number {
    return this.layout.cgroups.base + index * this.layout.cgroups.stride
  }

  cgroupIndex(group: number): number {
    return (group - this.layout.cgroups.base) / this.layout.cgroups.stride
  }

  /** The masks of a group's cpuset: what it has been given, and what it has of that. */
  cpusetCpus(group: number): number {
    return this.layout.cpusetCpus.base + this.cgroupIndex(group) * this.layout.cpusetCpus.stride
  }

  cpusetEffective(group: number): number {
    return this.layout.cpusetEffective.base + this.cgroupIndex(group) * this.layout.cpusetEffective.stride
  }

  /** Which group the process of that index is in. */
  cgroupMember(index: number): number {
    return this.layout.cgroupMembers.base + index * this.layout.cgroupMembers.stride
  }

  cgroupMemberIndex(member: number): number {
    return (member - this.layout.cgroupMembers.base) / this.layout.cgroupMembers.stride
  }

  step(state: number): number {
    return this.layout.steps.base + state * this.layout.steps.stride
  }

  instance(index: number): number {
    return this.layout.instances.base + index * this.layout.instances.stride
  }

  slot(index: number): number {
    return this.layout.slots.base + index * this.layout.slots.stride
  }

  ring(cpu: number): number {
    return this.layout.rings.base + cpu * this.layout.rings.stride
  }

  traceRecord(cpu: number, sequence: number): number {
    return this.ring(cpu) + (sequence & (this.layout.config.traceRecords - 1)) * TRACE_RECORD.$size
  }

  doorbell(worker: number): number {
    return this.layout.doorbells.base + worker * this.layout.doorbells.stride + DOORBELL.bell
  }

  attention(worker: number): number {
    return this.layout.attention.base + worker * this.layout.attention.stride
  }

  scratch(offset: number): number {
    return this.layout.scratch.base + offset
  }
}
