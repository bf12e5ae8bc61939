// A heap of memory/heap.ts as it stands in memory, which may be broken: that one's own walk trusts its links.
import type { HeapFields } from '../memory/heap.js'
import type { Memory } from '../memory/memory.js'

/** A structure in a heap of memory/heap.ts. */
export interface HeapNode {
  readonly node: number
  readonly parent: number
  /** the sibling before it, or its parent */
  readonly previous: number
}

/** What is in the heap that has `root` as its first, as far as it can be followed: what is met a second time is the last. */
export function* heapOf(memory: Memory, root: number, fields: Pick<HeapFields, 'child' | 'next'>): Generator<HeapNode> {
  const todo: HeapNode[] = root === 0 ? [] : [{ node: root, parent: 0, previous: 0 }]
  const seen = new Set<number>()
  for (let at = todo.pop(); at !== undefined; at = todo.pop()) {
    yield at
    const { node, parent } = at
    if (seen.has(node)) return
    seen.add(node)
    const next = memory.get(node + fields.next)
    if (next !== 0) todo.push({ node: next, parent, previous: node })
    const child = memory.get(node + fields.child)
    if (child !== 0) todo.push({ node: child, parent: node, previous: node })
  }
}
