// Vector clocks: what each CPU knows of what the others have done, by the operations that order memory.
//
//   release, unlock, sendIpi        the word (or interrupt) takes over what the CPU knows
//   acquire, lock, waitWhile/Until  the CPU learns what the word was given; an interrupt, when it is taken
//   full                            both, and a fence on either side
//   fence                           what relaxed loads before it saw is learnt; what relaxed stores after it write
//                                   carries what was known at the fence
//
// The host is one more: it learns from what it reads and from being told, and passes that on with what it writes. Task switches
// and interrupts of one CPU need nothing: a CPU does one thing after the other.
import { KIND, type Operation, ORDER } from '../ops/operation.js'

export class Clocks {
  private readonly count: number
  /** for each CPU, then the host: a clock for each of them */
  private readonly known: Int32Array[]
  /** what relaxed loads of each have seen since its last fence, and what each knew at that */
  private readonly glimpsed: Int32Array[]
  private readonly fenced: Int32Array[]
  private readonly words = new Map<number, Int32Array>()
  private readonly interrupts = new Map<number, Int32Array>()

  constructor(cpus: number) {
    this.count = cpus + 1
    const clocks = (): Int32Array[] => Array.from({ length: this.count }, () => new Int32Array(this.count))
    this.known = clocks()
    this.glimpsed = clocks()
    this.fenced = clocks()
    for (let who = 0; who < this.count; who++) this.known[who]![who] = 1
  }

  get host(): number {
    return this.count - 1
  }

  /** Its own time: the same until it passes on what it knows. */
  now(who: number): number {
    return this.known[who]![who]!
  }

  /** Whether `who` knows of what `other` did at its time `then`. */
  knows(who: number, other: number, then: number): boolean {
    return then <= this.known[who]![other]!
  }

  /** A CPU carries out an operation; `fails`: a compareExchange that only reads. */
  operation(cpu: number, { kind, word, value, order }: Readonly<Operation>, fails: boolean): void {
    switch (kind) {
      case KIND.load:
      case KIND.waitWhile:
      case KIND.waitUntil:
        if (order === ORDER.full) this.fence(cpu, ORDER.full)
        this.read(cpu, word, order)
        return
      case KIND.store:
      case KIND.unlock:
        this.store(cpu, word, order)
        if (order === ORDER.full) this.fence(cpu, ORDER.full)
        return
      case KIND.lock:
      case KIND.add:
      case KIND.and:
      case KIND.or:
      case KIND.exchange:
      case KIND.compareExchange:
        if (fails) this.read(cpu, word, ORDER.relaxed)
        else this.exchange(cpu, word, order)
        return
      case KIND.fence:
        this.fence(cpu, order)
        return
      case KIND.sendIpi:
        this.raise(cpu, word, value)
        return
      case KIND.notifyHost:
        this.pass(cpu, this.known[this.host]!)
        return
      default:
        return
    }
  }

  /** An interrupt for `target` carries what `who` knows. */
  raise(who: number, target: number, vector: number): void {
    this.pass(who, clockOf(this.interrupts, target * 32 + vector, this.count))
  }

  /** And is taken. */
  interrupt(cpu: number, vector: number): void {
    const given = this.interrupts.get(cpu * 32 + vector)
    if (given !== undefined) join(this.known[cpu]!, given)
  }

  /** A marked read. */
  read(who: number, word: number, order: number): void {
    const given = this.words.get(word)
    if (given === undefined) return
    const acquires = order === ORDER.acquire || order === ORDER.full
    join(acquires ? this.known[who]! : this.glimpsed[who]!, given)
  }

  /** A marked write: what others wrote to the word before, it does not carry on. */
  store(who: number, word: number, order: number): void {
    const clock = clockOf(this.words, word, this.count)
    const releases = order === ORDER.release || order === ORDER.full
    clock.set(releases ? this.known[who]! : this.fenced[who]!)
    if (releases) this.tick(who)
  }

  /** A marked read and write in one: what others released by the word before, it carries on. */
  private exchange(cpu: number, word: number, order: number): void {
    if (order === ORDER.full) this.fence(cpu, ORDER.full)
    this.read(cpu, word, order)
    const releases = order === ORDER.release || order === ORDER.full
    const clock = clockOf(this.words, word, this.count)
    if (releases) this.pass(cpu, clock)
    else join(clock, this.fenced[cpu]!)
    if (order === ORDER.full) this.fence(cpu, ORDER.full)
  }

  private fence(cpu: number, order: number): void {
    if (order === ORDER.full || order === ORDER.acquire) join(this.known[cpu]!, this.glimpsed[cpu]!)
    if (order !== ORDER.full && order !== ORDER.release) return
    this.fenced[cpu]!.set(this.known[cpu]!)
    this.tick(cpu)
  }

  private pass(who: number, to: Int32Array): void {
    join(to, this.known[who]!)
    this.tick(who)
  }

  private tick(who: number): void {
    this.known[who]![who]!++
  }
}

function clockOf(clocks: Map<number, Int32Array>, key: number, count: number): Int32Array {
  let clock = clocks.get(key)
  if (clock === undefined) {
    clock = new Int32Array(count)
    clocks.set(key, clock)
  }
  return clock
}

function join(into: Int32Array, from: Int32Array): void {
  for (let who = 0; who < into.length; who++) if (from[who]! > into[who]!) into[who] = from[who]!
}
