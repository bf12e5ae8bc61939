// Counts hops: how long the longest chain is of CPUs that needed what another one had done, one after the other.
//
// Each CPU has a depth. Who takes an interrupt, or finds the word that it waits for written by another CPU, is one hop further
// than that CPU was when it sent or wrote.
import { RandomStrategy, STEP, type Strategy, type View } from '../src/machine/deterministic/strategy.js'
import { KIND } from '../src/ops/operation.js'

/**
 * Operations by which a CPU learns what others have done: it waits for a word, or counts itself as one of those that are
 * through, and may be the last. Not spinlocks: what waits for one is no part of the protocol.
 */
const LEARNS: ReadonlySet<number> = new Set([KIND.waitWhile, KIND.waitUntil, KIND.add])
const WRITES: ReadonlySet<number> = new Set([
  KIND.store,
  KIND.add,
  KIND.and,
  KIND.or,
  KIND.exchange,
  KIND.compareExchange,
])

/** An order of the CPUs in which all go on at the same pace, and in which interrupts are never late. */
export class HopCounter implements Strategy {
  readonly name = 'hops'
  longest = 0
  private readonly inner: RandomStrategy
  private depths = new Int32Array(0)
  private pending = new Int32Array(0)
  private readonly written = new Map<number, { readonly cpu: number; readonly depth: number }>()
  private view: View | null = null
  private turn = 0

  constructor(seed: number) {
    this.inner = new RandomStrategy(seed)
  }

  attach(view: View): void {
    this.view = view
    this.depths = new Int32Array(view.memory.layout.config.cpus)
    this.pending = new Int32Array(this.depths.length)
  }

  /** From here on: chains begin anew. */
  begin(): void {
    this.longest = 0
    this.depths.fill(0)
    this.pending.fill(0)
    this.written.clear()
  }

  next(runnable: Int32Array, count: number): number {
    this.turn = (this.turn + 1) % count
    const cpu = runnable[this.turn]!
    this.step(cpu)
    return this.turn
  }

  private step(cpu: number): void {
    const kind = this.view!.stepOf(cpu)
    if (kind === STEP.interrupt) this.arrive(cpu, this.pending[cpu]!)
    if (kind !== STEP.operation) return
    const operation = this.view!.declared(cpu)
    const { word } = operation
    if (operation.kind === KIND.sendIpi) this.pending[word] = Math.max(this.pending[word]!, this.depths[cpu]! + 1)
    const by = this.written.get(word)
    // As deep as it is now: many that count themselves off, one after the other, are one hop from the one that waits.
    if (WRITES.has(operation.kind)) {
      const depth = operation.kind === KIND.add ? Math.max(this.depths[cpu]!, by?.depth ?? 0) : this.depths[cpu]!
      this.written.set(word, { cpu, depth })
    }
    if (LEARNS.has(operation.kind) && by !== undefined && by.cpu !== cpu) this.arrive(cpu, by.depth + 1)
  }

  private arrive(cpu: number, depth: number): void {
    if (depth <= this.depths[cpu]!) return
    this.depths[cpu] = depth
    this.longest = Math.max(this.longest, depth)
  }

  takeInterrupt(): boolean {
    return true
  }

  choose(n: number): number {
    return this.inner.choose(n)
  }
}
