// Looking at every machine that a piece of work boots, whoever boots them: `cpuhp trace` is put around other commands so.
import type { Memory } from '../memory/memory.js'
import type { TraceReader } from '../trace/ring.js'
import type { MachineOptions } from './options.js'

/** What an observer sees of a machine. */
export interface Observed {
  readonly kind: 'threads' | 'deterministic'
  readonly cpus: number
  readonly memory: Memory
  /** the machine's time, ns since it was powered on */
  now(): number
  /** the name of a kernel function by its number */
  functionName(number: number): string
  /** a reader of the trace rings besides the machine's own */
  traceReader(): TraceReader
}

export interface Observer {
  /** Before a machine is made: its options, or others in their place. */
  options(options: MachineOptions): MachineOptions
  /** Before its CPUs run. */
  begins(machine: Observed): void
  /** Its rings are half full: deterministic machines, in the middle of an operation. */
  fills(machine: Observed): void
  /** Before it is shut down; its CPUs may run still. Once for each machine. */
  ends(machine: Observed): void
}

let current: Observer | null = null

/** Who observes what is booted now; null: nobody. */
export function currentObserver(): Observer | null {
  return current
}

/** Does `work`, and has every machine that is booted until its end observed. */
export async function observing<T>(observer: Observer, work: () => Promise<T>): Promise<T> {
  const before = current
  current = observer
  try {
    return await work()
  } finally {
    current = before
  }
}
