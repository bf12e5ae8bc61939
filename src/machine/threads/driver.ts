// A worker's loop: turns for its CPUs, and parking when none has anything to do.
//
//   for (;;)  a CPU had an interrupt raised? it has turns again
//             each CPU that has turns: run; one that halts has none until it is interrupted
//             all halted or blocked? spin for a while, then park on the doorbell

import type { Memory } from '../../memory/memory.js'
import { DOORBELL, GLOBAL, RUNQUEUE } from '../../memory/structs.js'
import { Cpu, type Services } from '../../ops/cpu.js'
import type { Functions } from '../../ops/functions.js'
import type { BugName } from '../../ops/switches.js'
import { VECTOR } from '../../ops/vectors.js'
import { tracerFor } from '../../trace/ring.js'
import { CALL } from '../../workloads/workload.js'
import type { Programs } from '../programs.js'
import { type PanicCause, type ProcessorState, processorState } from '../report.js'
import { ThreadDevice } from './device.js'
import type { LogRing } from './log-ring.js'
import type { DriverCounters } from './messages.js'
import { MACHINE_STATE } from './messages.js'
import { type DrivenBy, ThreadProcessor, TURN } from './processor.js'
import { raise, ring, ringHost, waitBucket } from './shared.js'
import { StealClock } from './steal.js'

/**
 * Operations in a turn, at least and at most: between two turns the worker looks at timers and at the machine's state.
 * The length varies, so that no loop of kernel code is cut at the same place every time.
 */
const TURN_OPERATIONS = { least: 192, most: 320 } as const
/**
 * Looks at the doorbell before parking: about as long as it takes to be woken. Where there are more workers than cores,
 * whoever is to ring may need this core for it.
 */
const SPINS = 20_000
const SPINS_OVERSUBSCRIBED = 400
/** How long a step of a user task's program is to take: interrupts wait for its end. */
const STEP_NS = 50_000
/** Steps of a stretch, at most: it goes on as long as nobody wants anything of this worker. */
const STRETCH_STEPS = 16

/** After how long without a look at the clock the host is asked whether it has run something else, ns. */
const STEAL_LOOK_NS = 500_000
/**
 * Rounds of turns that a busy worker keeps lines of the log to itself, for company: mostly an answer follows, and a host that
 * is woken takes a core from a worker.
 */
const LOG_TURNS = 16

export class Driver implements DrivenBy {
  readonly worker: number
  readonly memory: Memory
  private readonly words: Int32Array
  private readonly cores: number
  private readonly spins: number
  private readonly services: Services
  private readonly log: LogRing
  private readonly programs: Programs
  /** how long a unit of each workload takes, ns: as it says, then as measured */
  private readonly unitNs: Float64Array
  private readonly processors: ThreadProcessor[] = []
  /** all of the machine's, on the worker that runs from the beginning */
  private readonly devices: ThreadDevice[] = []
  /** those that have turns */
  private readonly active: ThreadProcessor[] = []
  /** the CPU of a worker that has only one, where all workers have: nobody sets its attention */
  private readonly alone: ThreadProcessor | null
  private readonly deadlines: Float64Array
  private nextDeadline = Number.POSITIVE_INFINITY
  /** how many of this worker's CPUs wait for words of a bucket, by bucket */
  private readonly registrations = new Map<number, number>()
  private readonly stealClock = new StealClock()
  /** what that said, and when anything looked at the time */
  private stolen = this.stealClock.read()
  private lookedAt = 0
  /** rounds since there has been a line of the log that the host has not been told of */
  private unheard = 0
  private parks = 0
  private random = 0x2545_f491
  /** the CPU that runs, for whoever catches what it throws */
  current = -1

  constructor(
    memory: Memory,
    functions: Functions,
    worker: number,
    cores: number,
    services: Services,
    log: LogRing,
    bugs: ReadonlySet<BugName>,
    programs: Programs,
    unitNs: Float64Array,
  ) {
    const { cpus, workers } = memory.layout.config
    this.programs = programs
    this.unitNs = unitNs
    this.memory = memory
    this.words = memory.words
    this.worker = worker
    this.cores = cores
    this.spins = workers <= cores ? SPINS : SPINS_OVERSUBSCRIBED
    this.services = services
    this.log = log
    const tracer = tracerFor(memory)
    for (let id = worker; id < cpus; id += workers) {
      this.current = id
      this.processors.push(new ThreadProcessor(new Cpu(id, memory, functions, services, tracer, bugs), this))
    }
    const devices = worker === 0 ? memory.layout.devices.count : 0
    for (let n = 0; n < devices; n++) this.devices.push(new ThreadDevice(n, memory, this, () => services.now()))
    this.active.push(...this.processors)
    this.alone = workers === cpus ? this.processors[0]! : null
    this.deadlines = new Float64Array(this.processors.length).fill(Number.POSITIVE_INFINITY)
  }

  /** CPUs that are off wait for their power word: whoever writes it rings this worker, wherever it waits. Some may be on already. */
  expectPower(): void {
    for (const processor of this.processors) if (processor.expectWrite()) ring(this.memory, this.worker)
  }

  /** Runs until the machine halts or panics. */
  run(): void {
    const { words, memory } = this
    const machineState = memory.global + GLOBAL.machineState
    const bell = memory.doorbell(this.worker)
    const heartbeat = bell - DOORBELL.bell + DOORBELL.heartbeat
    Atomics.add(words, memory.global + GLOBAL.awake, 1)
    while (Atomics.load(words, machineState) === MACHINE_STATE.running) {
      const seen = Atomics.load(words, bell)
      Atomics.add(words, heartbeat, 1)
      this.collectAttention()
      if (this.nextDeadline !== Number.POSITIVE_INFINITY) this.fireTimers()
      let busy = this.takeTurns()
      if (this.devices.length > 0 && this.driveDevices()) busy = true
      if (this.log.fresh && (!busy || ++this.unheard === LOG_TURNS)) this.notifyHost()
      if (!busy) this.pause(bell, seen)
    }
    Atomics.sub(words, memory.global + GLOBAL.awake, 1)
  }

  /** Rings the host, which looks at the log as well. */
  notifyHost(): void {
    this.log.fresh = false
    this.unheard = 0
    ringHost(this.memory)
  }

  /** Answers whether any CPU did anything. */
  private takeTurns(): boolean {
    const { active } = this
    let busy = false
    for (let i = 0; i < active.length; ) {
      const processor = active[i]!
      const before = processor.operations
      this.current = processor.cpu.id
      const turn = processor.run(TURN_OPERATIONS.least + this.choose(TURN_OPERATIONS.most - TURN_OPERATIONS.least))
      if (processor.operations !== before) busy = true
      if (turn === TURN.halted) {
        processor.active = false
        active[i] = active[active.length - 1]!
        active.pop()
      } else i++
    }
    return busy
  }

  /** Answers whether any device did anything. */
  private driveDevices(): boolean {
    let busy = false
    for (const device of this.devices) if (device.run()) busy = true
    return busy
  }

  private collectAttention(): void {
    const { words, memory } = this
    if (!this.isCalled()) return
    if (this.alone !== null) {
      this.activate(this.alone)
      return
    }
    const attention = memory.attention(this.worker)
    for (let w = 0; w < memory.layout.attentionWords; w++) {
      for (let rest = Atomics.exchange(words, attention + w, 0); rest !== 0; rest &= rest - 1) {
        this.activate(this.processors[w * 32 + (31 - Math.clz32(rest & -rest))]!)
      }
    }
  }

  /** Whether an interrupt has been raised for a CPU of this worker since it last looked. */
  private isCalled(): boolean {
    const { words, memory, alone } = this
    if (alone !== null) return alone.isCalled
    const attention = memory.attention(this.worker)
    for (let w = 0; w < memory.layout.attentionWords; w++) if (Atomics.load(words, attention + w) !== 0) return true
    return false
  }

  private activate(processor: ThreadProcessor): void {
    if (processor.active) return
    processor.active = true
    this.active.push(processor)
  }

  private pause(bell: number, seen: number): void {
    const { words, memory } = this
    const awake = memory.global + GLOBAL.awake
    const spins = Atomics.load(words, awake) <= this.cores ? this.spins : 0
    for (let i = 0; i < spins; i++) if (Atomics.load(words, bell) !== seen || this.isCalled()) return
    const parked = bell - DOORBELL.bell + DOORBELL.parked
    let deadline = this.nextDeadline
    for (const { until } of this.devices) deadline = Math.min(deadline, until)
    const timeoutMs = (deadline - this.services.now()) / 1e6
    if (timeoutMs <= 0) return
    Atomics.sub(words, awake, 1)
    Atomics.store(words, parked, 1)
    if (!this.isCalled()) Atomics.wait(words, bell, seen, timeoutMs)
    this.lookedAt = this.services.now()
    Atomics.store(words, parked, 0)
    Atomics.add(words, awake, 1)
    this.parks++
  }

  execute(task: number, cpu: number): number {
    const { programs } = this
    const workload = programs.workloadOf(task)
    programs.begin(task, cpu)
    let call: number = CALL.usedUp
    let before = this.clock(cpu)
    for (let n = 0; n < STRETCH_STEPS; n++) {
      call = programs.step(task, this.budgetOf(workload))
      const now = this.clock(cpu)
      this.measure(workload, now - before)
      before = now
      if (call !== CALL.usedUp || this.isWanted(now)) break
    }
    programs.end(task, cpu)
    return call
  }

  /** The time, ns. Where nothing has looked at it for long, what the host took meanwhile was stolen from that CPU. */
  clock(cpu: number): number {
    const now = this.services.now()
    const since = now - this.lookedAt
    this.lookedAt = now
    if (since > STEAL_LOOK_NS) this.noteSteal(cpu, since)
    return now
  }

  private noteSteal(cpu: number, most: number): void {
    const { memory } = this
    const stolen = this.stealClock.read()
    const steal = memory.runqueue(cpu) + RUNQUEUE.steal
    memory.setTime(steal, memory.getTime(steal) + Math.min(stolen - this.stolen, most))
    this.stolen = stolen
  }

  /** Units that fill a step. */
  private budgetOf(workload: number): number {
    return Math.max(1, Math.round(STEP_NS / this.unitNs[workload]!))
  }

  /** How long the last step took. One in which the host took the core away says nothing about the program. */
  private measure(workload: number, ns: number): void {
    const { programs, unitNs } = this
    if (programs.used === 0 || ns >= 8 * STEP_NS) return
    unitNs[workload]! += (Math.max(ns, 1) / programs.used - unitNs[workload]!) / 16
  }

  /**
   * Whether anything is to be done here but the program that runs: another CPU or a device has a turn, a timer is due, an
   * interrupt is there.
   */
  private isWanted(now: number): boolean {
    return this.active.length > 1 || this.devices.length > 0 || now >= this.nextDeadline || this.isCalled()
  }

  setTimer(cpu: number, time: number): void {
    this.deadlines[(cpu - this.worker) / this.memory.layout.config.workers] = time
    this.nextDeadline = Math.min(this.nextDeadline, time)
  }

  wakeAt(time: number): void {
    this.nextDeadline = Math.min(this.nextDeadline, time)
  }

  private fireTimers(): void {
    const now = this.services.now()
    if (now < this.nextDeadline) return
    let next = Number.POSITIVE_INFINITY
    for (let i = 0; i < this.deadlines.length; i++) {
      const deadline = this.deadlines[i]!
      if (deadline <= now) {
        this.deadlines[i] = Number.POSITIVE_INFINITY
        raise(this.memory, this.processors[i]!.cpu.id, VECTOR.timer)
      } else if (deadline < next) next = deadline
    }
    this.nextDeadline = next
  }

  /** 0..n-1; what real machines leave to chance. */
  choose(n: number): number {
    this.random ^= this.random << 13
    this.random ^= this.random >>> 17
    this.random ^= this.random << 5
    return (this.random >>> 0) % n
  }

  /** One of this worker's CPUs waits for a word: whoever writes it rings this worker. Look at the word again after it. */
  register(word: number): void {
    const bucket = waitBucket(this.memory, word)
    const count = this.registrations.get(bucket) ?? 0
    this.registrations.set(bucket, count + 1)
    if (count === 0) Atomics.or(this.words, bucket + (this.worker >> 5), 1 << (this.worker & 31))
  }

  unregister(word: number): void {
    const bucket = waitBucket(this.memory, word)
    const count = this.registrations.get(bucket)! - 1
    this.registrations.set(bucket, count)
    if (count === 0) Atomics.and(this.words, bucket + (this.worker >> 5), ~(1 << (this.worker & 31)))
  }

  /** What an exception means that `run` has thrown. */
  causeOf(error: unknown): PanicCause {
    return this.processors.find(({ cpu }) => cpu.id === this.current)!.causeOf(error)
  }

  states(): ProcessorState[] {
    return this.processors.map((processor) => processorState(processor.cpu))
  }

  counters(): DriverCounters {
    const operations = this.processors.reduce((sum, p) => sum + p.operations, 0)
    return { operations, parks: this.parks, stretches: this.programs.stretches }
  }
}
