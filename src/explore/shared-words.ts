// Which operations are about words, and which words several CPUs use: only there does the order of CPUs matter.
import type { View } from '../machine/deterministic/strategy.js'
import { KIND, type Operation } from '../ops/operation.js'
import type { Watcher } from './recorder.js'

/** The word that an operation is about; 0: none that another CPU could see. */
export function wordOf({ kind, word }: Readonly<Operation>): number {
  return kind <= KIND.waitUntil && kind !== KIND.fence ? word : 0
}

export function isWrite(kind: number): boolean {
  return kind !== KIND.load && kind !== KIND.waitWhile && kind !== KIND.waitUntil
}

/** Whether the order of two operations of different CPUs makes a difference. */
export function conflict(one: Readonly<Operation>, other: Readonly<Operation>): boolean {
  const word = wordOf(one)
  return word !== 0 && word === wordOf(other) && (isWrite(one.kind) || isWrite(other.kind))
}

/** Counts how often each CPU uses each word. */
export class WordCounter implements Watcher {
  private readonly counts = new Map<number, number[]>()
  private readonly written = new Set<number>()
  private view: View | null = null

  step(view: View, cpu: number): void {
    const operation = view.declared(cpu)
    const word = wordOf(operation)
    if (word === 0) return
    this.view = view
    let counts = this.counts.get(word)
    if (counts === undefined) {
      counts = new Array<number>(view.actors).fill(0)
      this.counts.set(word, counts)
    }
    counts[cpu]!++
    if (isWrite(operation.kind)) this.written.add(word)
  }

  /** Those that at least two CPUs use, and at least one writes. */
  shared(): Map<number, readonly number[]> {
    const cpusOf = (counts: number[]): number => {
      const actors = [...counts.keys()].filter((actor) => counts[actor]! > 0)
      return new Set(actors.map((actor) => this.view!.cpuOf(actor))).size
    }
    return new Map([...this.counts].filter(([word, counts]) => this.written.has(word) && cpusOf(counts) > 1))
  }
}
