// The heap against a model that is a plain array: whatever is put in and taken out, the earliest is first and none is lost.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Heap } from '#dist/src/memory/heap.js'
import { Memory } from '#dist/src/memory/memory.js'
import { HRTIMER } from '#dist/src/memory/structs/hrtimers.js'

const { heapChild: child, heapNext: next, heapPrevious: previous, expires: key } = HRTIMER
const heap = new Heap({ child, next, previous, key })
const NODES = 40
const ROOT = 0

function fresh(): Memory {
  return new Memory({ cpus: 1, tasks: 0, workers: 1, traceRecords: 16, scratch: 16 + NODES * HRTIMER.$size, user: 0 })
}

const steps = fc.array(
  fc.record({ n: fc.nat(NODES - 1), time: fc.integer({ min: 0, max: 30 }), first: fc.boolean() }),
  { maxLength: 300 },
)

test('the earliest is first, and none is lost, whatever comes and goes', () => {
  fc.assert(
    fc.property(steps, (list) => {
      const memory = fresh()
      const root = memory.scratch(ROOT)
      const nodeOf = (n: number): number => memory.scratch(16 + n * HRTIMER.$size)
      const times = new Map<number, number>()
      for (const { n, time, first } of list) {
        // One that is in goes out, one that is out goes in; now and then the first one goes out.
        const node = first && memory.get(root) !== 0 ? memory.get(root) : nodeOf(n)
        if (times.delete(node)) heap.remove(memory, root, node)
        else {
          memory.setTime(node + key, time)
          heap.insert(memory, root, node)
          times.set(node, time)
        }
        const nodes = [...heap.nodes(memory, root)]
        expect(new Set(nodes)).toEqual(new Set(times.keys()))
        expect(nodes).toHaveLength(times.size)
        if (times.size > 0) expect(memory.getTime(nodes[0]! + key)).toBe(Math.min(...times.values()))
        else expect(memory.get(root)).toBe(0)
      }
    }),
  )
})

test('what is taken off from the front comes in the order of time', () => {
  const memory = fresh()
  const root = memory.scratch(ROOT)
  for (let n = 0; n < NODES; n++) {
    const node = memory.scratch(16 + n * HRTIMER.$size)
    memory.setTime(node + key, (n * 17) % NODES)
    heap.insert(memory, root, node)
  }
  const taken: number[] = []
  for (let first = memory.get(root); first !== 0; first = memory.get(root)) {
    taken.push(memory.getTime(first + key))
    heap.remove(memory, root, first)
  }
  expect(taken).toEqual(Array.from({ length: NODES }, (_, n) => n))
})
