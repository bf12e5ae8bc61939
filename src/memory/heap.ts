// A heap of structures in shared memory, ordered by a time in them: a pairing heap, where each node's children are a list.
//
// The first is at hand at once, a new one is put in at once; taking one out costs the logarithm of how many there are, over time.
// All of this is plain work on guarded data: the caller holds the lock that guards the heap and its nodes.
import { assert } from '../base/assert.js'
import type { Memory } from './memory.js'

/** Where a structure that can be in a heap keeps what: offsets into it, in words. */
export interface HeapFields {
  /** its first child, the next sibling, and the sibling before it or, of a first child, the parent */
  readonly child: number
  readonly next: number
  readonly previous: number
  /** the time by which it is ordered */
  readonly key: number
}

/** The heaps of one kind of structure. A heap is a word that has its first node, 0 when it is empty. */
export class Heap {
  private readonly child: number
  private readonly next: number
  private readonly previous: number
  private readonly key: number

  constructor(fields: HeapFields) {
    this.child = fields.child
    this.next = fields.next
    this.previous = fields.previous
    this.key = fields.key
  }

  insert(memory: Memory, heap: number, node: number): void {
    memory.set(node + this.child, 0)
    this.detach(memory, node)
    const root = memory.get(heap)
    memory.set(heap, root === 0 ? node : this.meld(memory, root, node))
  }

  /** Takes a node out, wherever it is. */
  remove(memory: Memory, heap: number, node: number): void {
    const root = memory.get(heap)
    const rest = this.meldChildren(memory, node)
    if (node === root) {
      memory.set(heap, rest)
      return
    }
    const next = memory.get(node + this.next)
    const previous = memory.get(node + this.previous)
    assert(previous !== 0, 'what is taken out of a heap is not in it')
    if (memory.get(previous + this.child) === node) memory.set(previous + this.child, next)
    else memory.set(previous + this.next, next)
    if (next !== 0) memory.set(next + this.previous, previous)
    memory.set(heap, this.meld(memory, root, rest))
  }

  /** The nodes, the first one first, the others in no order. */
  *nodes(memory: Memory, heap: number): Generator<number, void, undefined> {
    for (let at = memory.get(heap); at !== 0; at = this.after(memory, at)) yield at
  }

  /** Makes the later of two trees the first child of the earlier; answers that one. */
  private meld(memory: Memory, a: number, b: number): number {
    if (a === 0 || b === 0) return a || b
    const swap = memory.getTime(b + this.key) < memory.getTime(a + this.key)
    const top = swap ? b : a
    const below = swap ? a : b
    const child = memory.get(top + this.child)
    memory.set(below + this.next, child)
    if (child !== 0) memory.set(child + this.previous, below)
    memory.set(below + this.previous, top)
    memory.set(top + this.child, below)
    return top
  }

  /** The children of a node as one tree: melded in pairs from the first on, then the pairs from the last on. */
  private meldChildren(memory: Memory, node: number): number {
    let pairs = 0
    for (let child = memory.get(node + this.child); child !== 0; ) {
      const second = memory.get(child + this.next)
      const after = second === 0 ? 0 : memory.get(second + this.next)
      const pair = this.meld(memory, this.detach(memory, child), second === 0 ? 0 : this.detach(memory, second))
      memory.set(pair + this.next, pairs)
      pairs = pair
      child = after
    }
    memory.set(node + this.child, 0)
    let tree = 0
    while (pairs !== 0) {
      const next = memory.get(pairs + this.next)
      tree = this.meld(memory, this.detach(memory, pairs), tree)
      pairs = next
    }
    return tree
  }

  private detach(memory: Memory, node: number): number {
    memory.set(node + this.next, 0)
    memory.set(node + this.previous, 0)
    return node
  }

  /** The node after one, parents before their children. */
  private after(memory: Memory, node: number): number {
    const child = memory.get(node + this.child)
    if (child !== 0) return child
    for (let at = node; at !== 0; ) {
      const next = memory.get(at + this.next)
      if (next !== 0) return next
      // Back to the first sibling, and up to the parent.
      let previous = memory.get(at + this.previous)
      while (previous !== 0 && memory.get(previous + this.child) !== at) {
        at = previous
        previous = memory.get(at + this.previous)
      }
      at = previous
    }
    return 0
  }
}
