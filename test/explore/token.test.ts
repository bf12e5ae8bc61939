import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { UsageError } from '#dist/src/base/failure.js'
import type { Deviation } from '#dist/src/explore/deviation.js'
import { decodeToken, encodeToken, type Recipe } from '#dist/src/explore/token.js'
import { BUG_NAMES } from '#dist/src/ops/switches.js'

const deviations: fc.Arbitrary<Deviation[]> = fc.array(
  fc.record({
    kind: fc.constantFrom(0, 1, 2),
    cpu: fc.nat(7),
    nth: fc.nat(100_000),
    place: fc.constantFrom('mutex_lock', 'do_idle:online', 'ü:"odd'),
    value: fc.nat(400),
  }) as fc.Arbitrary<Deviation>,
)

const recipes: fc.Arbitrary<Recipe> = fc.record({
  version: fc.string(),
  scenario: fc.string(),
  hash: fc.string(),
  profile: fc.string(),
  bugs: fc.subarray([...BUG_NAMES]),
  without: fc.array(fc.string()),
  memory: fc.constantFrom('sc', 'tso', 'pso'),
  races: fc.boolean(),
  seed: fc.nat(),
  strategy: fc.string(),
  digest: fc.nat(),
  signature: fc.string(),
  deviations,
})

function refusal(text: string): string {
  try {
    decodeToken(text)
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError)
    expect((error as Error).message).not.toContain('\n')
    return (error as Error).message
  }
  throw new Error(`'${text}' was taken for a token`)
}

describe('a token', () => {
  test('is one short word that says all of what it was made of', () => {
    fc.assert(
      fc.property(recipes, (recipe) => {
        const token = encodeToken(recipe)
        expect(token).toMatch(/^cpuhp1-[\w-]+$/)
        expect(decodeToken(token)).toEqual(recipe)
      }),
    )
  })

  test('with any one character changed, or cut short, is refused', () => {
    fc.assert(
      fc.property(recipes, fc.nat(), fc.constantFrom('A', 'b', '7', '-', '_', '!', ' '), (recipe, at, other) => {
        const token = encodeToken(recipe)
        const place = at % token.length
        // The last character may hold bits that say nothing.
        fc.pre(token[place] !== other && place < token.length - 1)
        refusal(token.slice(0, place) + other + token.slice(place + 1))
        refusal(token.slice(0, place))
      }),
    )
  })

  test('that is none is told why', () => {
    expect(refusal('')).toContain("does not begin with 'cpuhp1-'")
    expect(refusal('hello')).toContain("does not begin with 'cpuhp1-'")
    expect(refusal('cpuhp1-')).toContain('letters, digits, - and _')
    expect(refusal('cpuhp1-AAAAAAAAAAAA')).toContain('checksum')
    expect(refusal('cpuhp2-AAAAAAAAAAAA')).toContain('format 2')
  })
})
