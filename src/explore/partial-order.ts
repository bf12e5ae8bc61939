// A run as a partial order: which of its happenings came before which others because they depend on each other, by vector clocks.
// What is not ordered so may as well have come the other way round. Runs with the same partial order are the same trace
// (Mazurkiewicz).
import { KIND } from '../ops/operation.js'
import { depend, type Happening } from './happening.js'

/** The latest ones on a word. */
interface Uses {
  write: number
  /** since that */
  reads: number[]
}

export class PartialOrder {
  readonly happenings: Happening[] = []
  /** for each of them a clock: how many of each actor's own it comes after, itself included */
  readonly clocks: Int32Array[] = []
  private readonly actors: number
  private readonly latest: Int32Array
  private readonly uses = new Map<number, Uses>()
  /** for each spinlock when it was taken last */
  private readonly taken = new Map<number, number>()
  /** for each CPU the interrupts raised for it since it last did something */
  private readonly raised: number[][]

  constructor(actors: number) {
    this.actors = actors
    this.latest = new Int32Array(actors).fill(-1)
    this.raised = Array.from({ length: actors }, () => [])
  }

  /** The next one; `clock` as relate says it. */
  add(happening: Happening, clock: Int32Array): void {
    const { actor, target } = happening
    const at = this.happenings.length
    clock[actor]!++
    this.happenings.push(happening)
    this.clocks.push(clock)
    this.latest[actor] = at
    this.raised[actor] = []
    if (target >= 0) this.raised[target]!.push(at)
    if (happening.kind === KIND.lock) this.taken.set(happening.word, at)
    for (const [word, writes] of wordsOf(happening)) {
      const uses = this.uses.get(word)
      if (uses === undefined) this.uses.set(word, { write: writes ? at : -1, reads: writes ? [] : [at] })
      else if (writes) {
        uses.write = at
        uses.reads = []
      } else uses.reads.push(at)
    }
  }

  /**
   * For what an actor would do now: the clock of what it comes after, without itself; and which earlier ones of other actors it
   * could have come before: each depends on it, and nothing in between forces their order. The latest first.
   */
  relate(happening: Happening): { clock: Int32Array; races: number[] } {
    const { actor, target } = happening
    const before = this.latest[actor]!
    const clock = before < 0 ? new Int32Array(this.actors) : this.clocks[before]!.slice()
    const races: number[] = []
    for (const other of this.candidates(happening, target)) {
      if (this.isBefore(other, clock)) continue
      const instead = this.couldFollow(happening, other)
      if (!this.isBefore(instead, clock)) races.push(instead)
      const theirs = this.clocks[other]!
      for (let who = 0; who < clock.length; who++) if (theirs[who]! > clock[who]!) clock[who] = theirs[who]!
    }
    return { clock, races }
  }

  /** What has taken a lock could not have come before it was given back, but before the one that had it took it. */
  private couldFollow({ kind, word }: Happening, other: number): number {
    if (kind !== KIND.lock || this.happenings[other]!.kind !== KIND.unlock) return other
    return this.taken.get(word) ?? other
  }

  /** Those that it may depend on, the latest first. Earlier ones come before these. */
  private candidates(happening: Happening, target: number): number[] {
    const { actor } = happening
    const found = [...this.raised[actor]!]
    if (target >= 0 && this.latest[target]! >= 0) found.push(this.latest[target]!)
    for (const [word, writes] of wordsOf(happening)) {
      const uses = this.uses.get(word)
      if (uses === undefined) continue
      if (uses.write >= 0) found.push(uses.write)
      if (writes) found.push(...uses.reads)
    }
    return found.sort((a, b) => b - a)
  }

  /** Whether one is among what a clock comes after. */
  isBefore(at: number, clock: Int32Array): boolean {
    const { actor } = this.happenings[at]!
    return this.clocks[at]![actor]! <= clock[actor]!
  }

  /** Those of `actors` that could do what they do after `at` at once instead, up to and with `last`, which need not be added. */
  initials(at: number, last: Happening, lastClock: Int32Array): number[] {
    const first = new Map<number, Int32Array>()
    for (let k = at + 1; k < this.happenings.length; k++) {
      const { actor } = this.happenings[k]!
      const clock = this.clocks[k]!
      if (!first.has(actor) && !this.isBefore(at, clock)) first.set(actor, clock)
    }
    if (!first.has(last.actor)) {
      const clock = lastClock.slice()
      clock[last.actor]!++
      first.set(last.actor, clock)
    }
    const entries = [...first]
    return entries
      .filter(([actor, clock]) => entries.every(([other, its]) => other === actor || clock[other]! < its[other]!))
      .map(([actor]) => actor)
  }
}

/** The words that it uses, and whether it writes them; a CPU and its store buffers share one that is in no memory. */
function wordsOf({ word, writes, owner }: Happening): [number, boolean][] {
  const words: [number, boolean][] = word === 0 ? [] : [[word, writes]]
  if (owner >= 0) words.push([-1 - owner, true])
  return words
}

/** Those of a sleep set that stay in it when something happens. */
export function stillAsleep(asleep: ReadonlyMap<number, Happening>, happening: Happening): Map<number, Happening> {
  return new Map([...asleep].filter(([, one]) => !depend(one, happening)))
}
