// The deterministic engine: all CPUs in one thread, virtual time, and a strategy that says who runs next.
//
// A CPU is runnable when it can take an interrupt, be preempted, or carry out the operation that it has declared. One
// that waits for a word is looked at again when that word is written; one that has halted, when an interrupt arrives.
// When none is runnable, time jumps to the next timer.

import { formatMemory } from '../../kernel/boot.js'
import { buildFunctions } from '../../kernel/functions.js'
import type { KernelModule } from '../../kernel/module.js'
import { Memory } from '../../memory/memory.js'
import { GLOBAL } from '../../memory/structs.js'
import { Cpu, type Services } from '../../ops/cpu.js'
import type { Functions } from '../../ops/functions.js'
import { KIND, type Operation } from '../../ops/operation.js'
import { VECTOR, type Vector } from '../../ops/vectors.js'
import { tracerFor } from '../../trace/ring.js'
import type { Workload } from '../../workloads/workload.js'
import type { Engine, EngineConfig, EngineEvents, Watchdog } from '../engine.js'
import { Processor } from '../processor.js'
import { Programs, vacatedBelow } from '../programs.js'
import { buildReport, type PanicCause, processorState } from '../report.js'
import { Patience } from './patience.js'
import { STEP, type StepKind, type Strategy, type View } from './strategy.js'
import { Stretches } from './stretches.js'
import { Watchers } from './watchers.js'

/** Virtual time that an operation takes, ns. */
const OPERATION_NS = 10
/** Operations in one go, before the event loop has its turn. */
const BATCH = 200_000

/** Operations without one of a task's own, ticks and their like only, after which nothing more will come. */
const DEADLOCK = 1_000_000

export class DeterministicEngine implements Engine, View {
  readonly kind = 'deterministic'
  readonly memory: Memory
  readonly functions: Functions
  readonly workloads: readonly Workload[]
  readonly strategy: Strategy
  private readonly words: Int32Array
  private readonly processors: Processor[] = []
  private readonly deadlines: Float64Array
  private nextDeadline = Number.POSITIVE_INFINITY
  private readonly runnable: Int32Array
  /** each CPU's place in `runnable`, -1 when it is not there */
  private readonly places: Int32Array
  private count = 0
  private readonly watchers: Watchers
  private readonly stretches: Stretches
  private time = 0
  private tickets = 0
  private steps = 0
  private readonly patience: Patience
  private readonly deadlock: number
  private readonly batch: number
  /** how many operations had been done when a task last did one that was not in an interrupt */
  private progressAt = 0
  private hash = 0x811c_9dc5
  private rung = false
  private outstanding = 0
  private pumping = false
  private dead = false
  private events: EngineEvents | null = null

  constructor(
    config: EngineConfig,
    modules: readonly KernelModule[],
    workloads: readonly Workload[],
    strategy: Strategy,
    { requestMs = Number.POSITIVE_INFINITY, operations }: Watchdog,
  ) {
    this.patience = new Patience(requestMs, operations ?? null)
    // Where nothing gets on, it is told apart from a livelock before that is one.
    this.deadlock = Math.min(DEADLOCK, (operations ?? Number.POSITIVE_INFINITY) / 20)
    this.batch = Math.min(BATCH, this.deadlock)
    const { cpus, tasks, scratch, traceRecords, user } = config
    this.memory = new Memory({ cpus, tasks, workers: 1, traceRecords, scratch, user })
    this.words = this.memory.words
    this.functions = buildFunctions(config.profile, modules)
    this.workloads = workloads
    this.strategy = strategy
    this.deadlines = new Float64Array(cpus).fill(Number.POSITIVE_INFINITY)
    this.runnable = new Int32Array(cpus)
    this.places = new Int32Array(cpus).fill(-1)
    // Nobody waits for a word of user memory by an operation.
    this.watchers = new Watchers(this.memory.layout.user.base, cpus)
    formatMemory(this.memory, this.functions, config.profile, config)
    const vacated = vacatedBelow(this.memory, this.functions)
    const programs = new Programs(this.memory, workloads, vacated, (program, text) => this.events?.fault(program, text))
    this.stretches = new Stretches(
      cpus,
      programs,
      workloads.map(({ unitNs }) => unitNs),
    )
    const services: Services = {
      ticket: () => this.tickets++,
      now: () => this.time,
      publish: (word, value) => {
        this.words[word] = value
      },
      printk: (cpu, level, text) => this.events?.log({ cpu, timeNs: this.time, level, text }),
    }
    const tracer = tracerFor(this.memory)
    const bugs = new Set(config.bugs)
    for (let id = 0; id < cpus; id++) {
      const cpu = new Cpu(id, this.memory, this.functions, services, tracer, bugs)
      this.processors.push(new Processor(cpu))
    }
    for (let id = 0; id < cpus; id++) this.update(id)
    strategy.attach?.(this)
  }

  start(events: EngineEvents): Promise<void> {
    this.events = events
    const booted = this.memory.global + GLOBAL.booted
    while (this.words[booted] === 0 && !this.dead) {
      if (!this.step() || this.steps - this.progressAt > this.deadlock)
        this.panic({ kind: 'deadlock', message: 'the kernel does not come up: nothing can run' }, -1)
    }
    this.rung = false
    return Promise.resolve()
  }

  tapTrace(tap: () => void): void {
    const tracer = tracerFor(this.memory, tap)
    for (const { cpu } of this.processors) cpu.tracer = tracer
  }

  now(): number {
    return this.time
  }

  load(word: number): number {
    return this.words[word]!
  }

  store(word: number, value: number): void {
    this.write(word, value)
  }

  clearBits(word: number, bits: number): void {
    this.write(word, this.words[word]! & ~bits)
  }

  post(slot: number): void {
    this.words[this.memory.global + GLOBAL.portPosted + (slot >> 5)]! |= 1 << (slot & 31)
    const cpu = this.words[this.memory.global + GLOBAL.portCpu]!
    this.raise(cpu, VECTOR.port)
    this.mix(cpu, 200 + slot, 0)
  }

  setOutstanding(count: number, oldest: number, allowanceNs: number): void {
    this.outstanding = count
    this.patience.waitFor(oldest, allowanceNs, this.steps, this.time)
    this.continue()
  }

  private continue(): void {
    if (this.outstanding > 0 && !this.pumping && !this.dead) {
      this.pumping = true
      setImmediate(() => this.pump())
    }
  }

  /** Runs while there is anything to wait for; stops at each answer, so that whoever waits for it goes on first. */
  private pump(): void {
    this.pumping = false
    if (this.outstanding === 0 || this.dead) return
    this.rung = false
    for (let n = 0; n < this.batch && !this.rung && !this.dead; n++) {
      if (!this.step()) {
        this.panic({ kind: 'deadlock', message: 'a request is under way and no CPU can do anything' }, -1)
        return
      }
    }
    const hang = this.patience.judge(this.steps, this.time)
    if (hang !== null) this.panic({ kind: 'hang', message: hang }, -1)
    if (this.steps - this.progressAt > this.deadlock) {
      // What the report is to show is what the tasks wait for, not a tick.
      for (let n = 0; n < this.batch && this.processors.some((processor) => processor.isInterrupted); n++) this.step()
      this.panic({ kind: 'deadlock', message: 'the clocks tick, and no task can do anything' }, -1)
    }
    if (this.rung) this.events?.bell()
    this.continue()
  }

  /** Does one operation (or takes one interrupt, or preempts once). Answers false when no CPU can do anything. */
  step(): boolean {
    if (this.dead) return false
    while (this.count === 0) {
      if (this.nextDeadline === Number.POSITIVE_INFINITY) return false
      this.time = Math.max(this.time, this.nextDeadline)
      this.fireTimers()
    }
    this.time += OPERATION_NS
    if (this.time >= this.nextDeadline) this.fireTimers()
    const place = this.strategy.next(this.runnable, this.count)
    const id = this.runnable[place]!
    this.steps++
    try {
      this.advance(id, this.processors[id]!)
    } catch (error) {
      this.panic(this.processors[id]!.causeOf(error), id)
      return true
    }
    this.update(id)
    return true
  }

  get sinceProgress(): number {
    return this.steps - this.patience.changedAt
  }

  declared(cpu: number): Readonly<Operation> {
    return this.processors[cpu]!.declared
  }

  stepOf(cpu: number): StepKind {
    const processor = this.processors[cpu]!
    if (this.stretches.isOver(cpu)) return STEP.stretchEnd
    if (processor.interruptible && this.words[this.memory.pending(cpu)] !== 0) return STEP.interrupt
    return processor.preemptible ? STEP.preemption : STEP.operation
  }

  private advance(id: number, processor: Processor): void {
    if (this.stretches.isOver(id)) {
      this.progressAt = this.steps
      const call = this.stretches.end(id)
      this.mix(id, KIND.execute, call)
      processor.resume(call)
      return
    }
    const pending = this.words[this.memory.pending(id)]!
    if (pending !== 0 && processor.interruptible) {
      if (!this.canCarryOut(processor) || this.strategy.takeInterrupt(id)) {
        const vector = (31 - Math.clz32(pending & -pending)) as Vector
        this.words[this.memory.pending(id)]! &= ~(1 << vector)
        this.mix(id, 100 + vector, 0)
        processor.interrupt(vector)
        return
      }
    }
    if (processor.preemptible) {
      this.mix(id, 99, 0)
      processor.preempt()
      return
    }
    if (processor.isOnTask) this.progressAt = this.steps
    this.carryOut(id, processor)
  }

  /** Whether the declared operation would not block. */
  private canCarryOut(processor: Processor): boolean {
    const { kind, word, value } = processor.declared
    switch (kind) {
      case KIND.lock:
        return this.words[word] === 0
      case KIND.waitWhile:
        return this.words[word] !== value
      case KIND.waitUntil:
        return this.words[word] === value
      case KIND.halt:
        return processor.haltOver
      default:
        return true
    }
  }

  private carryOut(id: number, processor: Processor): void {
    const { words } = this
    const { kind, word, value, expected } = processor.declared
    const before = words[word]!
    this.mix(id, kind, word)
    let result = 0
    switch (kind) {
      case KIND.load:
        result = before
        break
      case KIND.store:
        this.write(word, value)
        break
      case KIND.add:
        result = before
        this.write(word, (before + value) | 0)
        break
      case KIND.and:
        result = before
        this.write(word, before & value)
        break
      case KIND.or:
        result = before
        this.write(word, before | value)
        break
      case KIND.exchange:
        result = before
        this.write(word, value)
        break
      case KIND.compareExchange:
        result = before
        if (before === expected) this.write(word, value)
        break
      case KIND.fence:
        break
      case KIND.lock:
        this.write(word, id + 1)
        break
      case KIND.unlock:
        this.write(word, 0)
        processor.unlocked(value === 1)
        break
      case KIND.waitWhile:
      case KIND.waitUntil:
        result = before
        break
      case KIND.sendIpi:
        this.raise(word, value as Vector)
        break
      case KIND.halt:
        break
      case KIND.clock:
        result = this.time
        break
      case KIND.setTimer:
        this.deadlines[id] = value
        this.nextDeadline = Math.min(this.nextDeadline, value)
        break
      case KIND.choose:
        result = this.strategy.choose(value)
        break
      case KIND.switchTo:
        processor.switchTo(word, value === 1)
        return
      case KIND.notifyHost:
        this.rung = true
        break
      case KIND.execute:
        this.nextDeadline = Math.min(
          this.nextDeadline,
          this.stretches.begin(id, word, this.time, 1 + this.strategy.choose(4)),
        )
        return
    }
    this.mix(id, kind, result)
    processor.resume(result)
  }

  private write(word: number, value: number): void {
    this.words[word] = value
    for (let cpu = this.watchers.first(word); cpu >= 0; ) {
      const next = this.watchers.after(cpu)
      this.setRunnable(cpu)
      cpu = next
    }
  }

  private raise(cpu: number, vector: Vector): void {
    this.words[this.memory.pending(cpu)]! |= 1 << vector
    this.setRunnable(cpu)
  }

  private fireTimers(): void {
    let next = Number.POSITIVE_INFINITY
    for (let id = 0; id < this.deadlines.length; id++) {
      const deadline = this.deadlines[id]!
      if (deadline <= this.time) {
        this.deadlines[id] = Number.POSITIVE_INFINITY
        this.raise(id, VECTOR.timer)
      } else if (deadline < next) next = deadline
      const end = this.stretches.endOf(id)
      if (end <= this.time) {
        this.stretches.pass(id)
        this.setRunnable(id)
      } else if (end < next) next = end
    }
    this.nextDeadline = next
  }

  /** After a CPU has declared an operation: whether it is runnable, and which word decides that. */
  private update(id: number): void {
    const { kind, word } = this.processors[id]!.declared
    const watched = kind === KIND.lock || kind === KIND.waitWhile || kind === KIND.waitUntil ? word : 0
    this.watchers.watch(id, watched)
    this.setRunnable(id)
  }

  private setRunnable(id: number): void {
    const able = this.stretches.isUnderWay(id) ? this.stretches.isOver(id) : this.isAble(id)
    const place = this.places[id]!
    if (able && place < 0) {
      this.places[id] = this.count
      this.runnable[this.count++] = id
    } else if (!able && place >= 0) {
      const last = this.runnable[--this.count]!
      this.runnable[place] = last
      this.places[last] = place
      this.places[id] = -1
    }
  }

  private isAble(id: number): boolean {
    const processor = this.processors[id]!
    const interrupted = processor.interruptible && this.words[this.memory.pending(id)] !== 0
    return interrupted || processor.preemptible || this.canCarryOut(processor)
  }

  private mix(id: number, kind: number, value: number): void {
    let h = this.hash
    h = Math.imul(h ^ (id * 256 + kind), 0x0100_0193)
    h = Math.imul(h ^ (h >>> 15) ^ (value | 0), 0x85eb_ca6b)
    this.hash = h ^ (h >>> 13)
  }

  private panic(cause: PanicCause, cpu: number): void {
    if (this.dead) return
    this.dead = true
    const states = this.processors.map((processor) => processorState(processor.cpu))
    this.events?.panic(buildReport(this.memory, this.functions, (word) => this.load(word), cause, cpu, states))
  }

  inspect(): Promise<readonly []> {
    return Promise.resolve([])
  }

  shutdown(): Promise<void> {
    this.dead = true
    this.outstanding = 0
    return Promise.resolve()
  }

  /** `digest` is a hash of every operation and its result, in order: equal runs have equal ones. */
  counters(): Readonly<Record<string, number>> {
    return { operations: this.steps, timeNs: this.time, digest: this.hash >>> 0, stretches: this.stretches.count }
  }
}
