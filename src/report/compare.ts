// Two profiles, phase by phase: how the medians and the 99th percentiles differ, how sure that is, and what it comes from.
import { Prng } from '../base/prng.js'
import { bootstrap, type Estimate, quantile } from './bootstrap.js'
import { WAYS, type Way } from './measurement.js'
import { OFFLINE_PHASES, ONLINE_PHASES, type Phase } from './phases.js'

/** Times of single operations, ns: of one load. */
export interface Sampled {
  readonly label: string
  readonly samples: Readonly<Record<Way, Readonly<Partial<Record<Phase | 'total', readonly number[]>>>>>
}

/** What one phase, or the whole, has become. Differences in ns, other minus one, with intervals of 95 %. */
export interface Difference {
  readonly part: Phase | 'total'
  readonly counts: readonly [number, number]
  readonly medians: readonly [number, number]
  readonly median: Estimate
  readonly p99: Estimate
}

export interface WayComparison {
  readonly way: Way
  readonly differences: readonly Difference[]
  /** how many times as long the median of the whole is, with an interval of 95 % */
  readonly ratio: Estimate
  /** whether it is another length: the interval that allows for the number of such questions does not hold 1 */
  readonly differs: boolean
  /** the phase that makes up most of the difference of the medians; null when none makes up half of it */
  readonly cause: Phase | null
}

export interface Comparison {
  readonly label: string
  readonly ways: readonly WayComparison[]
}

const CONFIDENCE = 0.95
const ROUNDS = 1000
/** Intervals that are asked for more certainty need more rounds in their tails. */
const SURE_ROUNDS = 4000
/** Samples that are drawn for one interval, about, at most: of long series fewer rounds. */
const MOST_DRAWN = 8_000_000
/** Fewer say nothing. */
export const FEWEST = 5

const roundsFor = (rounds: number, { length }: readonly number[]): number =>
  Math.min(rounds, Math.max(400, Math.floor(MOST_DRAWN / length)))

const difference = (one: number, other: number): number => other - one
const ratio = (one: number, other: number): number => other / Math.max(1, one)

/** Compares loads pair by pair. The seed decides what the bootstrap draws: the same files, the same answer. */
export function compareLoads(pairs: readonly (readonly [Sampled, Sampled])[], seed = 1): Comparison[] {
  const prng = new Prng(seed)
  const questions = pairs.reduce((sum, pair) => sum + WAYS.filter((way) => comparable(pair, way)).length, 0)
  return pairs.map((pair) => ({
    label: pair[0].label,
    ways: WAYS.filter((way) => comparable(pair, way)).map((way) =>
      compareWay(pair, way, prng.fork(`${pair[0].label} ${way}`), 1 - (1 - CONFIDENCE) / questions),
    ),
  }))
}

function comparable([one, other]: readonly [Sampled, Sampled], way: Way): boolean {
  return [one, other].every(({ samples }) => (samples[way].total ?? []).length >= FEWEST)
}

function compareWay([one, other]: readonly [Sampled, Sampled], way: Way, prng: Prng, sure: number): WayComparison {
  const parts = ['total', ...(way === 'offline' ? OFFLINE_PHASES : ONLINE_PHASES)] as const
  const differences = parts.flatMap((part) => {
    const series = [one.samples[way][part] ?? [], other.samples[way][part] ?? []] as const
    return series.every(({ length }) => length >= FEWEST) ? [compareSeries(part, series, prng.fork(part))] : []
  })
  const totals = [one.samples[way].total ?? [], other.samples[way].total ?? []] as const
  const options = { confidence: CONFIDENCE, rounds: roundsFor(ROUNDS, totals[0]) }
  const strict = { confidence: sure, rounds: roundsFor(SURE_ROUNDS, totals[0]) }
  const certain = bootstrap(totals, quantile(0.5), ratio, prng.fork('sure'), strict)
  return {
    way,
    differences,
    ratio: bootstrap(totals, quantile(0.5), ratio, prng.fork('ratio'), options),
    differs: certain.low > 1 || certain.high < 1,
    cause: causeOf(differences),
  }
}

function compareSeries(
  part: Phase | 'total',
  series: readonly [readonly number[], readonly number[]],
  prng: Prng,
): Difference {
  const options = { confidence: CONFIDENCE, rounds: roundsFor(ROUNDS, series[0]) }
  const [p50, p99] = [quantile(0.5), quantile(0.99)]
  const medianOf = (samples: readonly number[]): number => p50(Float64Array.from(samples).sort())
  return {
    part,
    counts: [series[0].length, series[1].length],
    medians: [medianOf(series[0]), medianOf(series[1])],
    median: bootstrap(series, p50, difference, prng.fork('p50'), options),
    p99: bootstrap(series, p99, difference, prng.fork('p99'), options),
  }
}

/** The grace period lies in the pushing: where it makes up most of what that has changed by, it is the cause. */
function causeOf(differences: readonly Difference[]): Phase | null {
  const total = differences.find(({ part }) => part === 'total')
  if (total === undefined) return null
  const sign = Math.sign(total.median.value)
  const changes = new Map<Phase, number>()
  for (const { part, median } of differences) if (part !== 'total') changes.set(part, sign * median.value)
  const [grace, push] = [changes.get('grace') ?? 0, changes.get('push') ?? 0]
  if (push > 0 && grace > push / 2) changes.set('push', push - grace)
  const [most] = [...changes].sort(([, x], [, y]) => y - x)
  return most !== undefined && most[1] > 0 && most[1] >= (sign * total.median.value) / 2 ? most[0] : null
}
