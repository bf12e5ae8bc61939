// PCT, probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi, Nagarakatte, ASPLOS 2010): who goes on is the one
// with the highest priority; priorities are drawn once, and at d-1 steps, drawn as well, the one that runs falls below all
// others. A bug that needs d ordering constraints is found with a probability of at least 1/(n*k^(d-1)) in each run, n being
// how many there are to choose from, and k the number of steps.
//
// Here n counts each CPU twice: as itself, and as the interrupts on their way to it, which come when they have the higher
// priority.
import { Prng } from '../../base/prng.js'
import type { Strategy } from '../../machine/deterministic/strategy.js'
import type { Profiled, Search } from '../search.js'

export class Pct implements Search {
  readonly name: string
  private readonly depth: number
  private readonly prng: Prng
  private readonly actors: number
  /** of a schedule, at most */
  private readonly length: number

  constructor(depth: number, seed: number, { operations, counts }: Profiled) {
    this.name = `pct:${depth}`
    this.depth = depth
    this.prng = new Prng(seed).fork('pct')
    this.actors = 2 * counts.length
    this.length = Math.max(1, operations)
  }

  strategy(schedule: number): Strategy {
    return new PctStrategy(this.depth, this.prng.fork(schedule), this.actors / 2, this.length)
  }

  says(): string {
    const bound = 1 / (this.actors * this.length ** (this.depth - 1))
    const formula = `1/(n*k^(d-1)), n = ${this.actors}, k = ${this.length}`
    return `each schedule finds a bug of depth ${this.depth} with a probability of at least ${bound.toPrecision(2)} (${formula})`
  }
}

class PctStrategy implements Strategy {
  readonly name = 'pct'
  /** of CPU c at c, of its interrupts at cpus + c */
  private readonly priorities: number[]
  private readonly cpus: number
  private readonly changes = new Set<number>()
  private readonly prng: Prng
  private steps = 0
  private lowest = 0

  constructor(depth: number, prng: Prng, cpus: number, length: number) {
    this.prng = prng
    this.cpus = cpus
    this.priorities = shuffled(prng, 2 * cpus)
    for (let n = 1; n < depth; n++) this.changes.add(prng.below(length))
  }

  next(runnable: Int32Array, count: number): number {
    let best = 0
    for (let i = 1; i < count; i++) if (this.priorities[runnable[i]!]! > this.priorities[runnable[best]!]!) best = i
    if (this.changes.has(this.steps++)) this.priorities[runnable[best]!] = --this.lowest
    return best
  }

  takeInterrupt(cpu: number): boolean {
    return this.priorities[this.cpus + cpu]! > this.priorities[cpu]!
  }

  choose(n: number): number {
    return this.prng.below(n)
  }
}

/** 1..n in an order that is drawn. */
function shuffled(prng: Prng, n: number): number[] {
  const order = Array.from({ length: n }, (_, i) => i + 1)
  for (let i = n - 1; i > 0; i--) {
    const j = prng.below(i + 1)
    const swapped = order[i]!
    order[i] = order[j]!
    order[j] = swapped
  }
  return order
}
