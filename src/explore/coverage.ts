// What schedules have covered: how many of them were different, and what came while what else was going on.
//
// Two schedules are the same trace when they differ only in the order of what does not depend on each other (happening.ts). Every
// happening has a hash of its own and of those that it comes right after, because it depends on them; the sum of all hashes is the
// same for all orders of a trace. Two traces have the same sum once in about 2^53 pairs.
import type { View } from '../machine/deterministic/strategy.js'
import { CPUHP } from '../memory/structs.js'
import { type Happening, happeningOf, operationOf } from './happening.js'
import type { Watcher } from './recorder.js'

/** What one schedule has covered. */
export interface Covered {
  readonly trace: number
  /** a state on the way of a CPU that goes down or comes up, and where in the kernel another CPU was meanwhile */
  readonly pairs: ReadonlySet<string>
}

/** A sum of hashes: two halves, so that it is exact. */
interface Sum {
  high: number
  low: number
}

/** What has been on a word, or on the way to a CPU. */
interface Before {
  readonly last: Sum
  readonly since: Sum
}

export class TraceHash implements Watcher {
  readonly pairs = new Set<string>()
  private readonly total: Sum = { high: 0, low: 0 }
  private readonly actors = new Map<number, Before>()
  private readonly words = new Map<number, Before>()
  private readonly places = new Map<string, number>()
  /** what is about to happen, if no interrupt is late instead */
  private about: { happening: Happening; place: number } | null = null

  step(view: View, actor: number): void {
    this.commit()
    const { place } = view.declared(actor)
    this.about = { happening: happeningOf(view, actor), place: this.numberOf(place) }
    this.pair(view, view.cpuOf(actor), place)
  }

  late(view: View, actor: number): void {
    const { place } = view.declared(actor)
    this.about = { happening: operationOf(view, actor), place: this.numberOf(place) }
  }

  get trace(): number {
    this.commit()
    return (this.total.high & 0x1f_ffff) * 2 ** 32 + (this.total.low >>> 0)
  }

  private commit(): void {
    if (this.about === null) return
    const { happening, place } = this.about
    this.about = null
    const { actor, word, writes, owner, target, kind } = happening
    const self = beforeOf(this.actors, actor)
    const hash: Sum = { high: actor * 64 + kind + 2, low: place * 256 + word }
    stir(hash, self.last)
    stir(hash, self.since)
    this.use(hash, word, writes)
    if (owner >= 0) this.use(hash, -1 - owner, true)
    if (target >= 0) {
      const theirs = beforeOf(this.actors, target)
      stir(hash, theirs.last)
      add(theirs.since, hash)
    }
    set(self.last, hash)
    set(self.since, { high: 0, low: 0 })
    add(this.total, hash)
  }

  private use(hash: Sum, word: number, writes: boolean): void {
    if (word === 0) return
    const before = beforeOf(this.words, word)
    stir(hash, before.last)
    if (!writes) {
      add(before.since, hash)
      return
    }
    stir(hash, before.since)
    set(before.last, hash)
    set(before.since, { high: 0, low: 0 })
  }

  private pair({ memory }: View, cpu: number, place: string): void {
    const { words } = memory
    for (let other = 0; other < memory.layout.config.cpus; other++) {
      if (other === cpu) continue
      const record = memory.cpuhp(other)
      const state = words[record + CPUHP.state]!
      if (state !== words[record + CPUHP.target]) this.pairs.add(`${state} ${place.replace(/:.*$/, '')}`)
    }
  }

  private numberOf(place: string): number {
    let number = this.places.get(place)
    if (number === undefined) {
      number = 0
      for (let i = 0; i < place.length; i++) number = (Math.imul(number, 31) + place.charCodeAt(i)) | 0
      this.places.set(place, number)
    }
    return number
  }
}

function beforeOf(all: Map<number, Before>, key: number): Before {
  let before = all.get(key)
  if (before === undefined) {
    before = { last: { high: 0, low: 0 }, since: { high: 0, low: 0 } }
    all.set(key, before)
  }
  return before
}

function stir(hash: Sum, { high, low }: Sum): void {
  let h = Math.imul(hash.high ^ high, 0x85eb_ca6b)
  let l = Math.imul(hash.low ^ low, 0xc2b2_ae35)
  h ^= h >>> 13
  l ^= l >>> 16
  hash.high = Math.imul(h ^ l, 0x27d4_eb2f) ^ (h >>> 15)
  hash.low = Math.imul(l + h, 0x1656_67b1) ^ (l >>> 14)
}

function add(into: Sum, { high, low }: Sum): void {
  into.high = (into.high + high) | 0
  into.low = (into.low + low) | 0
}

function set(sum: Sum, { high, low }: Sum): void {
  sum.high = high
  sum.low = low
}

/** What all schedules have covered. */
export class Coverage {
  private schedules = 0
  private readonly traces = new Map<number, number>()
  private readonly pairs = new Set<string>()

  add({ trace, pairs }: Covered): void {
    this.schedules++
    this.traces.set(trace, (this.traces.get(trace) ?? 0) + 1)
    for (const pair of pairs) this.pairs.add(pair)
  }

  /** `isNew`: how likely another schedule is a trace that there was not yet (Good and Turing's estimate). */
  get figures(): { readonly traces: number; readonly pairs: number; readonly isNew: number } {
    const once = [...this.traces.values()].filter((times) => times === 1).length
    return { traces: this.traces.size, pairs: this.pairs.size, isNew: once / Math.max(1, this.schedules) }
  }
}
