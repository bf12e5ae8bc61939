// How sure a difference is: the bootstrap. Both series are drawn anew from themselves, again and again, and what the statistic
// makes of that is its distribution.
//
// Whole blocks of neighbouring samples are drawn (Künsch's moving blocks, about the cube root of their number long): what
// follows each other on a busy host is alike, and drawing single ones would make the interval too narrow.
import type { Prng } from '../base/prng.js'

/** A statistic of the other series in relation to that of the first. */
export interface Estimate {
  readonly value: number
  readonly low: number
  readonly high: number
}

export type Statistic = (sorted: Float64Array) => number

/** Nearest rank, of sorted values: the smallest that at least that part of them do not exceed. */
export function quantile(part: number): Statistic {
  return (sorted) => sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)]!
}

/**
 * @param compare what to say of the statistic of one series and the other: their difference, their ratio
 * @param confidence of the interval, 0..1
 * @param rounds of drawing
 */
export function bootstrap(
  [one, other]: readonly [readonly number[], readonly number[]],
  statistic: Statistic,
  compare: (one: number, other: number) => number,
  prng: Prng,
  { confidence, rounds }: { readonly confidence: number; readonly rounds: number },
): Estimate {
  const whole = (samples: readonly number[]): number => statistic(Float64Array.from(samples).sort())
  const drawn = Float64Array.from({ length: rounds }, () =>
    compare(statistic(draw(one, prng)), statistic(draw(other, prng))),
  ).sort()
  const tail = (1 - confidence) / 2
  return {
    value: compare(whole(one), whole(other)),
    low: drawn[Math.floor(tail * rounds)]!,
    high: drawn[Math.min(rounds - 1, Math.ceil((1 - tail) * rounds) - 1)]!,
  }
}

function draw(samples: readonly number[], prng: Prng): Float64Array {
  const { length } = samples
  const block = Math.max(1, Math.round(Math.cbrt(length)))
  const drawn = new Float64Array(length)
  for (let at = 0; at < length; ) {
    const from = prng.below(length - block + 1)
    for (let n = 0; n < block && at < length; n++) drawn[at++] = samples[from + n]!
  }
  return drawn.sort()
}
