// Units of time. Times in the model are nanoseconds in float64, exact up to 2^53 ns, which is 104 days.

import { assert } from './assert.js'
import { UsageError } from './failure.js'

export const NS_PER_US = 1_000
export const NS_PER_MS = 1_000_000
export const NS_PER_S = 1_000_000_000

const NS_PER_UNIT: ReadonlyMap<string, number> = new Map([
  ['ns', 1],
  ['us', NS_PER_US],
  ['ms', NS_PER_MS],
  ['s', NS_PER_S],
  ['m', 60 * NS_PER_S],
  ['h', 3600 * NS_PER_S],
])

/**
 * A duration as a user writes it: a number, also with a decimal point, and a unit, as in 60s, 10m, 1.5h, 250ms, 5us, 20ns.
 * @returns whole nanoseconds
 * @throws UsageError if the text is something else, or too long a time to be counted exactly (2^53 ns, 104 days)
 */
export function parseDuration(text: string): number {
  const parts = /^([0-9]+(?:\.[0-9]+)?) ?([a-z]+)$/.exec(text.trim())
  const nsPerUnit = parts === null ? undefined : NS_PER_UNIT.get(parts[2])
  if (parts === null || nsPerUnit === undefined) {
    throw new UsageError(
      `'${text}' is not a duration; write a number with one of the units ns, us, ms, s, m, h, as in 60s`,
    )
  }
  const ns = Math.round(Number(parts[1]) * nsPerUnit)
  if (!Number.isSafeInteger(ns))
    throw new UsageError(`'${text}' is too long a duration; at most 104 days can be counted`)
  return ns
}

/**
 * A duration for reading: three significant digits in the unit that leaves one to three before the point, as in
 * '1.23 ms', '45.6 us', '999 ns', '0 ns'. Seconds are the largest unit.
 */
export function formatNs(ns: number): string {
  assert(Number.isFinite(ns), 'formatNs takes a finite number')
  if (ns < 0) return `-${formatNs(-ns)}`
  // Half a digit below a unit would be rounded up to 1000 of the smaller one.
  if (ns < 999.5) return `${threeDigits(ns)} ns`
  if (ns < 999.5 * NS_PER_US) return `${threeDigits(ns / NS_PER_US)} us`
  if (ns < 999.5 * NS_PER_MS) return `${threeDigits(ns / NS_PER_MS)} ms`
  return `${threeDigits(ns / NS_PER_S)} s`
}

function threeDigits(value: number): string {
  if (Number.isInteger(value)) return String(value)
  if (value >= 99.95) return value.toFixed(0)
  return value >= 9.995 ? value.toFixed(1) : value.toFixed(2)
}
