// An engine: what carries the operations of all CPUs out. The machine (machine.ts) is the same for both of them.
import type { Memory } from '../memory/memory.js'
import type { Functions } from '../ops/functions.js'
import type { BugName } from '../ops/switches.js'
import type { Profile } from '../profiles/profile.js'
import type { KernelLogLine, PanicReport } from './report.js'

export interface EngineConfig {
  readonly cpus: number
  readonly present: number
  readonly maxcpus: number
  readonly tasks: number
  readonly scratch: number
  readonly traceRecords: number
  readonly profile: Profile
  /** URLs of kernel modules */
  readonly modules: readonly string[]
  /** historical bugs to put back (ops/switches.ts) */
  readonly bugs: readonly BugName[]
}

/** What an engine tells its machine. */
export interface EngineEvents {
  /** a CPU has rung the host's bell: look at the port */
  bell(): void
  log(line: KernelLogLine): void
  panic(report: PanicReport): void
}

export interface Engine {
  readonly kind: 'threads' | 'deterministic'
  readonly memory: Memory
  readonly functions: Functions
  /** Starts all CPUs; resolves when the kernel is up. */
  start(events: EngineEvents): Promise<void>
  /** Reads a word that CPUs publish. */
  load(word: number): number
  /** Writes a word that CPUs read. */
  store(word: number, value: number): void
  /** The slot has been filled: marks it, and raises the port's interrupt. */
  post(slot: number): void
  /**
   * How many requests are under way: an engine keeps the process alive, and itself going, while there are any. `oldest`
   * tells the one that has waited longest from others: when it stays the same for too long, the machine hangs.
   */
  setOutstanding(count: number, oldest: number): void
  /** Ends everything; resolves when nothing is left running. Never rejects. */
  shutdown(): Promise<void>
  /** Counts of what has been done so far. */
  counters(): Readonly<Record<string, number>>
}
