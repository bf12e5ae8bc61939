// The machine's physical memory: addresses of things, and plain reads and writes of guarded data.
//
// Words that CPUs use to talk to each other are accessed by operations (see ops/). What a lock guards is read and
// written here, between two operations, and only with that lock held.
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

export class Memory {
  readonly layout: Layout
  readonly buffer: SharedArrayBuffer | ArrayBuffer
  readonly words: Int32Array
  readonly times: Float64Array
  readonly global: number
  /** the CPU masks: `maskWords` words each */
  readonly possible: number
  readonly present: number
  readonly online: number
  readonly active: number
  readonly dying: number

  constructor(config: MemoryConfig, buffer?: SharedArrayBuffer | ArrayBuffer) {
    this.layout = Layout.of(config)
    const bytes = this.layout.words * 4
    this.buffer = buffer ?? new ArrayBuffer(bytes)
    if (this.buffer.byteLength < bytes) {
      throw new RangeError(`the buffer has ${this.buffer.byteLength} bytes, the layout needs ${bytes}`)
    }
    this.words = new Int32Array(this.buffer)
    this.times = new Float64Array(this.buffer)
    this.global = this.layout.global
    const mask = (name: MaskName): number => this.layout.masks.base + MASKS.indexOf(name) * this.layout.masks.stride
    this.possible = mask('possible')
    this.present = mask('present')
    this.online = mask('online')
    this.active = mask('active')
    this.dying = mask('dying')
  }

  /** Reads guarded data: the caller holds the lock (or nobody else can know of the word yet). */
  get(word: number): number {
    return this.words[word]!
  }

  /** Writes guarded data: the caller holds the lock (or nobody else can know of the word yet). */
  set(word: number, value: number): void {
    this.words[word] = value
  }

  /** Reads a time field, in nanoseconds. */
  getTime(word: number): number {
    return this.times[word >> 1]!
  }

  /** Writes a time field, in nanoseconds. */
  setTime(word: number, value: number): void {
    this.times[word >> 1] = value
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

  /** Writes up to `words * 4` bytes of Latin text, zero-filled. */
  setText(word: number, words: number, text: string): void {
    for (let i = 0; i < words; i++) {
      let value = 0
      for (let b = 0; b < 4; b++) value |= (text.charCodeAt(i * 4 + b) & 0xff || 0) << (b * 8)
      this.set(word + i, value)
    }
  }

  getText(word: number, words: number): string {
    let text = ''
    for (let i = 0; i < words * 4; i++) {
      const code = (this.get(word + (i >> 2)) >>> ((i & 3) * 8)) & 0xff
      if (code === 0) break
      text += String.fromCharCode(code)
    }
    return text
  }
}
