// SURW, selectively uniform random walk (Zhao, Wolff, Mathur, Roychoudhury, ASPLOS 2025): of the operations, some are chosen
// as interesting: here those on a few words that several CPUs use, drawn for each schedule. Which CPU is to do the next
// interesting one is drawn in proportion to how many each has left, which makes every order of them equally likely if the
// counts are right; the others may do whatever is not interesting until it has.
//
// The counts come from the scenario in the default order; those of other orders differ a little.
import { Prng } from '../../base/prng.js'
import type { Strategy, View } from '../../machine/deterministic/strategy.js'
import type { Profiled, Search } from '../search.js'
import { wordOf } from '../shared-words.js'

/** How many words are of interest in a schedule, at most. */
const WORDS = 4

export class SelectiveWalk implements Search {
  readonly name = 'surw'
  private readonly prng: Prng
  private readonly profiled: Profiled

  constructor(seed: number, profiled: Profiled) {
    this.prng = new Prng(seed).fork('surw')
    this.profiled = profiled
  }

  strategy(schedule: number): Strategy {
    const prng = this.prng.fork(schedule)
    const words = [...this.profiled.words.keys()]
    const chosen = new Set<number>()
    const wanted = 1 + prng.below(WORDS)
    for (let n = 0; n < wanted && words.length > 0; n++) chosen.add(words[prng.below(words.length)]!)
    const left = this.profiled.counts.map((_, cpu) => {
      let sum = 0
      for (const word of chosen) sum += this.profiled.words.get(word)![cpu]!
      return sum
    })
    return new SurwStrategy(prng, chosen, left)
  }
}

class SurwStrategy implements Strategy {
  readonly name = 'surw'
  private readonly prng: Prng
  private readonly words: ReadonlySet<number>
  /** interesting operations that each CPU has left */
  private readonly left: number[]
  private readonly free: number[] = []
  private intended = -1
  private view: View | null = null

  constructor(prng: Prng, words: ReadonlySet<number>, left: number[]) {
    this.prng = prng
    this.words = words
    this.left = left
  }

  attach(view: View): void {
    this.view = view
  }

  next(runnable: Int32Array, count: number): number {
    if (this.intended < 0) this.intended = this.draw(runnable, count)
    const { free } = this
    free.length = 0
    for (let i = 0; i < count; i++) {
      const cpu = runnable[i]!
      if (cpu === this.intended || !this.isInteresting(cpu)) free.push(i)
    }
    // All that can go on are at something interesting, and the one that was to do its own waits: another one is.
    if (free.length === 0) {
      this.intended = this.draw(runnable, count)
      return runnable.subarray(0, count).indexOf(this.intended)
    }
    const place = free[this.prng.below(free.length)]!
    const cpu = runnable[place]!
    if (this.isInteresting(cpu)) {
      this.left[cpu] = Math.max(0, this.left[cpu]! - 1)
      this.intended = -1
    }
    return place
  }

  private isInteresting(cpu: number): boolean {
    return this.words.has(wordOf(this.view!.declared(cpu)))
  }

  private draw(runnable: Int32Array, count: number): number {
    let total = 0
    for (let i = 0; i < count; i++) total += this.left[runnable[i]!]!
    // All have done more than in the order that was counted.
    if (total === 0) return runnable[this.prng.below(count)]!
    let drawn = this.prng.below(total)
    let i = 0
    while (drawn >= this.left[runnable[i]!]!) drawn -= this.left[runnable[i++]!]!
    return runnable[i]!
  }

  takeInterrupt(): boolean {
    return (this.prng.next() & 1) === 0
  }

  choose(n: number): number {
    return this.prng.below(n)
  }
}
