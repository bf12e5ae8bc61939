// Recording every machine of a piece of work (machine/observer.ts).
import type { Observed, Observer } from '../machine/observer.js'
import type { MachineOptions } from '../machine/options.js'
import { TRACE_RECORD } from '../memory/structs.js'
import type { Trace } from './entry.js'
import { Recording } from './recording.js'

/** How often the rings of a threads machine are read, ms; a deterministic one has them read when they fill. */
const READ_MS = 10
/** Words of all rings of a threads machine together, at most, and records of one. */
const RING_WORDS = 2 ** 24
const RING_RECORDS = 16_384

export class Recorder implements Observer {
  private readonly running = new Map<Observed, { recording: Recording; timer: ReturnType<typeof setInterval> | null }>()
  private readonly onTrace: (trace: Trace) => void

  /** `onTrace` is called with each machine's trace, when it is shut down. */
  constructor(onTrace: (trace: Trace) => void) {
    this.onTrace = onTrace
  }

  /** Deterministic machines are left as they are: the same run has the same trace. */
  options(options: MachineOptions): MachineOptions {
    const { machine, cpus, traceRecords = 0 } = options
    if (machine === 'deterministic') return options
    const fits = 2 ** Math.floor(Math.log2(RING_WORDS / TRACE_RECORD.$size / Math.max(1, cpus)))
    return { ...options, traceRecords: Math.max(traceRecords, Math.min(fits, RING_RECORDS)) }
  }

  begins(machine: Observed): void {
    const recording = new Recording(machine)
    const timer = machine.kind === 'threads' ? setInterval(() => recording.read(), READ_MS) : null
    timer?.unref()
    this.running.set(machine, { recording, timer })
  }

  fills(machine: Observed): void {
    this.running.get(machine)?.recording.read()
  }

  ends(machine: Observed): void {
    const found = this.running.get(machine)
    if (found === undefined) return
    this.running.delete(machine)
    if (found.timer !== null) clearInterval(found.timer)
    this.onTrace(found.recording.finish())
  }
}
