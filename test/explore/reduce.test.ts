import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { reduce } from '#dist/src/explore/reduce.js'

describe('reducing a list', () => {
  test('leaves just what is needed, when that is a set of elements', async () => {
    const lists = fc
      .uniqueArray(fc.nat(200), { maxLength: 60 })
      .chain((list) => fc.tuple(fc.constant(list), fc.subarray(list)))
    await fc.assert(
      fc.asyncProperty(lists, async ([list, needed]) => {
        const short = await reduce(list, async (shorter) =>
          needed.every((one) => shorter.includes(one)) ? shorter : null,
        )
        expect(short).toEqual(list.filter((one) => needed.includes(one)))
      }),
    )
  })

  test('leaves a list that no one element can be taken from, whatever is needed', async () => {
    const list = Array.from({ length: 40 }, (_, n) => n)
    // An even number of them, and more than five: not what leaving out more and more leads to.
    const does = (some: readonly number[]): boolean => some.length > 5 && some.length % 2 === 0
    const short = await reduce(list, async (shorter) => (does(shorter) ? shorter : null))
    expect(does(short)).toBe(true)
    for (const one of short) expect(does(short.filter((other) => other !== one))).toBe(false)
  })

  test('goes on with what an attempt says is left', async () => {
    const short = await reduce([1, 2, 3, 4, 5, 6], async (shorter) => (shorter.includes(3) ? [3] : null))
    expect(short).toEqual([3])
  })
})
