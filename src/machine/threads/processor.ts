// A processor whose operations are Atomics. Other CPUs run at the same time, in other workers.
import type { Cpu } from '../../ops/cpu.js'
import { KIND } from '../../ops/operation.js'
import type { Vector } from '../../ops/vectors.js'
import { Processor } from '../processor.js'
import { notifyWaiters, raise } from './shared.js'

/** What a processor needs of the worker that drives it. */
export interface DrivenBy {
  readonly worker: number
  setTimer(cpu: number, time: number): void
  /** one of its CPUs spins until then: the worker does not park for longer */
  wakeAt(time: number): void
  choose(n: number): number
  /** runs a stretch of a user task's program; answers the call that it ends with */
  execute(task: number, cpu: number): number
  notifyHost(): void
  /** the time, ns, for a CPU that asks */
  clock(cpu: number): number
  /** whoever writes the word rings this worker from now on */
  register(word: number): void
  unregister(word: number): void
}

/** How a turn of a processor ended. */
export const TURN = { used: 0, blocked: 1, halted: 2 } as const
export type Turn = (typeof TURN)[keyof typeof TURN]

export class ThreadProcessor extends Processor {
  private readonly driver: DrivenBy
  private readonly words: Int32Array
  private readonly pending: number
  /** the word that it is registered for in the wait buckets, 0: none */
  registered = 0
  /** spinlocks that it holds */
  private locksHeld = 0
  /** operations carried out */
  operations = 0
  /** a stretch of a user task has just been run: that is a turn */
  private stretched = false
  /** in the driver's list of processors that have a turn */
  active = true

  constructor(cpu: Cpu, driver: DrivenBy) {
    super(cpu)
    this.driver = driver
    this.words = cpu.memory.words
    this.pending = cpu.memory.pending(cpu.id)
  }

  /**
   * Carries out about `budget` operations; ends early where the next one blocks. A turn does not end between a lock and
   * its unlock, unless that is far: the worker's other CPUs could do nothing but wait for it.
   */
  run(budget: number): Turn {
    const { cpu, words, pending } = this
    let left = budget
    while (left > 0 || (this.locksHeld > 0 && left > -8 * budget)) {
      if (cpu.irqDisabled === 0) {
        // A plain read, for it comes before each operation: what it misses, the next one finds, and `isCalled` before a worker parks.
        const bits = words[pending]!
        if (bits !== 0) {
          const bit = bits & -bits
          Atomics.and(words, pending, ~bit)
          this.interrupt((31 - Math.clz32(bit)) as Vector)
          left--
          continue
        }
        if (cpu.needResched && cpu.preemptCount === 0) {
          if (this.registered !== 0) this.unregister()
          this.preempt()
          left--
          continue
        }
      }
      if (!this.carryOut()) {
        this.operations += budget - left
        return cpu.operation.kind === KIND.halt ? TURN.halted : TURN.blocked
      }
      left--
      if (this.stretched) {
        this.stretched = false
        break
      }
    }
    this.operations += budget - left
    return TURN.used
  }

  /** Whether it would take an interrupt now. */
  get isCalled(): boolean {
    return this.cpu.irqDisabled === 0 && Atomics.load(this.words, this.pending) !== 0
  }

  /** Carries out the declared operation and resumes; false when it blocks (it stays declared). */
  private carryOut(): boolean {
    const { words, cpu } = this
    const { operation } = cpu
    const { word } = operation
    switch (operation.kind) {
      case KIND.load:
        this.resume(Atomics.load(words, word))
        return true
      case KIND.store:
        Atomics.store(words, word, operation.value)
        return this.written(word, 0)
      case KIND.add:
        return this.written(word, Atomics.add(words, word, operation.value))
      case KIND.and:
        return this.written(word, Atomics.and(words, word, operation.value))
      case KIND.or:
        return this.written(word, Atomics.or(words, word, operation.value))
      case KIND.exchange:
        return this.written(word, Atomics.exchange(words, word, operation.value))
      case KIND.compareExchange:
        return this.written(word, Atomics.compareExchange(words, word, operation.expected, operation.value))
      case KIND.fence:
        // Every Atomics operation is a full barrier.
        this.resume(0)
        return true
      case KIND.lock:
        if (Atomics.compareExchange(words, word, 0, cpu.id + 1) !== 0 && !this.retryLock(word)) return false
        this.locksHeld++
        return this.waited(word, 0)
      case KIND.unlock:
        Atomics.store(words, word, 0)
        this.locksHeld--
        this.unlocked(operation.value === 1)
        return this.written(word, 0)
      case KIND.waitWhile: {
        let now = Atomics.load(words, word)
        if (now === operation.value) {
          if (!this.register(word)) return false
          now = Atomics.load(words, word)
          if (now === operation.value) return false
        }
        return this.waited(word, now)
      }
      case KIND.waitUntil:
        if (Atomics.load(words, word) !== operation.value) {
          if (!this.register(word)) return false
          if (Atomics.load(words, word) !== operation.value) return false
        }
        return this.waited(word, operation.value)
      case KIND.sendIpi:
        raise(cpu.memory, word, operation.value as Vector)
        this.resume(0)
        return true
      case KIND.halt:
        if (!this.haltOver) return false
        this.resume(0)
        return true
      case KIND.clock:
        this.resume(this.driver.clock(cpu.id))
        return true
      case KIND.setTimer:
        this.driver.setTimer(cpu.id, operation.value)
        this.resume(0)
        return true
      case KIND.spinUntil:
        if (cpu.services.now() < operation.value) {
          this.driver.wakeAt(operation.value)
          return false
        }
        this.resume(0)
        return true
      case KIND.choose:
        this.resume(this.driver.choose(operation.value))
        return true
      case KIND.switchTo:
        this.switchTo(word, operation.value === 1)
        return true
      case KIND.execute:
        this.resume(this.driver.execute(word, cpu.id))
        this.stretched = true
        return true
      case KIND.notifyHost:
        this.driver.notifyHost()
        this.resume(0)
        return true
    }
  }

  private written(word: number, result: number): true {
    notifyWaiters(this.cpu.memory, word, this.driver.worker)
    this.resume(result)
    return true
  }

  private waited(word: number, result: number): true {
    if (this.registered === word) this.unregister()
    this.resume(result)
    return true
  }

  /** Registers for the word that the declared operation waits for, before it has a first turn. Answers whether it has been written. */
  expectWrite(): boolean {
    const { kind, word, value } = this.cpu.operation
    return kind === KIND.waitWhile && this.register(word) && Atomics.load(this.words, word) !== value
  }

  private retryLock(word: number): boolean {
    return this.register(word) && Atomics.compareExchange(this.words, word, 0, this.cpu.id + 1) === 0
  }

  /**
   * Registers for a word; false when it was registered already, so that another look is not due. It stays registered while an
   * interrupt is handled: who rings for it then, rings for nothing.
   */
  private register(word: number): boolean {
    if (this.registered === word) return false
    if (this.registered !== 0) this.unregister()
    this.registered = word
    this.driver.register(word)
    return true
  }

  private unregister(): void {
    this.driver.unregister(this.registered)
    this.registered = 0
  }
}
