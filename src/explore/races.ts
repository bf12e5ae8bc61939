// Data races: two accesses to a word by different CPUs, one of them a write and one of them plain, which nothing orders.
//
// Plain is what kernel code reads and writes between two operations, as what a lock guards; an operation is a marked access,
// and two of those are no race, as with Linux's READ_ONCE and WRITE_ONCE. What orders is said in clocks.ts. It is looked at how
// a schedule is ordered, not at how it went: a lock that should have been taken is missed even if nobody came in between.
//
// Where the earlier access was in the code is not noted: that would cost far more than all the rest. A run is the same each
// time, so it is done again, and the access is met by its serial number.
import type { View } from '../machine/deterministic/strategy.js'
import { describeOperation } from '../machine/report.js'
import { KIND, type Operation, ORDER } from '../ops/operation.js'
import { Clocks } from './clocks.js'
import { isIntended } from './intended-races.js'
import type { LateObserver } from './recorder.js'
import { type Earlier, Shadow } from './shadow.js'
import { isWrite, wordOf } from './shared-words.js'
import { taskOn } from './whose.js'

/** One of the two accesses, for a reader. */
export interface Access {
  /** the function, of a marked access the place */
  readonly where: string
  readonly says: string
}

export interface Race {
  readonly word: number
  /** 'task[5].cpu' */
  readonly name: string
  /** of the earlier access, which is to be met in a second run */
  readonly serial: number
  readonly later: Access
}

export class Races implements LateObserver {
  /** for each word the first that was found */
  readonly found = new Map<number, Race>()
  /** the access that was to be met, when it has been */
  met: Access | null = null
  private readonly wanted: number
  private view: View | null = null
  private clocks = new Clocks(0)
  private plainReads = new Shadow(0, 0)
  private plainWrites = new Shadow(0, 0)
  private markedReads = new Shadow(0, 0)
  private markedWrites = new Shadow(0, 0)
  /** words from here on are user processes' own */
  private limit = 0
  private current = -1
  private serial = 0

  /** `wanted`: the serial number of the access to be met, 0: none. */
  constructor(wanted = 0) {
    this.wanted = wanted
  }

  /** From here on; all CPUs know of what was before. */
  begin(view: View): void {
    const { layout } = view.memory
    const { masters } = layout
    this.view = view
    this.clocks = new Clocks(masters)
    this.limit = layout.user.base
    this.plainReads = new Shadow(this.limit, masters)
    this.plainWrites = new Shadow(this.limit, masters)
    this.markedReads = new Shadow(this.limit, masters)
    this.markedWrites = new Shadow(this.limit, masters)
  }

  enter(cpu: number): void {
    if (this.view !== null) this.current = cpu
  }

  leave(): void {
    this.current = -1
  }

  operation(cpu: number, operation: Readonly<Operation>): void {
    if (this.current < 0) return
    const about = wordOf(operation)
    const word = about < this.limit ? about : 0
    const serial = ++this.serial
    if (serial === this.wanted) this.met = this.marked(cpu, operation)
    const { kind, expected } = operation
    const fails = kind === KIND.compareExchange && this.view!.memory.words[word] !== expected
    const writes = isWrite(kind) && !fails
    // What it learns orders it after others already; what it passes on, others have only from it.
    if (word !== 0 && writes) {
      this.look(word, this.plainReads, true, operation)
      this.look(word, this.plainWrites, true, operation)
      this.markedWrites.note(word, cpu, this.clocks, serial)
    } else if (word !== 0) {
      this.look(word, this.plainWrites, true, operation)
      this.markedReads.note(word, cpu, this.clocks, serial)
    }
    this.clocks.operation(cpu, operation, fails)
  }

  read(word: number): void {
    const { current, clocks } = this
    if (current < 0 || word >= this.limit) return
    const serial = ++this.serial
    if (serial === this.wanted) this.met = this.plain(word, false)
    if (this.plainReads.has(word, current, clocks.now(current))) return
    this.look(word, this.plainWrites, false)
    this.look(word, this.markedWrites, true)
    this.plainReads.note(word, current, clocks, serial)
  }

  write(word: number): void {
    const { current, clocks } = this
    if (current < 0 || word >= this.limit) return
    const serial = ++this.serial
    if (serial === this.wanted) this.met = this.plain(word, true)
    if (this.plainWrites.has(word, current, clocks.now(current))) return
    this.look(word, this.plainWrites, false, null, true)
    this.look(word, this.plainReads, false, null, true)
    this.look(word, this.markedWrites, true, null, true)
    this.look(word, this.markedReads, true, null, true)
    this.plainWrites.note(word, current, clocks, serial)
  }

  interrupt(cpu: number, vector: number): void {
    this.clocks.interrupt(cpu, vector)
  }

  hostRaise(cpu: number, vector: number): void {
    if (this.view !== null) this.clocks.raise(this.clocks.host, cpu, vector)
  }

  hostLoad(word: number): void {
    if (this.view !== null) this.clocks.read(this.clocks.host, word, ORDER.acquire)
  }

  hostStore(word: number): void {
    if (this.view !== null) this.clocks.store(this.clocks.host, word, ORDER.release)
  }

  /** Looks for an access that the one now does not know of: `isMarked`, either of them is. */
  private look(
    word: number,
    shadow: Shadow,
    isMarked: boolean,
    operation: Readonly<Operation> | null = null,
    writes = false,
  ): void {
    const earlier = shadow.unknown(word, this.current, this.clocks)
    if (earlier === null || this.found.has(word)) return
    if (isMarked && isIntended(this.view!.memory.layout.describe(word))) return
    this.note(word, earlier, operation, writes)
  }

  private note(word: number, { serial }: Earlier, operation: Readonly<Operation> | null, writes: boolean): void {
    const later = operation === null ? this.plain(word, writes) : this.marked(this.current, operation)
    this.found.set(word, { word, name: this.view!.memory.layout.describe(word), serial, later })
  }

  private marked(cpu: number, operation: Readonly<Operation>): Access {
    const says = this.unseen(({ memory }) => describeOperation(memory, operation))
    return { where: operation.place, says: `${this.who(cpu)}: ${says} (${operation.place})` }
  }

  private plain(word: number, writes: boolean): Access {
    const cpu = this.current
    const functions = [...running(), ...this.view!.callersOf(cpu)].slice(0, DEPTH)
    const name = this.view!.memory.layout.describe(word)
    return {
      where: functions[0] ?? '?',
      says: `${this.who(cpu)} ${writes ? 'writes' : 'reads'} ${name} in ${functions.join(', called by ')}`,
    }
  }

  private who(cpu: number): string {
    return this.unseen(
      (view) => `${cpu < view.memory.layout.config.cpus ? `CPU ${cpu}` : 'master'} (${taskOn(view, cpu)})`,
    )
  }

  /** What is read on behalf of a report is nobody's access. */
  private unseen<T>(look: (view: View) => T): T {
    const { current } = this
    this.current = -1
    const seen = look(this.view!)
    this.current = current
    return seen
  }
}

/** Functions to name. */
const DEPTH = 3
const FRAMES = 24

/** The kernel function that runs, and those that it has called without a yield, innermost first. */
function running(): string[] {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = FRAMES
  const { stack = '' } = new Error('for its stack')
  Error.stackTraceLimit = stackTraceLimit
  return stack
    .split('\n')
    .filter((line) => line.includes('file:') && !/\/(explore\/races|machine\/|memory\/memory)/.test(line))
    .map((line) => /at (?:async )?(?:\w+\.)?(\S+) \(/.exec(line)?.[1] ?? 'a function without a name')
}
