import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Extents } from '#dist/src/machine/extents.js'

test('runs of places never overlap, and all of them come back', () => {
  const act = fc.record({ take: fc.boolean(), count: fc.integer({ min: 1, max: 9 }), which: fc.nat(30) })
  fc.assert(
    fc.property(fc.array(act, { maxLength: 80 }), (acts) => {
      const SIZE = 40
      const extents = new Extents(SIZE)
      const taken: { from: number; count: number }[] = []
      const used = new Array<boolean>(SIZE).fill(false)
      for (const { take, count, which } of acts) {
        if (take) {
          const from = extents.take(count)
          if (from < 0) {
            // There is really no run of that length.
            expect(used.join('').replaceAll('true', 'x').replaceAll('false', '.')).not.toContain('.'.repeat(count))
            continue
          }
          for (let n = from; n < from + count; n++) {
            expect(used[n]).toBe(false)
            used[n] = true
          }
          taken.push({ from, count })
        } else if (taken.length > 0) {
          const [{ from, count: length }] = taken.splice(which % taken.length, 1) as [{ from: number; count: number }]
          extents.give(from, length)
          used.fill(false, from, from + length)
        }
      }
      for (const { from, count } of taken) extents.give(from, count)
      expect(extents.take(SIZE)).toBe(0)
    }),
    { numRuns: 300, seed: 1 },
  )
})

test('of nothing there is nothing to take', () => {
  expect(new Extents(0).take(1)).toBe(-1)
})
