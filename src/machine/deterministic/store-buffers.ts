// Store buffers: what a CPU has stored and others do not see yet. A CPU itself sees its own latest store.
//
//   CPU 0                          CPU 1
//   x = 1   into its buffer        y = 1   into its buffer
//   y?      0 in memory            x?      0 in memory: neither sees the other
//   ... x = 1 into memory          ... y = 1 into memory
//
// When a store goes into memory is the strategy's choice: each buffer takes its turn as if it were one more CPU. With tso a CPU
// has one buffer; with pso one for each word, of which there are a few at a time. A buffer that is full gives up its oldest store.
//
// A release waits for all stores of its CPU before it. A read and write in one, a fence, an interrupt for another CPU and whatever
// is of order `full` is held up until the CPU's buffers are empty.
import { KIND, type Operation, ORDER, type Order } from '../../ops/operation.js'
import type { MemoryModel } from './memory-model.js'
import type { Bystander } from './observer.js'
import type { Runnable } from './runnable.js'

/** Buffers of a CPU, and how many stores there are room for in each. */
const SHAPE = { sc: { lanes: 0, depth: 0 }, tso: { lanes: 1, depth: 48 }, pso: { lanes: 8, depth: 6 } } as const

/** How many there are that can be given a turn: the CPUs, then the devices, then all buffers. */
export function actorsOf(cpus: number, devices: number, model: MemoryModel): number {
  return cpus + devices + cpus * SHAPE[model].lanes
}

export class StoreBuffers implements Bystander {
  /** buffers of a CPU; those of CPU c are c * lanes to (c + 1) * lanes - 1 */
  private readonly lanes: number
  /** whose kernel code runs, -1: the host, or a program */
  current = -1
  private readonly depth: number
  private readonly write: (word: number, value: number) => void
  /** for each CPU how many stores others do not see yet */
  private readonly waiting: Int32Array
  // For each buffer: where its oldest store is, and how many there are.
  private readonly heads: Int32Array
  private readonly counts: Int32Array
  // For each store: `depth` places to a buffer, in a circle.
  private readonly words: Int32Array
  private readonly values: Int32Array
  private readonly ages: Float64Array
  private readonly releases: Uint8Array
  private age = 0
  private readonly operations: Operation[]

  /** `write` makes a store seen by all. */
  constructor(cpus: number, model: MemoryModel, write: (word: number, value: number) => void) {
    const { lanes, depth } = SHAPE[model]
    const places = cpus * lanes * depth
    this.lanes = lanes
    this.depth = depth
    this.write = write
    this.waiting = new Int32Array(cpus)
    this.heads = new Int32Array(cpus * lanes)
    this.counts = new Int32Array(cpus * lanes)
    this.words = new Int32Array(places)
    this.values = new Int32Array(places)
    this.ages = new Float64Array(places)
    this.releases = new Uint8Array(places)
    this.operations = Array.from({ length: cpus * lanes }, () => {
      return { kind: KIND.store, word: 0, value: 0, expected: 0, order: ORDER.relaxed, place: 'store_buffer' }
    })
  }

  /** Whether an operation has to wait: it is done only when all stores of its CPU before it are seen. */
  isHeldUp(cpu: number, kind: number, order: Order): boolean {
    if (this.waiting[cpu] === 0) return false
    if (order === ORDER.full || kind === KIND.lock || kind === KIND.sendIpi || kind === KIND.notifyHost) return true
    return (kind >= KIND.add && kind <= KIND.compareExchange) || (kind === KIND.fence && order === ORDER.release)
  }

  enter(cpu: number): void {
    this.current = cpu
  }

  leave(): void {
    this.current = -1
  }

  /** The CPU whose buffer it is. */
  ownerOf(lane: number): number {
    return Math.floor(lane / this.lanes)
  }

  /** Notes which buffers of a CPU can be given a turn; those of all CPUs are actors from `first` on. */
  note(cpu: number, runnable: Runnable, first: number): void {
    for (let lane = cpu * this.lanes; lane < (cpu + 1) * this.lanes; lane++)
      runnable.set(first + lane, this.isReady(lane))
  }

  /** A CPU stores. */
  put(cpu: number, word: number, value: number, isRelease: boolean): void {
    let lane = this.laneFor(cpu, word)
    while (lane < 0) {
      this.giveUpOldest(cpu)
      lane = this.laneFor(cpu, word)
    }
    const at = lane * this.depth + ((this.heads[lane]! + this.counts[lane]!) % this.depth)
    this.counts[lane]!++
    this.waiting[cpu]!++
    this.words[at] = word
    this.values[at] = value
    this.ages[at] = this.age++
    this.releases[at] = isRelease ? 1 : 0
  }

  /** The buffer for a store to that word, -1: there is no room now. */
  private laneFor(cpu: number, word: number): number {
    const first = cpu * this.lanes
    if (this.lanes === 1) return this.counts[first]! < this.depth ? first : -1
    let empty = -1
    for (let lane = first; lane < first + this.lanes; lane++) {
      if (this.counts[lane] === 0) empty = empty < 0 ? lane : empty
      else if (this.words[this.headOf(lane)] === word) return this.counts[lane]! < this.depth ? lane : -1
    }
    return empty
  }

  private headOf(lane: number): number {
    return lane * this.depth + this.heads[lane]!
  }

  /** What a CPU sees in a word, given what is in memory. */
  seen(cpu: number, word: number, inMemory: number): number {
    if (this.waiting[cpu] === 0) return inMemory
    for (let lane = cpu * this.lanes; lane < (cpu + 1) * this.lanes; lane++) {
      for (let n = this.counts[lane]! - 1; n >= 0; n--) {
        const at = lane * this.depth + ((this.heads[lane]! + n) % this.depth)
        if (this.words[at] === word) return this.values[at]!
      }
    }
    return inMemory
  }

  /** Whether a buffer's oldest store may go into memory. */
  private isReady(lane: number): boolean {
    if (this.counts[lane] === 0) return false
    return this.releases[this.headOf(lane)] === 0 || this.oldestOf(this.ownerOf(lane)) === lane
  }

  /** That store, as an operation; the object is the buffer's, and changes. */
  declared(lane: number): Readonly<Operation> {
    const operation = this.operations[lane]!
    const at = this.headOf(lane)
    operation.word = this.words[at]!
    operation.value = this.values[at]!
    return operation
  }

  /** A buffer's oldest store goes into memory. */
  giveUp(lane: number): void {
    const at = this.headOf(lane)
    this.heads[lane] = (this.heads[lane]! + 1) % this.depth
    this.counts[lane]!--
    this.waiting[this.ownerOf(lane)]!--
    this.write(this.words[at]!, this.values[at]!)
  }

  /** All stores of a CPU go into memory, in its order. */
  empty(cpu: number): void {
    while (this.waiting[cpu]! > 0) this.giveUpOldest(cpu)
  }

  private giveUpOldest(cpu: number): void {
    this.giveUp(this.oldestOf(cpu))
  }

  /** The buffer that holds a CPU's oldest store; there is one. */
  private oldestOf(cpu: number): number {
    let oldest = -1
    for (let lane = cpu * this.lanes; lane < (cpu + 1) * this.lanes; lane++) {
      if (this.counts[lane] === 0) continue
      if (oldest < 0 || this.ages[this.headOf(lane)]! < this.ages[this.headOf(oldest)]!) oldest = lane
    }
    return oldest
  }
}
