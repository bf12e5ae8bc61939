// A device on the threads machine: its model's operations are Atomics, and what it waits for is a word or a time.
//
// A worker gives its devices turns between those of its CPUs. It is rung when a word is written that one of them waits for, as
// for a CPU that waits; and parks no longer than until the earliest time that one of them waits for.
import type { Memory } from '../../memory/memory.js'
import { KIND } from '../../ops/operation.js'
import { DeviceProcessor } from '../device-processor.js'
import type { DrivenBy } from './processor.js'
import { notifyWaiters, raise } from './shared.js'

/** Operations in a turn, at most. */
const TURN_OPERATIONS = 64

export class ThreadDevice {
  private readonly processor: DeviceProcessor
  private readonly driver: DrivenBy
  private readonly memory: Memory
  private readonly now: () => number
  /** the word that it is registered for in the wait buckets, 0: none */
  private registered = 0

  constructor(index: number, memory: Memory, driver: DrivenBy, now: () => number) {
    this.processor = new DeviceProcessor(index, memory)
    this.driver = driver
    this.memory = memory
    this.now = now
  }

  /** When it goes on by itself, ns: Infinity when it waits for a word alone, or has ended. */
  get until(): number {
    return this.processor.ended ? Number.POSITIVE_INFINITY : this.processor.until
  }

  /** Does what it can, up to a turn's worth. Answers whether that was anything. */
  run(): boolean {
    const { processor } = this
    for (let n = 0; n < TURN_OPERATIONS; n++) if (processor.ended || !this.carryOut()) return n > 0
    return true
  }

  /** Carries out the declared operation and resumes; false when it blocks (it stays declared). */
  private carryOut(): boolean {
    const { words } = this.memory
    const { kind, word, value, expected } = this.processor.declared
    switch (kind) {
      case KIND.load:
        this.processor.resume(Atomics.load(words, word))
        return true
      case KIND.store:
        Atomics.store(words, word, value)
        return this.written(word, 0)
      case KIND.compareExchange:
        return this.written(word, Atomics.compareExchange(words, word, expected, value))
      case KIND.waitWhile:
        return this.wait(word, value, expected)
      case KIND.sendIpi:
        raise(this.memory, word, value)
        this.processor.resume(0)
        return true
      case KIND.clock:
        this.processor.resume(this.now())
        return true
      case KIND.choose:
        this.processor.resume(this.driver.choose(value))
        return true
      default:
        throw new Error(`a device declares an operation of kind ${kind}, which is for CPUs`)
    }
  }

  private written(word: number, result: number): true {
    notifyWaiters(this.memory, word, this.driver.worker)
    this.processor.resume(result)
    return true
  }

  private wait(word: number, value: number, until: number): boolean {
    const { words } = this.memory
    let seen = Atomics.load(words, word)
    if (seen === value && this.now() < until) {
      if (this.registered === word) return false
      this.register(word)
      seen = Atomics.load(words, word)
      if (seen === value) return false
    }
    if (this.registered !== 0) this.register(0)
    this.processor.resume(seen)
    return true
  }

  private register(word: number): void {
    if (this.registered !== 0) this.driver.unregister(this.registered)
    this.registered = word
    if (word !== 0) this.driver.register(word)
  }
}
