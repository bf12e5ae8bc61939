import { expect, test } from 'vitest'
import { Prng } from '#dist/src/base/prng.js'
import { bootstrap, quantile } from '#dist/src/report/bootstrap.js'
import { compareLoads, type Sampled } from '#dist/src/report/compare.js'

/** Times as they are: most alike, some long. */
function times(prng: Prng, count: number, scale = 1): number[] {
  return Array.from({ length: count }, () => Math.round((scale * 1e6) / (0.02 + prng.next() / 2 ** 32)))
}
const sampled = (total: number[], phases: Record<string, number[]> = {}): Sampled => ({
  label: 'load',
  samples: { offline: { total, ...phases }, online: {} },
})
const add = (list: number[], by: number): number[] => list.map((ns) => ns + by)

test('quantiles are the smallest value that so many do not exceed', () => {
  const sorted = Float64Array.from({ length: 100 }, (_, n) => n + 1)
  expect([0.5, 0.99, 1].map((part) => quantile(part)(sorted))).toEqual([50, 99, 100])
  expect(quantile(0.99)(Float64Array.of(3, 4, 5))).toBe(5)
})

test('the interval holds the true ratio about as often as it says', () => {
  const prng = new Prng(3)
  let held = 0
  for (let n = 0; n < 100; n++) {
    const series = [times(prng, 60), times(prng, 60, 2)] as const
    const options = { confidence: 0.9, rounds: 300 }
    const { low, high } = bootstrap(series, quantile(0.5), (one, other) => other / one, prng.fork(n), options)
    if (low <= 2 && high >= 2) held++
  }
  expect(held).toBeGreaterThanOrEqual(80)
  expect(held).toBeLessThanOrEqual(98)
})

test('neighbours that are alike make the interval wider', () => {
  const prng = new Prng(5)
  const width = (series: number[]): number => {
    const options = { confidence: 0.95, rounds: 500 }
    const { low, high } = bootstrap([series, series], quantile(0.5), (x, y) => y / x, new Prng(1), options)
    return Math.log(high / low)
  }
  let [together, apart] = [0, 0]
  for (let n = 0; n < 10; n++) {
    // The same values: four of a kind follow each other, or lie far apart.
    const kinds = times(prng, 16)
    together += width(kinds.flatMap((ns) => [ns, ns, ns, ns]))
    apart += width([...kinds, ...kinds, ...kinds, ...kinds])
  }
  expect(together).toBeGreaterThan(1.2 * apart)
})

test('few of many comparisons of like with like find a difference', () => {
  const prng = new Prng(11)
  const pairs = Array.from({ length: 40 }, () => [sampled(times(prng, 40)), sampled(times(prng, 40))] as const)
  const found = compareLoads(pairs).flatMap(({ ways }) => ways.filter(({ differs }) => differs))
  expect(found.length).toBeLessThanOrEqual(1)
})

test('a difference is found, with what it comes from', () => {
  const prng = new Prng(7)
  const [total, grace, push, gather] = Array.from({ length: 4 }, () => times(prng, 50)) as number[][]
  const before = sampled(total, { grace, push, gather })
  const compare = (after: Sampled) => compareLoads([[before, after]])[0]!.ways[0]!
  const slower = compare(sampled(add(total, 4e6), { grace, push: add(push, 3.5e6), gather }))
  expect(slower).toMatchObject({ way: 'offline', differs: true, cause: 'push' })
  expect(slower.ratio.low).toBeGreaterThan(1)
  const [whole] = slower.differences
  expect(whole).toMatchObject({ part: 'total', counts: [50, 50], median: { value: 4e6 }, p99: { value: 4e6 } })
  expect(whole.medians[1] - whole.medians[0]).toBe(4e6)
  // The grace period lies in the pushing.
  const later = { grace: add(grace, 3e6), push: add(push, 3.5e6), gather }
  expect(compare(sampled(add(total, 4e6), later)).cause).toBe('grace')
  expect(compare(sampled(add(total, 9e6), later))).toMatchObject({ differs: true, cause: null })
  const other = compareLoads([[sampled(add(total, 4e6), { gather: add(gather, 4e6) }), before]])[0]!.ways[0]!
  expect(other).toMatchObject({ differs: true, cause: 'gather' })
  expect(other.ratio.high).toBeLessThan(1)
  expect(compare(before)).toMatchObject({ differs: false, ratio: { value: 1 } })
})

test('too few measurements are not compared', () => {
  const few = sampled([1, 2, 3, 4])
  expect(compareLoads([[few, few]])).toEqual([{ label: 'load', ways: [] }])
})
