// Lock order: which spinlock, mutex or per-CPU reader-writer lock was taken while which other was held. Two that two tasks take in
// opposite orders can deadlock, even if in this schedule they have not. A reader counts as a writer: while a writer waits, it
// waits too.
//
// Orders are of single locks, not of classes: the kernel takes two runqueue locks in the order of their CPUs. A lock that was
// held in all cases of both orders keeps them apart. A mutex that is only tried for is not waited for, and orders nothing.
//
// Whether an operation was carried out is seen only afterwards, for an interrupt may have come first: so each is looked at when
// the next one is about to be done.
import type { View } from '../machine/deterministic/strategy.js'
import { GLOBAL, MUTEX, PERCPU, PERCPU_RWSEM } from '../memory/structs.js'
import { KIND } from '../ops/operation.js'
import { commOf } from '../sched/task.js'
import type { Watcher } from './recorder.js'

/** `inner` was taken with `outer` held. */
interface Edge {
  readonly outer: number
  readonly inner: number
  readonly task: number
  readonly place: string
  /** held besides, in all cases */
  readonly gates: Set<number>
}

export interface Inversion {
  /** what was taken in which order, by whom, and where */
  readonly orders: readonly [string, string]
  /** the names of the two locks without numbers: the same inversion has the same */
  readonly locks: string
}

export class LockOrder implements Watcher {
  /** the first that was found */
  inversion: Inversion | null = null
  private readonly edges = new Map<string, Edge>()
  /** spinlocks by the CPU that holds them, the others by the task: in the order in which they were taken */
  private readonly spinning: number[][] = []
  private readonly sleeping = new Map<number, number[]>()
  // The operation that was about to be done last time, if it was about a lock.
  private kind = -1
  private cpu = 0
  private word = 0
  private task = 0
  private before = 0
  private place = ''

  step(view: View, cpu: number): void {
    if (this.kind >= 0) this.resolve(view)
    this.kind = -1
    const { kind, word, place } = view.declared(cpu)
    if (kind !== KIND.lock && kind !== KIND.unlock && !isMutex(kind, place) && !SEMAPHORE.has(place)) return
    this.kind = kind
    this.cpu = cpu
    this.word = word
    this.place = place
    this.before = view.memory.get(word)
    this.task = view.memory.get(view.memory.percpu(cpu) + PERCPU.current)
  }

  /** What has become of the operation that was about to be done. */
  private resolve(view: View): void {
    const { word, before, task } = this
    const now = view.memory.get(word)
    if (now === before) return
    if (this.kind === KIND.lock) {
      const spinning = this.spinning[this.cpu] ?? []
      this.taken(view, word, [...(this.sleeping.get(task) ?? []), ...spinning], task)
      this.spinning[this.cpu] = [...spinning, word]
    } else if (this.kind === KIND.unlock) drop(this.spinning[this.cpu], word)
    else if (SEMAPHORE.has(this.place)) this.resolveSemaphore(view, semaphoreAt(view, this.cpu, word))
    else {
      const mutex = word - MUTEX.owner
      drop(this.sleeping.get(before), mutex)
      if (now === 0) return
      const held = this.sleeping.get(now) ?? []
      if (this.place !== 'mutex_trylock') this.taken(view, mutex, held, now)
      this.sleeping.set(now, [...held, mutex])
    }
  }

  /** A reader counts as one from its first attempt: it waits until it is one. */
  private resolveSemaphore(view: View, semaphore: number): void {
    const { task } = this
    const held = this.sleeping.get(task) ?? []
    if (SEMAPHORE.get(this.place)) {
      this.taken(view, semaphore, held, task)
      this.sleeping.set(task, [...held, semaphore])
    } else if (held.includes(semaphore)) drop(held, semaphore)
    // A reader's end may be somebody else's, as that of an I/O is.
    else
      drop(
        [...this.sleeping.values()].find((other) => other.includes(semaphore)),
        semaphore,
      )
  }

  private taken(view: View, inner: number, held: readonly number[], task: number): void {
    // A reader may come again before somebody else has given back for it.
    for (const outer of held) if (outer !== inner) this.add(view, outer, inner, held, task)
  }

  private add(view: View, outer: number, inner: number, held: readonly number[], task: number): void {
    const key = `${outer} ${inner}`
    let edge = this.edges.get(key)
    if (edge === undefined) {
      edge = { outer, inner, task, place: this.place, gates: new Set(held.filter((one) => one !== outer)) }
      this.edges.set(key, edge)
    } else for (const gate of edge.gates) if (!held.includes(gate)) edge.gates.delete(gate)
    const other = this.edges.get(`${inner} ${outer}`)
    if (this.inversion !== null || other === undefined || other.task === task) return
    for (const gate of edge.gates) if (other.gates.has(gate)) return
    this.inversion = describe(view, other, edge)
  }
}

/** Where a per-CPU reader-writer lock changes, and whether it is taken there (or given back). */
const SEMAPHORE: ReadonlyMap<string, boolean> = new Map([
  ['percpu_down_read:count', true],
  ['percpu_up_read:count', false],
  ['percpu_down_write:block', true],
  ['percpu_up_write', false],
])

/** The lock whose count of readers on a CPU, or whose own first word, is at an address. */
function semaphoreAt({ memory }: View, cpu: number, word: number): number {
  switch (word - memory.percpu(cpu)) {
    case PERCPU.hotplugReaders:
      return memory.global + GLOBAL.hotplugLock
    case PERCPU.threadgroupReaders:
      return memory.global + GLOBAL.threadgroupLock
    default:
      return word - PERCPU_RWSEM.block
  }
}

function isMutex(kind: number, place: string): boolean {
  if (kind !== KIND.compareExchange && kind !== KIND.store) return false
  return place.startsWith('mutex_') && !place.endsWith(':sleep')
}

function describe({ memory }: View, first: Edge, second: Edge): Inversion {
  const nameOf = (word: number): string => memory.layout.describe(word).replace(/\.(lock|owner|block)$/, '')
  const say = ({ outer, inner, task, place }: Edge): string =>
    `${commOf(memory, task)} takes ${nameOf(inner)} with ${nameOf(outer)} held (${place})`
  const locks = [nameOf(first.outer), nameOf(first.inner)].map((name) => name.replace(/\d+/g, '#'))
  return { orders: [say(first), say(second)], locks: locks.sort().join(' ') }
}

function drop(held: number[] | undefined, lock: number): void {
  const at = held?.lastIndexOf(lock) ?? -1
  if (at >= 0) held!.splice(at, 1)
}
