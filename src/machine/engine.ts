// An engine: what carries the operations of all CPUs out. The machine (machine.ts) is the same for both of them.
import { type DeviceConfig, queuesOf } from '../devices/config.js'
import type { MemoryConfig } from '../memory/layout.js'
import type { Memory } from '../memory/memory.js'
import type { DeviceAction } from '../ops/cpu.js'
import type { Functions } from '../ops/functions.js'
import type { BugName } from '../ops/switches.js'
import type { Profile } from '../profiles/profile.js'
import type { Workload } from '../workloads/workload.js'
import type { KernelLogLine, PanicReport, ProcessorState } from './report.js'

export interface EngineConfig {
  readonly cpus: number
  readonly present: number
  readonly maxcpus: number
  readonly tasks: number
  readonly scratch: number
  /** words of memory for user processes */
  readonly user: number
  readonly traceRecords: number
  readonly kthreads: number
  readonly profile: Profile
  /** URLs of kernel modules */
  readonly modules: readonly string[]
  /** URLs of workloads besides the built-in ones */
  readonly workloads: readonly string[]
  readonly devices: readonly DeviceConfig[]
  /** historical bugs to put back (ops/switches.ts) */
  readonly bugs: readonly BugName[]
  /** whether synchronize_rcu is expedited */
  readonly rcuExpedited: boolean
}

/** When a machine counts as hung; what is left out has the engine's own limit, or none. */
export interface Watchdog {
  /** a request without an answer, in the machine's own time */
  readonly requestMs?: number
  /** threads: a CPU without progress */
  readonly stuckMs?: number
  /** deterministic: operations without an answer, or the end of a process */
  readonly operations?: number
}

/** What an engine tells its machine. */
export interface EngineEvents {
  /** a CPU has rung the host's bell: look at the port */
  bell(): void
  log(line: KernelLogLine): void
  /** the kernel tells of the device of a CPU */
  uevent(action: DeviceAction, subject: number, timeNs: number): void
  /** a task of a process has thrown */
  fault(program: number, message: string): void
  panic(report: PanicReport): void
}

/** A worker that waits in its event loop, as it sees itself. */
export interface WorkerInspection {
  /** where its CPUs are: all off */
  readonly states: readonly ProcessorState[]
  /** its JavaScript heap, bytes */
  readonly heapBytes: number
}

/** For setOutstanding: nobody waits for an answer. */
export const NO_REQUEST = -1

export interface Engine {
  readonly kind: 'threads' | 'deterministic'
  readonly memory: Memory
  readonly functions: Functions
  readonly workloads: readonly Workload[]
  /** Starts all CPUs; resolves when the kernel is up. */
  start(events: EngineEvents): Promise<void>
  /** The machine's time, ns since it was powered on. */
  now(): number
  /** Reads a word that CPUs publish. */
  load(word: number): number
  /** Writes a word that CPUs read. */
  store(word: number, value: number): void
  /** Clears bits of a word in which CPUs set some. */
  clearBits(word: number, bits: number): void
  /** The slot has been filled: marks it, and raises the port's interrupt. */
  post(slot: number): void
  /**
   * How much is under way, requests and user processes: an engine keeps the process alive, and itself going, while there
   * is any. `oldest` tells the request that has waited longest from others: when it stays the same for too long, the
   * machine hangs; it has `allowanceNs` besides. NO_REQUEST: there are user processes only.
   */
  setOutstanding(count: number, oldest: number, allowanceNs: number): void
  /** What the workers say of themselves that wait in their event loops; null for one that runs, none where there are none. */
  inspect(): Promise<readonly (WorkerInspection | null)[]>
  /** Engines of one thread: has `tap` called before what the trace rings hold is overwritten. */
  tapTrace?(tap: () => void): void
  /** Ends everything; resolves when nothing is left running. Never rejects. */
  shutdown(): Promise<void>
  /** Counts of what has been done so far. */
  counters(): Readonly<Record<string, number>>
}

/** How large the machine's memory is. */
export function memoryConfigOf(config: EngineConfig, workers: number): MemoryConfig {
  const { cpus, tasks, traceRecords, scratch, user, kthreads, devices } = config
  const irqs = queuesOf(devices)
  return { cpus, tasks, workers, traceRecords, scratch, user, kthreads, devices: devices.length, irqs }
}
