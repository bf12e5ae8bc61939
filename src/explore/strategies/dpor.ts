// Dynamic partial order reduction: of all orders that differ only in what does not depend on each other, one. Source sets
// (Abdulla, Aronis, Jonsson, Sagonas, POPL 2014, after Flanagan and Godefroid, POPL 2005) with sleep sets (Godefroid, 1996).
//
//   run a schedule, and note what each one who is given its turn does (happening.ts)
//   where two depend on each other and could have come the other way round (partial-order.ts):
//     whoever must go on for that is to go on, in another schedule, before the earlier one
//   a node, all of whose choices have been tried:  its first one sleeps in the others, until something comes that depends on it
//
// With a bound, a schedule has at most so many choices that are not the default order's; what only more would show is left out.
import type { Strategy, View } from '../../machine/deterministic/strategy.js'
import { type DefaultOrder, orderFor } from '../deviation.js'
import { type Happening, happeningOf } from '../happening.js'
import { PartialOrder, stillAsleep } from '../partial-order.js'
import type { Search } from '../search.js'

/** A point at which somebody was given the turn. */
interface Node {
  readonly enabled: readonly number[]
  readonly next: ReadonlyMap<number, Happening>
  /** whose turn it would be by default */
  readonly preferred: number
  chosen: number
  /** who has to be tried here, those who have been included */
  readonly wanted: Set<number>
  readonly tried: Set<number>
  /** what need not be tried here: another schedule has it */
  readonly asleep: ReadonlyMap<number, Happening>
}

export class PartialOrderReduction implements Search {
  readonly name: string
  readonly inOrder = true
  private readonly bound: number
  private readonly nodes: Node[] = []
  private latest: DporStrategy | null = null
  private schedules = 0
  private repeated = 0
  private beyond = 0
  private isThrough = false

  /** `bound`: choices against the default order in a schedule, at most. */
  constructor(bound = Number.POSITIVE_INFINITY) {
    this.name = bound === Number.POSITIVE_INFINITY ? 'dpor' : `dpor:${bound}`
    this.bound = bound
  }

  strategy(): Strategy | null {
    if (this.latest !== null && !this.advance()) {
      this.isThrough = true
      return null
    }
    this.latest = new DporStrategy(this.nodes)
    return this.latest
  }

  learn(): void {
    this.schedules++
    if (this.latest!.isRepeated) this.repeated++
    this.latest!.end()
  }

  /** Goes back to the last node with somebody to try. Answers false when there is none. */
  private advance(): boolean {
    for (;;) {
      const node = this.nodes.at(-1)
      if (node === undefined) return false
      node.tried.add(node.chosen)
      const before = this.against(this.nodes.length - 1)
      const left = [...node.wanted].filter((actor) => !node.tried.has(actor) && !node.asleep.has(actor))
      const next = left.find((actor) => actor === node.preferred || before < this.bound)
      if (next !== undefined) {
        node.chosen = next
        return true
      }
      this.beyond += left.length
      this.nodes.pop()
    }
  }

  /** Choices against the default order before a node. */
  private against(depth: number): number {
    let count = 0
    for (let n = 0; n < depth; n++) if (this.nodes[n]!.chosen !== this.nodes[n]!.preferred) count++
    return count
  }

  says(): string {
    const different = this.schedules - this.repeated
    const told = `${different} traces in ${this.schedules} schedules (of orders that differ only in what is independent, one)`
    const beyond = this.beyond === 0 ? '' : `; ${this.beyond} choices were beyond the bound`
    if (this.isThrough) return this.beyond === 0 ? `${told}: all there are` : `${told}${beyond}`
    return `${told}; at least ${this.left()} schedules are left${beyond}`
  }

  /** What the nodes of the latest schedule have left, if each of their choices takes as many as the ones so far. */
  private left(): number {
    let share = 1
    let done = 0
    for (const { tried, wanted, asleep } of this.nodes) {
      const all = [...wanted].filter((actor) => !asleep.has(actor)).length
      done += (share * Math.min(tried.size, all)) / Math.max(1, all)
      share /= Math.max(1, all)
    }
    done += share
    return Math.max(0, Math.round(this.schedules / Math.min(1, done)) - this.schedules)
  }
}

class DporStrategy implements Strategy {
  readonly name = 'dpor'
  /** all that it could still do has been done by another schedule */
  isRepeated = false
  private readonly nodes: Node[]
  /** how many of them there were before; the last one has another choice now */
  private readonly known: number
  private depth = 0
  private order: DefaultOrder | null = null
  private trace: PartialOrder | null = null
  private asleep: ReadonlyMap<number, Happening> = new Map()
  private view: View | null = null

  constructor(nodes: Node[]) {
    this.nodes = nodes
    this.known = nodes.length
  }

  attach(view: View): void {
    this.view = view
    this.order = orderFor(view)
    this.trace = new PartialOrder(view.actors)
  }

  next(runnable: Int32Array, count: number): number {
    const place = this.order!.prefer(runnable, count)
    const preferred = runnable[place]!
    const actor = this.isRepeated ? preferred : this.pick([...runnable.subarray(0, count)], preferred)
    this.order!.went(actor)
    return runnable.indexOf(actor)
  }

  private pick(enabled: readonly number[], preferred: number): number {
    const node = this.nodes[this.depth] ?? this.reach(enabled, preferred)
    if (node === null) {
      this.isRepeated = true
      return preferred
    }
    this.depth++
    const happening = node.next.get(node.chosen)!
    const { clock, races } = this.trace!.relate(happening)
    // What is known of nodes up to here was found when they were first run through.
    if (this.depth >= this.known) this.demand(happening, clock, races)
    this.trace!.add(happening, clock)
    const asleep = new Map(node.asleep)
    for (const actor of node.tried) asleep.set(actor, node.next.get(actor)!)
    this.asleep = stillAsleep(asleep, happening)
    return node.chosen
  }

  /** A node that no schedule has been at; null when whoever could go on sleeps. */
  private reach(enabled: readonly number[], preferred: number): Node | null {
    const awake = enabled.filter((actor) => !this.asleep.has(actor))
    if (awake.length === 0) return null
    const chosen = awake.includes(preferred) ? preferred : awake[0]!
    const next = new Map(enabled.map((actor) => [actor, happeningOf(this.view!, actor)]))
    const node = {
      enabled,
      next,
      preferred,
      chosen,
      wanted: new Set([chosen]),
      tried: new Set<number>(),
      asleep: this.asleep,
    }
    this.nodes.push(node)
    return node
  }

  /** For each of the earlier ones that this one could have come before: that is to be tried. */
  private demand(happening: Happening, clock: Int32Array, races: readonly number[]): void {
    for (const at of races) {
      const node = this.nodes[at]!
      if (!this.canBeFirst(happening, at)) continue
      const initials = this.trace!.initials(at, happening, clock)
      if (initials.some((actor) => node.wanted.has(actor) || node.asleep.has(actor))) continue
      const able = initials.filter((actor) => node.enabled.includes(actor))
      if (able.length > 0) node.wanted.add(able.includes(happening.actor) ? happening.actor : able[0]!)
      else for (const actor of node.enabled) node.wanted.add(actor)
    }
  }

  /** Not if it waited for the other one. */
  private canBeFirst({ actor }: Happening, at: number): boolean {
    const { happenings } = this.trace!
    if (this.nodes[at]!.enabled.includes(actor)) return true
    for (let k = at + 1; k < happenings.length; k++) if (happenings[k]!.actor === actor) return true
    return false
  }

  /** What those who wait at the end would have done counts as well. */
  end(): void {
    if (this.isRepeated || this.view === null) return
    for (let actor = 0; actor < this.view.memory.layout.config.cpus; actor++) {
      const happening = happeningOf(this.view, actor)
      if (happening.word === 0) continue
      const { clock, races } = this.trace!.relate(happening)
      this.demand(happening, clock, races)
    }
  }

  takeInterrupt(): boolean {
    return true
  }

  choose(): number {
    return 0
  }
}
