// Devices on the deterministic machine: each is an actor beside the CPUs, numbered after them. It can be given a turn when what
// it has declared would not block: the word that it waits for has changed, or the time has come. Store buffers are the CPUs':
// what a device writes is seen at once.
import type { Memory } from '../../memory/memory.js'
import { KIND, type Operation } from '../../ops/operation.js'
import { causeOf } from '../cause.js'
import { DeviceProcessor } from '../device-processor.js'
import type { PanicCause } from '../report.js'
import type { Digest } from './digest.js'
import type { Observer } from './observer.js'
import type { Runnable } from './runnable.js'
import type { Strategy } from './strategy.js'
import type { Timers } from './timers.js'
import type { Watchers } from './watchers.js'

/** What devices do to the machine that is not theirs. */
export interface Bus {
  now(): number
  write(word: number, value: number): void
  raise(cpu: number, vector: number): void
  /** `cpu`: -1, it was none of them */
  panic(cause: PanicCause, cpu: number): void
}

export class Devices {
  private readonly processors: DeviceProcessor[] = []
  private readonly words: Int32Array
  private readonly bus: Bus
  private readonly strategy: Strategy
  private readonly observer: Observer | null
  private readonly digest: Digest
  private readonly runnable: Runnable
  private readonly watchers: Watchers
  private readonly timers: Timers
  /** the number of the first of them as an actor: how many CPUs there are */
  private readonly first: number
  /** the number of the first actor after them */
  readonly end: number

  constructor(
    memory: Memory,
    bus: Bus,
    strategy: Strategy,
    digest: Digest,
    runnable: Runnable,
    watchers: Watchers,
    timers: Timers,
  ) {
    this.words = memory.words
    this.bus = bus
    this.strategy = strategy
    this.observer = strategy.observer ?? null
    this.digest = digest
    this.runnable = runnable
    this.watchers = watchers
    this.timers = timers
    this.first = memory.layout.config.cpus
    this.end = memory.layout.masters
    for (let index = 0; index < memory.layout.devices.count; index++) {
      this.processors.push(new DeviceProcessor(index, memory))
      this.update(this.first + index)
    }
  }

  private at(actor: number): DeviceProcessor {
    return this.processors[actor - this.first]!
  }

  declared(actor: number): Readonly<Operation> {
    return this.at(actor).declared
  }

  /** A device's turn. */
  advance(actor: number): void {
    const processor = this.at(actor)
    this.observer?.enter(actor)
    try {
      this.observer?.operation(actor, processor.declared)
      const { kind, word } = processor.declared
      const result = this.carryOut(processor.declared)
      this.digest.mix(actor, kind, word)
      this.digest.mix(actor, kind, result)
      processor.resume(result)
    } catch (error) {
      this.bus.panic(causeOf(error, []), -1)
      return
    } finally {
      this.observer?.leave()
    }
    this.update(actor)
  }

  private carryOut({ kind, word, value, expected }: Readonly<Operation>): number {
    const before = this.words[word]!
    switch (kind) {
      case KIND.load:
      case KIND.waitWhile:
        return before
      case KIND.store:
        this.bus.write(word, value)
        return 0
      case KIND.compareExchange:
        if (before === expected) this.bus.write(word, value)
        return before
      case KIND.sendIpi:
        this.bus.raise(word, value)
        return 0
      case KIND.clock:
        return this.bus.now()
      case KIND.choose:
        return this.strategy.choose(value)
      default:
        throw new Error(`a device declares an operation of kind ${kind}, which is for CPUs`)
    }
  }

  /** After a device has declared an operation: which word, or time, decides whether it can go on. */
  private update(actor: number): void {
    const processor = this.at(actor)
    this.watchers.watch(actor, processor.declared.kind === KIND.waitWhile ? processor.declared.word : 0)
    this.timers.set(actor, processor.until)
    this.look(actor)
  }

  /** The word that a device waits for has been written, or its time has come. */
  look(actor: number): void {
    const { ended, declared } = this.at(actor)
    const { kind, word, value, expected } = declared
    const blocks = kind === KIND.waitWhile && this.words[word] === value && this.bus.now() < expected
    this.runnable.set(actor, !ended && !blocks)
  }
}
