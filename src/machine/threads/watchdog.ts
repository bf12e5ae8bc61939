// The watchdog: a worker that no longer comes round, or a request that nobody answers, is a panic and not a hang.
//
// It runs on the host, while requests are under way, and keeps the process alive that long. When the host itself is
// starved, its own ticks are late: those are not held against the machine.
import { NS_PER_MS } from '../../base/time.js'
import type { Memory } from '../../memory/memory.js'
import { DOORBELL } from '../../memory/structs.js'
import { NO_REQUEST } from '../engine.js'
import type { PanicCause } from '../report.js'

export interface WatchdogLimits {
  /** a request without an answer, ms (default 30,000) */
  readonly requestMs?: number
  /** a worker that neither comes round nor is parked, ms (default 10,000) */
  readonly stuckMs?: number
}

const TICK_MS = 100
/** A tick that comes this late says that the host is starved. */
const LATE_MS = 50

export class Watchdog {
  private readonly memory: Memory
  private readonly requestMs: number
  private readonly stuckMs: number
  private readonly bite: (cause: PanicCause) => void
  private timer: NodeJS.Timeout | null = null
  private lastTick = 0
  /** time on the watchdog's own clock that the oldest request has been that, and since each worker last came round */
  private waitedMs = 0
  private outstanding = 0
  private oldest = 0
  /** for how long the oldest has asked to be left waiting */
  private allowanceMs = 0
  private readonly stillMs: Float64Array
  private readonly heartbeats: Int32Array

  constructor(memory: Memory, limits: WatchdogLimits, bite: (cause: PanicCause) => void) {
    this.memory = memory
    this.requestMs = limits.requestMs ?? 30_000
    this.stuckMs = limits.stuckMs ?? 10_000
    this.bite = bite
    this.stillMs = new Float64Array(memory.layout.config.workers)
    this.heartbeats = new Int32Array(memory.layout.config.workers)
  }

  /** How many requests are under way, and which has waited longest; called at each change. */
  setOutstanding(count: number, oldest: number, allowanceNs: number): void {
    this.allowanceMs = allowanceNs / NS_PER_MS
    // The wait is the oldest one's: answers to others do not say that it will ever have one.
    if (oldest !== this.oldest || this.outstanding === 0) this.waitedMs = 0
    this.oldest = oldest
    this.outstanding = count
    if (count > 0 && this.timer === null) {
      this.lastTick = performance.now()
      this.stillMs.fill(0)
      this.timer = setInterval(() => this.tick(), TICK_MS)
    } else if (count === 0) this.stop()
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer)
    this.timer = null
  }

  private tick(): void {
    const now = performance.now()
    const passed = now - this.lastTick
    this.lastTick = now
    if (passed > TICK_MS + LATE_MS) return
    this.waitedMs += passed
    const stuck = this.stuckWorker(passed)
    if (stuck >= 0) {
      const { workers } = this.memory.layout.config
      const cpus = workers === this.memory.layout.config.cpus ? `CPU ${stuck}` : `one of the CPUs of worker ${stuck}`
      this.bite({ kind: 'stuck', message: `${cpus} makes no progress: no operation for ${this.stuckMs} ms` })
    } else if (this.oldest !== NO_REQUEST && this.waitedMs > this.requestMs + this.allowanceMs) {
      this.bite({ kind: 'hang', message: `a request has had no answer for ${Math.round(this.waitedMs)} ms` })
    }
  }

  private stuckWorker(passed: number): number {
    const { words } = this.memory
    for (let worker = 0; worker < this.heartbeats.length; worker++) {
      const bell = this.memory.doorbell(worker)
      const beat = Atomics.load(words, bell - DOORBELL.bell + DOORBELL.heartbeat)
      const parked = Atomics.load(words, bell - DOORBELL.bell + DOORBELL.parked) === 1
      // A worker that has not been powered on yet has no heartbeat.
      const moves = parked || beat !== this.heartbeats[worker] || beat === 0
      this.heartbeats[worker] = beat
      this.stillMs[worker] = moves ? 0 : this.stillMs[worker]! + passed
      if (this.stillMs[worker]! > this.stuckMs) return worker
    }
    return -1
  }
}
