// Strategies: who runs next. A strategy sees what every CPU is about to do and decides; the engine does the rest.
import { Prng } from '../../base/prng.js'
import type { Memory } from '../../memory/memory.js'
import type { Operation } from '../../ops/operation.js'
import type { Observer } from './observer.js'

/** What a CPU that is given its turn does: the operation that it has declared, or what comes before that. */
export const STEP = { operation: 0, interrupt: 1, preemption: 2, stretchEnd: 3 } as const
export type StepKind = (typeof STEP)[keyof typeof STEP]

/** What a strategy may look at while it decides. */
export interface View {
  readonly memory: Memory
  /** How many can be given a turn: the CPUs, by their numbers; after them their store buffers, with a weak memory model. */
  readonly actors: number
  /** The CPU that an actor is, or whose store buffer. */
  cpuOf(actor: number): number
  /** operations since somebody outside last asked for something, or had an answer: a request's, or the end of a process */
  readonly sinceProgress: number
  /** the operation that a CPU has declared, or a buffer's next store; the object is a register, and changes */
  declared(actor: number): Readonly<Operation>
  /** The kernel functions that have called the one that runs on a CPU, innermost first. */
  callersOf(cpu: number): readonly string[]
  /** What a CPU would do now; an interrupt that may be late counts as taken. */
  stepOf(actor: number): StepKind
}

export interface Strategy {
  readonly name: string
  /** told of all that CPUs do, where there is one */
  readonly observer?: Observer
  /** Called once, before the first operation. */
  attach?(view: View): void
  /** The place in `runnable` (actors, `count` of them, count >= 1) of the one that does its operation next. */
  next(runnable: Int32Array, count: number): number
  /** Whether a CPU that could take an interrupt at this boundary does so now; later, when not. */
  takeInterrupt(cpu: number): boolean
  /** 0..n-1, for kernel code that asks. */
  choose(n: number): number
}

/** Every runnable CPU is as likely as any other; an interrupt is late one time in four. */
export class RandomStrategy implements Strategy {
  readonly name = 'random'
  private readonly prng: Prng

  constructor(seed: number) {
    this.prng = new Prng(seed)
  }

  next(_runnable: Int32Array, count: number): number {
    return count === 1 ? 0 : this.prng.below(count)
  }

  takeInterrupt(): boolean {
    return (this.prng.next() & 3) !== 0
  }

  choose(n: number): number {
    return this.prng.below(n)
  }
}

/**
 * A fixed order: the lowest-numbered CPU runs until it waits; after about `turn` operations the next one has its turn. The
 * length of a turn varies, always in the same way, so that no loop of kernel code is cut at the same place every time.
 */
export class FixedStrategy implements Strategy {
  readonly name = 'fixed'
  private readonly turn: number
  /** how much longer than `turn` a turn may be */
  private readonly spread: number
  private left = 0
  private turns = 0
  private current = 0

  constructor(turn = 64) {
    this.turn = turn
    this.spread = Math.max(1, turn >> 2)
  }

  next(runnable: Int32Array, count: number): number {
    const same = runnable.subarray(0, count).indexOf(this.current)
    if (same >= 0 && --this.left > 0) return same
    let best = -1
    let lowest = 0
    for (let i = 0; i < count; i++) {
      const cpu = runnable[i]!
      if (cpu > this.current && (best < 0 || cpu < runnable[best]!)) best = i
      if (cpu < runnable[lowest]!) lowest = i
    }
    if (best < 0) best = lowest
    this.current = runnable[best]!
    this.left = this.turn + ((this.turns++ * 7) % this.spread)
    return best
  }

  takeInterrupt(): boolean {
    return true
  }

  choose(): number {
    return 0
  }
}
