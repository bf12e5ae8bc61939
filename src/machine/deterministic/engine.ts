// The deterministic engine: all CPUs in one thread, virtual time, and a strategy that says who runs next.
//
// A CPU is runnable when it can take an interrupt, be preempted, or carry out the operation that it has declared. One
// that waits for a word is looked at again when that word is written; one that has halted, when an interrupt arrives.
// When none is runnable, time jumps to the next timer.

import { formatMemory } from '../../kernel/boot.js'
import { buildFunctions } from '../../kernel/functions.js'
import type { KernelModule } from '../../kernel/module.js'
import type { Memory } from '../../memory/memory.js'
import { GLOBAL } from '../../memory/structs.js'
import { Cpu } from '../../ops/cpu.js'
import type { Functions } from '../../ops/functions.js'
import { KIND, type Operation, ORDER, type Order } from '../../ops/operation.js'
import { VECTOR, type Vector } from '../../ops/vectors.js'
import { tracerFor } from '../../trace/ring.js'
import type { Workload } from '../../workloads/workload.js'
import { type Engine, type EngineConfig, type EngineEvents, memoryConfigOf, type Watchdog } from '../engine.js'
import { Processor } from '../processor.js'
import { Programs, vacatedBelow } from '../programs.js'
import { buildReport, type PanicCause, processorState } from '../report.js'
import { combined } from './combined.js'
import { type Bus, Devices } from './devices.js'
import { Digest } from './digest.js'
import { memoryFor } from './engine-memory.js'
import type { MemoryModel } from './memory-model.js'
import type { Bystander, Observer } from './observer.js'
import { Patience } from './patience.js'
import { Runnable } from './runnable.js'
import { servicesOf } from './services.js'
import { actorsOf, StoreBuffers } from './store-buffers.js'
import { STEP, type StepKind, type Strategy, type View } from './strategy.js'
import { Stretches } from './stretches.js'
import { OPERATION_NS, Timers } from './timers.js'
import { Watchers } from './watchers.js'

export class DeterministicEngine implements Engine, View, Bus {
  readonly kind = 'deterministic'
  readonly memory: Memory
  readonly functions: Functions
  readonly workloads: readonly Workload[]
  readonly strategy: Strategy
  /** the CPUs, then the devices; after them the CPUs' store buffers, where the memory model has any */
  readonly actors: number
  private readonly observer: Observer | null
  private readonly buffers: StoreBuffers | null
  private readonly bystander: Bystander | null
  private readonly words: Int32Array
  private readonly processors: Processor[] = []
  private readonly devices: Devices
  private readonly runnable: Runnable
  private readonly watchers: Watchers
  private readonly stretches: Stretches
  private readonly timers: Timers
  private time = 0
  private steps = 0
  private readonly patience: Patience
  /** how many operations had been done when a task last did one that was not in an interrupt */
  private progressAt = 0
  private readonly digest = new Digest()
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
    model: MemoryModel = 'sc',
  ) {
    this.patience = new Patience(requestMs, operations ?? null)
    const { cpus } = config
    const { observer = null } = strategy
    this.actors = actorsOf(cpus, config.devices.length, model)
    this.buffers = model === 'sc' ? null : new StoreBuffers(cpus, model, (word, value) => this.write(word, value))
    this.memory = memoryFor(memoryConfigOf(config, 1), observer, this.buffers)
    this.observer = observer
    this.bystander = observer ?? this.buffers
    this.words = this.memory.words
    this.functions = buildFunctions(config.profile, modules)
    this.workloads = workloads
    this.strategy = strategy
    this.runnable = new Runnable(this.actors)
    // Nobody waits for a word of user memory by an operation.
    this.watchers = new Watchers(this.memory.layout.user.base, this.memory.layout.masters)
    formatMemory(this.memory, this.functions, config.profile, config)
    const vacated = vacatedBelow(this.memory, this.functions)
    const programs = new Programs(this.memory, workloads, vacated, (program, text) => this.events?.fault(program, text))
    const unitsNs = workloads.map(({ unitNs }) => unitNs)
    this.stretches = new Stretches(cpus, programs, unitsNs)
    this.timers = new Timers(this.memory.layout.masters, this.stretches)
    const services = servicesOf(
      this.words,
      () => this.time,
      () => this.events,
    )
    const tracer = tracerFor(this.memory)
    const bugs = new Set(config.bugs)
    const cpuOf = (id: number): Cpu => new Cpu(id, this.memory, this.functions, services, tracer, bugs)
    for (let id = 0; id < cpus; id++) this.processors.push(new Processor(cpuOf(id)))
    this.devices = new Devices(this.memory, this, strategy, this.digest, this.runnable, this.watchers, this.timers)
    for (let id = 0; id < cpus; id++) this.update(id)
    strategy.attach?.(this)
  }

  start(events: EngineEvents): Promise<void> {
    this.events = events
    const booted = this.memory.global + GLOBAL.booted
    while (this.words[booted] === 0 && !this.dead) {
      if (!this.step() || this.steps - this.progressAt > this.patience.deadlock)
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
    this.observer?.hostLoad(word)
    return this.words[word]!
  }

  store(word: number, value: number): void {
    this.observer?.hostStore(word)
    this.write(word, value)
  }

  clearBits(word: number, bits: number): void {
    this.observer?.hostStore(word)
    this.write(word, this.words[word]! & ~bits)
  }

  post(slot: number): void {
    this.words[this.memory.global + GLOBAL.portPosted + (slot >> 5)]! |= 1 << (slot & 31)
    const cpu = this.words[this.memory.global + GLOBAL.portCpu]!
    this.observer?.hostRaise(cpu, VECTOR.port)
    this.raise(cpu, VECTOR.port)
    this.digest.mix(cpu, 200 + slot, 0)
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
    for (let n = 0; n < this.patience.batch && !this.rung && !this.dead; n++) {
      if (!this.step()) {
        this.panic({ kind: 'deadlock', message: 'a request is under way and no CPU can do anything' }, -1)
        return
      }
    }
    const hang = this.patience.judge(this.steps, this.time)
    if (hang !== null) this.panic({ kind: 'hang', message: hang }, -1)
    if (this.steps - this.progressAt > this.patience.deadlock) {
      // What the report is to show is what the tasks wait for, not a tick.
      for (let n = 0; n < this.patience.batch && this.processors.some((processor) => processor.isInterrupted); n++)
        this.step()
      this.panic({ kind: 'deadlock', message: 'the clocks tick, and no task can do anything' }, -1)
    }
    if (this.rung) this.events?.bell()
    this.continue()
  }

  /** Does one operation (or takes one interrupt, or preempts once). Answers false when no CPU can do anything. */
  step(): boolean {
    if (this.dead) return false
    while (this.runnable.count === 0) {
      if (this.timers.next === Number.POSITIVE_INFINITY) return false
      this.time = Math.max(this.time, this.timers.next)
      this.timers.pass(this.time, this.fires, this.stretchIsOver)
    }
    this.time += OPERATION_NS
    if (this.time >= this.timers.next) this.timers.pass(this.time, this.fires, this.stretchIsOver)
    const place = this.strategy.next(this.runnable.list, this.runnable.count)
    const id = this.runnable.list[place]!
    this.steps++
    if (id >= this.processors.length) {
      if (id < this.devices.end) this.devices.advance(id)
      else this.giveUpStore(id)
      return true
    }
    this.bystander?.enter(id)
    try {
      this.advance(id, this.processors[id]!)
    } catch (error) {
      this.panic(this.processors[id]!.causeOf(error), id)
      return true
    }
    this.bystander?.leave()
    this.update(id)
    return true
  }

  /** A buffer's turn: the oldest store in it goes into memory. */
  private giveUpStore(actor: number): void {
    const buffers = this.buffers!
    const first = this.devices.end
    const { word, value } = buffers.declared(actor - first)
    this.digest.mix(actor, KIND.store, word)
    this.digest.mix(actor, KIND.store, value)
    buffers.giveUp(actor - first)
    buffers.note(this.cpuOf(actor), this.runnable, first)
    this.setRunnable(this.cpuOf(actor))
  }

  cpuOf(actor: number): number {
    return actor < this.devices.end ? actor : this.buffers!.ownerOf(actor - this.devices.end)
  }

  get sinceProgress(): number {
    return this.steps - this.patience.changedAt
  }

  declared(actor: number): Readonly<Operation> {
    if (actor < this.processors.length) return this.processors[actor]!.declared
    return actor < this.devices.end ? this.devices.declared(actor) : this.buffers!.declared(actor - this.devices.end)
  }

  callersOf(cpu: number): readonly string[] {
    return this.processors[cpu]?.callers ?? []
  }

  stepOf(cpu: number): StepKind {
    if (cpu >= this.processors.length) return STEP.operation
    const processor = this.processors[cpu]!
    if (this.stretches.isOver(cpu)) return STEP.stretchEnd
    if (processor.interruptible && this.words[this.memory.pending(cpu)] !== 0) return STEP.interrupt
    return processor.preemptible ? STEP.preemption : STEP.operation
  }

  private advance(id: number, processor: Processor): void {
    if (this.stretches.isOver(id)) {
      this.progressAt = this.steps
      this.bystander?.leave()
      const call = this.stretches.end(id)
      this.bystander?.enter(id)
      this.digest.mix(id, KIND.execute, call)
      processor.resume(call)
      return
    }
    const pending = this.words[this.memory.pending(id)]!
    if (pending !== 0 && processor.interruptible) {
      if (!this.canCarryOut(id, processor) || this.strategy.takeInterrupt(id)) {
        const vector = (31 - Math.clz32(pending & -pending)) as Vector
        this.words[this.memory.pending(id)]! &= ~(1 << vector)
        this.digest.mix(id, 100 + vector, 0)
        this.observer?.interrupt(id, vector)
        processor.interrupt(vector)
        return
      }
    }
    if (processor.preemptible) {
      this.digest.mix(id, 99, 0)
      processor.preempt()
      return
    }
    if (processor.isOnTask) this.progressAt = this.steps
    this.carryOut(id, processor)
  }

  /** Whether the declared operation would not block. */
  private canCarryOut(id: number, processor: Processor): boolean {
    const { kind, word, value, order } = processor.declared
    if (this.buffers?.isHeldUp(id, kind, order)) return false
    switch (kind) {
      case KIND.lock:
        return this.seen(id, word) === 0
      case KIND.waitWhile:
        return this.seen(id, word) !== value
      case KIND.waitUntil:
        return this.seen(id, word) === value
      case KIND.halt:
        return processor.haltOver
      case KIND.spinUntil:
        return this.time >= value
      default:
        return true
    }
  }

  private carryOut(id: number, processor: Processor): void {
    const { kind, word, value, expected, order } = processor.declared
    const before = this.seen(id, word)
    this.observer?.operation(id, processor.declared)
    this.digest.mix(id, kind, word)
    let result = 0
    switch (kind) {
      case KIND.load:
      case KIND.waitWhile:
      case KIND.waitUntil:
        result = before
        break
      case KIND.store:
        this.storeBy(id, word, value, order)
        break
      case KIND.add:
      case KIND.and:
      case KIND.or:
      case KIND.exchange:
        result = before
        this.write(word, combined(kind, before, value))
        break
      case KIND.compareExchange:
        result = before
        if (before === expected) this.write(word, value)
        break
      case KIND.fence:
      case KIND.halt:
      case KIND.spinUntil:
        break
      case KIND.lock:
        this.write(word, id + 1)
        break
      case KIND.unlock:
        this.storeBy(id, word, 0, order)
        processor.unlocked(value === 1)
        break
      case KIND.sendIpi:
        this.raise(word, value as Vector)
        break
      case KIND.clock:
        result = this.time
        break
      case KIND.setTimer:
        this.timers.set(id, value)
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
        this.bystander?.leave()
        this.timers.expect(this.stretches.begin(id, word, this.time, 1 + this.strategy.choose(4)))
        return
    }
    this.digest.mix(id, kind, result)
    processor.resume(result)
  }

  /** What a CPU sees in a word. */
  private seen(cpu: number, word: number): number {
    const inMemory = this.words[word]!
    return this.buffers === null ? inMemory : this.buffers.seen(cpu, word, inMemory)
  }

  private storeBy(cpu: number, word: number, value: number, order: Order): void {
    if (this.buffers === null || order === ORDER.full) this.write(word, value)
    else this.buffers.put(cpu, word, value, order === ORDER.release)
  }

  write(word: number, value: number): void {
    this.words[word] = value
    for (let cpu = this.watchers.first(word); cpu >= 0; ) {
      const next = this.watchers.after(cpu)
      this.setRunnable(cpu)
      cpu = next
    }
  }

  raise(cpu: number, vector: Vector): void {
    this.words[this.memory.pending(cpu)]! |= 1 << vector
    this.setRunnable(cpu)
  }

  private readonly fires = (id: number): void => {
    if (id < this.processors.length) this.raise(id, VECTOR.timer)
    else this.devices.look(id)
  }
  private readonly stretchIsOver = (cpu: number): void => this.setRunnable(cpu)

  /** After a CPU has declared an operation: whether it is runnable, and which word decides that. */
  private update(id: number): void {
    const { kind, word, value } = this.processors[id]!.declared
    if (kind === KIND.spinUntil && value > this.time) this.timers.spin(id, value)
    const watched = kind === KIND.lock || kind === KIND.waitWhile || kind === KIND.waitUntil ? word : 0
    this.watchers.watch(id, watched)
    this.setRunnable(id)
    this.buffers?.note(id, this.runnable, this.devices.end)
  }

  private setRunnable(id: number): void {
    if (id >= this.processors.length) this.devices.look(id)
    else this.runnable.set(id, this.stretches.isUnderWay(id) ? this.stretches.isOver(id) : this.isAble(id))
  }

  private isAble(id: number): boolean {
    const processor = this.processors[id]!
    // Most operations never block: that is seen first.
    if (this.canCarryOut(id, processor) || processor.preemptible) return true
    return processor.interruptible && this.words[this.memory.pending(id)] !== 0
  }

  panic(cause: PanicCause, cpu: number): void {
    if (this.dead) return
    this.dead = true
    this.bystander?.leave()
    for (let id = 0; this.buffers !== null && id < this.processors.length; id++) this.buffers.empty(id)
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
    return { operations: this.steps, timeNs: this.time, digest: this.digest.value, stretches: this.stretches.count }
  }
}
