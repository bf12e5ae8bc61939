// Where everything lies: the one place that turns a configuration into addresses.
//
//   0        16                                                                          size
//   | nobody | global | masks | per CPU: percpu rq stopper ... | tasks | ports | rings | scratch | user |
//
// Every region starts on a cache line, and so does every element of a region, so that two CPUs never share a line.

import { assert } from '../base/assert.js'
import { eachLock, fieldAt, LINE, type Struct } from './struct.js'
import { CGROUP, CGROUP_MEMBER, CGROUP_ROOT } from './structs/cgroups.js'
import { TIMER_WHEEL } from './structs/deferred.js'
import {
  BLK_DONE,
  DEVICE,
  DEVICE_QUEUE,
  IO_REQUEST,
  IRQ_DATA,
  IRQ_DESC,
  SOFTNET,
  VECTOR_TABLE,
} from './structs/devices.js'
import { HRTIMER_BASE } from './structs/hrtimers.js'
import { KVM, KVM_CPU, VCPU } from './structs/kvm.js'
import { KTHREAD, LOAD, LOADS } from './structs/loads.js'
import { MM, MM_POOL } from './structs/mm.js'
import { RCU_DATA, RCU_NODE } from './structs/rcu.js'
import { RCU } from './structs/rcu-state.js'
import { RCU_TORTURE, TORTURE_ITEM, TORTURE_ITEMS } from './structs/rcu-torture.js'
import { CFS_RQ, TASK_GROUP } from './structs/task-groups.js'
import { POOL_WORKQUEUE, WORKER, WORKER_POOL, WORKQUEUE } from './structs/workqueues.js'
import {
  CPUHP,
  DOORBELL,
  GLOBAL,
  HOTPLUG_THREADS,
  INSTANCE,
  PERCPU,
  PORT_SLOT,
  PROGRAM,
  RUNQUEUE,
  STEP,
  STOPPER,
  TASK,
  TRACE_RECORD,
  WAIT_QUEUE,
} from './structs.js'

/** `irqs`: as many as one CPU has vectors for, with room for those that are being moved. */
export const LIMITS = {
  irqs: 16,
  cpus: 4096,
  tasks: 65_536,
  workers: 4096,
  portSlots: 64,
  cgroups: 32,
  instances: 256,
  states: 237,
  workqueues: 12,
  kthreads: 4096,
  groups: 32,
} as const

/** How large a machine is. All counts; the layout follows from them alone. */
export interface MemoryConfig {
  /** possible CPUs, 1..4096 */
  readonly cpus: number
  /** tasks besides the per-CPU threads and the requesters */
  readonly tasks: number
  /** worker threads that drive the CPUs; 1 for a machine without threads */
  readonly workers: number
  /** records in each CPU's trace ring, a power of two */
  readonly traceRecords: number
  /** words for kernel modules' own use */
  readonly scratch: number
  /** words of memory for user processes */
  readonly user: number
  /** devices, and interrupts of theirs: one for each of their queues (default 0) */
  readonly devices?: number
  readonly irqs?: number
  /** kernel threads that the host may start (default 0) */
  readonly kthreads?: number
}

/** Kworkers that all pools share, besides the first of each: one for each CPU, and these. */
const SPARE_WORKERS = 24
/** Tasks that every CPU has: its idle task, and one for each kind of per-CPU thread that there may be. */
const TASKS_PER_CPU = 1 + HOTPLUG_THREADS
export const MASKS = ['possible', 'present', 'online', 'active', 'dying', 'housekeeping', 'domain'] as const
export type MaskName = (typeof MASKS)[number]
/** CPU masks of an irq: where it may go, where it goes, and where it is to go from the next one on. */
export const IRQ_MASKS = ['affinity', 'effective', 'pending'] as const
export type IrqMask = (typeof IRQ_MASKS)[number]
/** Words of a page: what user processes are given memory in. */
export const PAGE = 1024
/** Buckets of the table of words that parked workers wait for. */
export const WAIT_BUCKETS = 1024
/** Places in the ring of a device's queue, a power of two; requests that a disk may have under way. */
export const RING = 64
export const REQUESTS = 32
/** CPUs that share a node of RCU's. */
export const RCU_FANOUT = 16
/** Threads of the machine as a whole that may run on any CPU: rcu_preempt. */
export const UNBOUND_THREADS = 1
/** Queues of tasks that wait for a word of their process's memory, by the word's hash. */
export const FUTEX_BUCKETS = 64

export interface Region {
  readonly name: string
  readonly shape: Struct | null
  readonly base: number
  readonly stride: number
  readonly count: number
}

const lines = (words: number): number => Math.ceil(words / LINE) * LINE

/** A search boots one machine after the other: what can be known of a layout is found out once. */
let latest: Layout | null = null
const CONFIG_KEYS = [
  'cpus',
  'tasks',
  'workers',
  'traceRecords',
  'scratch',
  'user',
  'kthreads',
  'devices',
  'irqs',
] as const

export class Layout {
  readonly config: MemoryConfig
  /** of the whole memory, in words */
  readonly words: number
  readonly maskWords: number
  /** pools of workers: one for each CPU, then that for work that may be done anywhere */
  readonly poolCount: number
  /** kworkers that there may be: the first of each pool, then those that any pool may have */
  readonly workerCount: number
  /** who does operations, and is told apart by a number: the CPUs, then the devices */
  readonly masters: number
  readonly taskCount: number
  readonly waitBucketWords: number
  readonly attentionWords: number
  readonly regions: readonly Region[]
  readonly global: number
  readonly masks: Region
  readonly percpu: Region
  readonly cpuhp: Region
  readonly runqueues: Region
  readonly stoppers: Region
  readonly hrtimerBases: Region
  readonly taskGroups: Region
  readonly cfsRqs: Region
  readonly timerWheels: Region
  readonly pools: Region
  readonly kworkers: Region
  readonly workqueues: Region
  readonly poolWorkqueues: Region
  readonly callSenders: Region
  readonly rcu: Region
  readonly rcuNodes: Region
  readonly rcuData: Region
  readonly rcuTorture: Region
  readonly tortureItems: Region
  readonly mmPool: Region
  readonly mms: Region
  readonly tasks: Region
  readonly affinities: Region
  readonly steps: Region
  readonly instances: Region
  readonly slots: Region
  readonly rings: Region
  readonly doorbells: Region
  readonly attention: Region
  readonly waitBuckets: Region
  readonly scratch: Region
  readonly overloaded: Region
  readonly programs: Region
  readonly programMasks: Region
  readonly exited: Region
  readonly futexes: Region
  readonly irqData: Region
  readonly irqs: Region
  readonly irqMasks: Region
  readonly irqCounts: Region
  readonly vectorTables: Region
  readonly devices: Region
  readonly queues: Region
  readonly descriptors: Region
  readonly requests: Region
  readonly softnets: Region
  readonly blkDone: Region
  readonly cgroupRoot: number
  readonly cgroups: Region
  readonly cpusetCpus: Region
  readonly cpusetEffective: Region
  readonly cgroupMembers: Region
  readonly user: Region
  readonly kthreads: Region
  readonly loads: Region
  readonly kvm: Region
  readonly kvmCpus: Region
  readonly vcpus: Region
  readonly loadObjects: Region

  /** The layout of that configuration: the same object as for the machine before, where that was of the same size. */
  static of(config: MemoryConfig): Layout {
    if (latest === null || CONFIG_KEYS.some((key) => latest!.config[key] !== config[key])) latest = new Layout(config)
    return latest
  }

  constructor(config: MemoryConfig) {
    checkConfig(config)
    this.config = config
    this.maskWords = Math.ceil(config.cpus / 32)
    this.poolCount = config.cpus + 1
    this.workerCount = this.poolCount + config.cpus + SPARE_WORKERS
    this.masters = config.cpus + (config.devices ?? 0)
    this.taskCount =
      config.cpus * TASKS_PER_CPU +
      1 +
      2 * LIMITS.portSlots +
      UNBOUND_THREADS +
      this.workerCount +
      (config.kthreads ?? 0) +
      config.tasks
    this.waitBucketWords = Math.ceil(config.workers / 32)
    this.attentionWords = Math.ceil(Math.ceil(config.cpus / config.workers) / 32)
    const regions: Region[] = []
    let next = LINE
    const region = (name: string, shape: Struct | null, count: number, words = shape?.$size ?? 0): Region => {
      const stride = lines(words)
      const made = { name, shape, base: next, stride, count }
      if (count > 0) regions.push(made)
      next += stride * count
      return made
    }
    const cpus = config.cpus
    this.global = region('global', GLOBAL, 1).base
    this.masks = region('masks', null, MASKS.length, this.maskWords)
    this.percpu = region('percpu', PERCPU, cpus)
    this.cpuhp = region('cpuhp', CPUHP, cpus)
    this.runqueues = region('rq', RUNQUEUE, cpus)
    this.stoppers = region('stopper', STOPPER, cpus)
    this.hrtimerBases = region('hrtimer_base', HRTIMER_BASE, cpus)
    this.taskGroups = region('task_group', TASK_GROUP, LIMITS.groups)
    this.cfsRqs = region('cfs_rq', CFS_RQ, LIMITS.groups * cpus)
    this.timerWheels = region('timer_wheel', TIMER_WHEEL, cpus)
    this.pools = region('worker_pool', WORKER_POOL, this.poolCount)
    this.kworkers = region('worker', WORKER, this.workerCount)
    this.workqueues = region('workqueue', WORKQUEUE, LIMITS.workqueues)
    this.poolWorkqueues = region('pool_workqueue', POOL_WORKQUEUE, LIMITS.workqueues * this.poolCount)
    this.callSenders = region('call_senders', null, cpus, this.maskWords)
    this.rcu = region('rcu', RCU, 1)
    this.rcuNodes = region('rcu_node', RCU_NODE, Math.ceil(cpus / RCU_FANOUT))
    this.rcuData = region('rcu_data', RCU_DATA, cpus)
    this.rcuTorture = region('rcu_torture', RCU_TORTURE, 1)
    this.tortureItems = region('rcu_torture_item', TORTURE_ITEM, TORTURE_ITEMS)
    // One for each process, and as many as CPUs hold on to: by what runs there, and in the middle of a switch.
    this.mmPool = region('mm_pool', MM_POOL, 1)
    this.mms = region('mm', MM, config.tasks + 2 * cpus)
    this.tasks = region('task', TASK, this.taskCount)
    this.affinities = region('cpus_mask', null, this.taskCount, this.maskWords)
    this.steps = region('step', STEP, LIMITS.states)
    this.instances = region('instance', INSTANCE, LIMITS.instances)
    this.slots = region('port', PORT_SLOT, LIMITS.portSlots)
    this.rings = region('ring', null, cpus, config.traceRecords * TRACE_RECORD.$size)
    this.doorbells = region('doorbell', DOORBELL, config.workers)
    this.attention = region('attention', null, config.workers, this.attentionWords)
    this.waitBuckets = region('wait_bucket', null, 1, WAIT_BUCKETS * this.waitBucketWords)
    this.scratch = region('scratch', null, 1, config.scratch)
    this.overloaded = region('overloaded', null, 1, this.maskWords)
    this.programs = region('program', PROGRAM, Math.max(1, config.tasks))
    this.programMasks = region('program_mask', null, Math.max(1, config.tasks), this.maskWords)
    this.exited = region('exited', null, 1, 1 + Math.ceil(config.tasks / 32))
    this.kthreads = region('kthread', KTHREAD, Math.max(1, config.kthreads ?? 0))
    this.loads = region('loads', LOADS, 1)
    this.kvm = region('kvm', KVM, 1)
    this.kvmCpus = region('kvm_cpu', KVM_CPU, cpus)
    this.vcpus = region('vcpu', VCPU, Math.max(1, config.kthreads ?? 0))
    this.loadObjects = region('load', LOAD, Math.max(1, config.kthreads ?? 0))
    this.futexes = region('futex', WAIT_QUEUE, FUTEX_BUCKETS)
    // Of interrupts number 0 is the host's port: it is none of these, and the number stands for none.
    const { irqs = 0, devices = 0 } = config
    this.irqData = region('irq_data', IRQ_DATA, irqs === 0 ? 0 : 1)
    this.irqs = region('irq', IRQ_DESC, irqs === 0 ? 0 : irqs + 1)
    this.irqMasks = region('irq_mask', null, this.irqs.count * IRQ_MASKS.length, this.maskWords)
    this.irqCounts = region('irq_count', null, this.irqs.count, cpus)
    this.vectorTables = region('vector_table', VECTOR_TABLE, irqs === 0 ? 0 : cpus)
    this.devices = region('device', DEVICE, devices)
    this.queues = region('queue', DEVICE_QUEUE, irqs)
    this.descriptors = region('descriptor', null, irqs, 2 * RING)
    this.requests = region('request', IO_REQUEST, devices * REQUESTS)
    this.softnets = region('softnet', SOFTNET, irqs === 0 ? 0 : cpus)
    this.blkDone = region('blk_done', BLK_DONE, irqs === 0 ? 0 : cpus)
    this.cgroupRoot = region('cgroup_root', CGROUP_ROOT, 1).base
    this.cgroups = region('cgroup', CGROUP, LIMITS.cgroups)
    this.cpusetCpus = region('cpus_allowed', null, LIMITS.cgroups, this.maskWords)
    this.cpusetEffective = region('effective_cpus', null, LIMITS.cgroups, this.maskWords)
    this.cgroupMembers = region('cgroup_member', CGROUP_MEMBER, Math.max(1, config.tasks))
    next = Math.ceil(next / PAGE) * PAGE
    this.user = region('user', null, 1, config.user)
    this.regions = regions
    this.words = next
    this.assertSound()
  }

  /** Start-up assertions: nothing overlaps, everything is inside, and floats lie on eight bytes. */
  private assertSound(): void {
    let end = LINE
    for (const region of this.regions) {
      assert(region.base >= end, `region ${region.name} overlaps the one before it`)
      assert(region.base % LINE === 0 && region.stride % LINE === 0, `region ${region.name} is not on cache lines`)
      assert(
        region.shape === null || region.shape.$size <= region.stride,
        `region ${region.name} has too short a stride`,
      )
      end = region.base + region.stride * region.count
    }
    assert(end <= this.words, 'the regions do not fit into the memory')
    assert(this.words < 2 ** 29, 'the memory is larger than word addresses reach')
    assert(TRACE_RECORD.$size === 8, 'a trace record is 8 words')
  }

  /** The region that an address lies in, and which element of it. */
  locate(address: number): { region: Region; index: number; offset: number } | null {
    for (const region of this.regions) {
      const offset = address - region.base
      if (offset >= 0 && offset < region.stride * region.count) {
        return { region, index: Math.floor(offset / region.stride), offset: offset % region.stride }
      }
    }
    return null
  }

  /** An address in words a person can read: 'cpuhp[1].doneUp.lock'. */
  describe(address: number): string {
    const place = this.locate(address)
    if (place === null) return address === 0 ? 'null' : `word ${address}`
    const { region, index, offset } = place
    if (region.name === 'masks') return `cpu_${MASKS[index]}_mask[${offset}]`
    const element = region.count === 1 ? region.name : `${region.name}[${index}]`
    return region.shape === null ? `${element}+${offset}` : `${element}.${fieldAt(region.shape, offset)}`
  }

  /** Every spinlock of the machine by name: there is one for each CPU or object, as in Linux. */
  locks(): Map<string, number> {
    const found = new Map<string, number>()
    for (const region of this.regions) {
      const { shape } = region
      if (shape === null) continue
      for (let i = 0; i < region.count; i++) {
        const base = region.base + i * region.stride
        eachLock(shape, (offset) => found.set(this.describe(base + offset), base + offset))
      }
    }
    return found
  }
}

function checkConfig(config: MemoryConfig): void {
  const within = (name: keyof MemoryConfig, low: number, high: number): void => {
    const value = config[name] ?? 0
    if (!Number.isInteger(value) || value < low || value > high) {
      throw new RangeError(`${name} must be a whole number from ${low} to ${high}, not ${value}`)
    }
  }
  within('cpus', 1, LIMITS.cpus)
  within('tasks', 0, LIMITS.tasks)
  within('workers', 1, Math.min(LIMITS.workers, config.cpus))
  if (config.traceRecords !== 0) within('traceRecords', 16, 65_536)
  within('scratch', 0, 2 ** 24)
  if (config.irqs !== undefined) within('irqs', 0, LIMITS.irqs)
  if (config.devices !== undefined) within('devices', 0, config.irqs ?? 0)
  within('user', 0, 2 ** 28)
  within('kthreads', 0, LIMITS.kthreads)
  if ((config.traceRecords & (config.traceRecords - 1)) !== 0) {
    throw new RangeError(`traceRecords must be a power of two, not ${config.traceRecords}`)
  }
}
