// What workers bring in any order is counted in the order of the schedules' numbers.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isInShard } from '#dist/src/campaign/plan.js'
import { Tally } from '#dist/src/campaign/tally.js'
import type { Line, Went } from '#dist/src/campaign/task.js'
import type { Failed } from '#dist/src/explore/found.js'

/** Schedules by their numbers, and how each ends. */
function stint(signatures: readonly (string | null)[], from: number, to: number): Went {
  const numbers = Array.from({ length: to - from }, (_, n) => from + n)
  const schedules = numbers.map(
    (number): Line => ({ number, operations: 10 + number, interleaved: true, signature: signatures[number] }),
  )
  const failed: Failed[] = []
  for (const { number, signature } of schedules) {
    if (signature === null || failed.some((one) => one.signature === signature)) continue
    const failure = { kind: 'livelock', message: signature, places: [] } as const
    failed.push({ number, strategy: 'random', failure, signature, deviations: [], digest: number })
  }
  return { schedules, failed }
}

const signatures = fc.array(fc.constantFrom(null, null, null, 'a', 'b'), { minLength: 1, maxLength: 60 })

test('stints in whatever order come to what one worker would have come to', () => {
  fc.assert(
    fc.property(signatures, fc.array(fc.nat(60), { maxLength: 6 }), fc.infiniteStream(fc.nat()), (all, cuts, order) => {
      const bounds = [...new Set([0, ...cuts.filter((cut) => cut < all.length), all.length])].sort((a, b) => a - b)
      const stints = bounds.slice(1).map((to, n) => stint(all, bounds[n], to))
      const one = new Tally(false)
      one.add(stint(all, 0, all.length))
      one.settle(all.length)
      const many = new Tally(false)
      while (stints.length > 0) {
        many.add(stints.splice(order.next().value % stints.length, 1)[0])
        many.settle(Math.min(...stints.map(({ schedules }) => schedules[0].number), all.length))
      }
      expect(many.result()).toEqual(one.result())
      expect(many.result().failures).toBe(all.filter((signature) => signature !== null).length)
    }),
  )
})

test('what lies beyond the first failure does not count where that ends the campaign', () => {
  const all = [null, null, 'b', null, 'a', 'b']
  const tally = new Tally(true)
  tally.add(stint(all, 4, 5))
  expect(tally.limit).toBe(5)
  tally.settle(0)
  tally.add(stint(all, 0, 3))
  expect(tally.limit).toBe(3)
  tally.settle(Number.POSITIVE_INFINITY)
  const { failed, ...counts } = tally.result()
  expect(counts).toEqual({ coverage: null, schedules: 3, operations: 33, interleaved: 3, failures: 1 })
  expect(failed.map(({ first, times }) => [first.number, first.signature, times])).toEqual([[2, 'b', 1]])
})

describe('shards', () => {
  test('have each schedule in exactly one of them, and a round of strategies together', () => {
    const strategies = ['random', 'pos', 'surw']
    for (const count of [1, 2, 3, 5]) {
      const shards = Array.from({ length: count }, (_, index) => ({ shard: { index, count }, strategies }))
      const owners = Array.from({ length: 100 }, (_, number) =>
        shards.flatMap((plan, index) => (isInShard(number, plan) ? [index] : [])),
      )
      expect(owners.every((mine) => mine.length === 1)).toBe(true)
      expect(owners.slice(1, 4)).toEqual([[0], [0], [0]])
      expect(owners.slice(4, 7)).toEqual(Array(3).fill([1 % count]))
    }
  })
})
