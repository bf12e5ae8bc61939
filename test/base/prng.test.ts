import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Defect } from '#dist/src/base/failure.js'
import { Prng, seedFrom } from '#dist/src/base/prng.js'

// Computed by a separate program, in Python, from the definitions of sfc32 and of the two hash functions. A change here
// makes every seed in every old report mean another run.
const SEQUENCES: readonly (readonly [seed: number, first: readonly number[]])[] = [
  [0, [0x514676c3, 0x08a809df, 0x30349d2b, 0xfb52c520, 0x38802be1, 0x948279e6]],
  [1, [0x77eef724, 0x6f99472c, 0x65c86823, 0x6a161a47, 0x78c8aace, 0x63091598]],
  [42, [0x4b5d663b, 0x7414a19b, 0xe99de5c3, 0x4a934eb2, 0x271fe4cf, 0x1c80a59d]],
  [0xffffffff, [0x764cad11, 0xdf5ae2cc, 0x4cb9335b, 0x787c4ce1, 0x840b6da8, 0x107a9507]],
]

const FORKS_OF_42: readonly (readonly [labels: readonly (string | number)[], first: readonly number[]])[] = [
  [['cpu'], [0xbc0ec5ea, 0x8b29ad66, 0xc02e9d12, 0xc7fcaab9]],
  [[1], [0x36a848f3, 0xe171189a, 0x180a1d83, 0xd204a789]],
  [['1'], [0x4a0c9a0a, 0x9a1bda3a, 0x39929495, 0xa4465144]],
  [
    ['cpu', 3],
    [0x9ce30e0b, 0xc64dd0a1, 0x96dea6f6, 0xdd9eb573],
  ],
]

function draw(prng: Prng, count: number): number[] {
  return Array.from({ length: count }, () => prng.next())
}

const uint32 = fc.integer({ min: 0, max: 0xffffffff })

describe('next', () => {
  test.each(SEQUENCES)('seed %d begins as it always has', (seed, first) => {
    expect(draw(new Prng(seed), first.length)).toEqual(first)
  })

  test('sets every bit about half of the time', () => {
    const prng = new Prng(2024)
    const rounds = 20_000
    const counts = new Array<number>(32).fill(0)
    for (let i = 0; i < rounds; i++) {
      const drawn = prng.next()
      for (let bit = 0; bit < 32; bit++) counts[bit] += (drawn >>> bit) & 1
    }
    // Five standard deviations of a fair coin.
    const tolerance = 5 * Math.sqrt(rounds / 4)
    for (const count of counts) expect(Math.abs(count - rounds / 2)).toBeLessThan(tolerance)
  })
})

describe('below', () => {
  test('answers integers from 0 up to but not including n', () => {
    fc.assert(
      fc.property(uint32, fc.integer({ min: 1, max: 0x1_0000_0000 }), (seed, n) => {
        const drawn = new Prng(seed).below(n)
        return Number.isInteger(drawn) && drawn >= 0 && drawn < n
      }),
    )
  })

  test.each([2, 3, 5, 6, 7, 10, 17, 100])('is uniform below %d', (n) => {
    const prng = new Prng(n)
    const rounds = 2000 * n
    const counts = new Array<number>(n).fill(0)
    for (let i = 0; i < rounds; i++) counts[prng.below(n)]++
    // Pearson's statistic has mean n-1 and variance 2(n-1); six deviations above is out of the question.
    const chiSquare = counts.reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0)
    expect(chiSquare).toBeLessThan(n - 1 + 6 * Math.sqrt(2 * (n - 1)))
  })

  test('below(1) is 0 and below(2^32) is next', () => {
    expect(new Prng(5).below(1)).toBe(0)
    expect(new Prng(5).below(0x1_0000_0000)).toBe(new Prng(5).next())
  })

  test.each([0, -1, 1.5, 0x1_0000_0001, Number.NaN, Number.POSITIVE_INFINITY])('below(%d) is a defect', (n) => {
    expect(() => new Prng(0).below(n)).toThrow(Defect)
  })
})

describe('fork', () => {
  test.each(FORKS_OF_42)('the fork %j of seed 42 begins as it always has', (labels, first) => {
    const stream = labels.reduce<Prng>((prng, label) => prng.fork(label), new Prng(42))
    expect(draw(stream, first.length)).toEqual(first)
  })

  test('does not depend on how much was drawn before, nor change what is drawn after', () => {
    fc.assert(
      fc.property(uint32, fc.string(), fc.nat(20), (seed, label, drawnBefore) => {
        const used = new Prng(seed)
        draw(used, drawnBefore)
        const late = draw(used.fork(label), 4)
        expect(late).toEqual(draw(new Prng(seed).fork(label), 4))
        expect(draw(used, 2)).toEqual(draw(new Prng(seed), drawnBefore + 2).slice(drawnBefore))
      }),
    )
  })

  test('other labels, other seeds and other orders give other streams', () => {
    const label = fc.oneof(fc.string(), fc.integer())
    fc.assert(
      fc.property(uint32, label, label, (seed, one, two) => {
        fc.pre(!Object.is(one, two))
        const root = new Prng(seed)
        const streams = [root.fork(one), root.fork(two), root.fork(one).fork(two), root.fork(two).fork(one), root]
        expect(new Set(streams.map((stream) => draw(stream, 3).join())).size).toBe(streams.length)
      }),
    )
  })
})

describe('seedFrom', () => {
  test('reads a number and its digits as the same seed, modulo 2^32', () => {
    fc.assert(fc.property(uint32, (n) => seedFrom(n) === n && seedFrom(String(n)) === n))
    expect(seedFrom(0x1_0000_0007)).toBe(7)
    expect(seedFrom(-1)).toBe(0xffffffff)
  })

  test('hashes other text to a uint32, the same always', () => {
    expect(seedFrom('hello')).toBe(2158858496)
    expect(seedFrom('')).toBe(2886220781)
    fc.assert(fc.property(fc.string(), (text) => Number.isInteger(seedFrom(text)) && seedFrom(text) >= 0))
  })

  test('a number that is not an integer is a defect', () => {
    expect(() => seedFrom(1.5)).toThrow(Defect)
  })
})
