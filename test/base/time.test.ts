import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Defect, UsageError } from '#dist/src/base/failure.js'
import { formatNs, NS_PER_MS, NS_PER_S, NS_PER_US, parseDuration } from '#dist/src/base/time.js'

describe('parseDuration', () => {
  test.each([
    ['60s', 60 * NS_PER_S],
    ['10m', 600 * NS_PER_S],
    ['2h', 7200 * NS_PER_S],
    ['250ms', 250 * NS_PER_MS],
    ['5us', 5 * NS_PER_US],
    ['20ns', 20],
    ['0s', 0],
    ['1.5s', 1_500_000_000],
    ['0.1us', 100],
    [' 3 ms ', 3 * NS_PER_MS],
  ])('%j is %d ns', (text, ns) => {
    expect(parseDuration(text)).toBe(ns)
  })

  test.each(['', '60', 's', '-1s', '+1s', '1 min', '1d', '1,5s', '.5s', '1.s', '1e3s', '1s2ms', 'Infinitys', '5US'])(
    '%j is refused',
    (text) => {
      expect(() => parseDuration(text)).toThrow(UsageError)
      expect(() => parseDuration(text)).toThrow(`'${text}' is not a duration`)
    },
  )

  test('a time that can not be counted exactly is refused', () => {
    expect(parseDuration('2501h')).toBe(2501 * 3600 * NS_PER_S)
    expect(() => parseDuration('2502h')).toThrow("'2502h' is too long a duration")
    expect(() => parseDuration(`${'9'.repeat(400)}s`)).toThrow('is too long a duration')
  })
})

describe('formatNs', () => {
  test.each([
    [0, '0 ns'],
    [0.25, '0.25 ns'],
    [999, '999 ns'],
    [999.7, '1.00 us'],
    [1000, '1 us'],
    [1234, '1.23 us'],
    [9996, '10.0 us'],
    [45_600, '45.6 us'],
    [99_960, '100 us'],
    [999_499, '999 us'],
    [999_500, '1.00 ms'],
    [250 * NS_PER_MS, '250 ms'],
    [999_999_999, '1.00 s'],
    [1_500_000_000, '1.50 s'],
    [3600 * NS_PER_S, '3600 s'],
    [-1234, '-1.23 us'],
  ])('%d ns is shown as %j', (ns, text) => {
    expect(formatNs(ns)).toBe(text)
  })

  test('what is no number is a defect', () => {
    expect(() => formatNs(Number.NaN)).toThrow(Defect)
    expect(() => formatNs(Number.POSITIVE_INFINITY)).toThrow(Defect)
  })

  test('what it shows is off by at most half of a digit in a hundred, and reads back as a duration', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e15 }), (ns) => {
        const error = Math.abs(parseDuration(formatNs(ns)) - ns)
        expect(error).toBeLessThanOrEqual(ns * 0.005 + 0.5)
      }),
    )
  })
})
