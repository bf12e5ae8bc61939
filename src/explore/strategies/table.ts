// The searches by the names that the command line knows.
import { EXIT, UsageError } from '../../base/failure.js'
import type { Profiled, Search } from '../search.js'
import { PartialOrderReduction } from './dpor.js'
import { Exhaustive } from './exhaustive.js'
import { Pct } from './pct.js'
import { PartialOrderSampling } from './pos.js'
import { RandomWalk } from './random.js'
import { SelectiveWalk } from './surw.js'

interface Kind {
  readonly name: string
  /** what stands after the colon, if anything may: its smallest and largest value, and what it is without */
  readonly number?: { readonly low: number; readonly high: number; readonly standard: number; readonly says: string }
  make(number: number, seed: number, profiled: Profiled): Search
}

const KINDS: readonly Kind[] = [
  { name: 'random', make: (_, seed) => new RandomWalk(seed) },
  {
    name: 'pct',
    number: { low: 1, high: 20, standard: 3, says: 'depth' },
    make: (depth, seed, profiled) => new Pct(depth, seed, profiled),
  },
  { name: 'pos', make: (_, seed) => new PartialOrderSampling(seed) },
  { name: 'surw', make: (_, seed, profiled) => new SelectiveWalk(seed, profiled) },
  {
    name: 'exhaustive',
    number: { low: 0, high: 8, standard: 2, says: 'deviations from the default order' },
    make: (bound, _, profiled) => new Exhaustive(bound, profiled),
  },
  {
    name: 'dpor',
    number: { low: 0, high: 99, standard: Number.POSITIVE_INFINITY, says: 'choices against the default order' },
    make: (bound) => new PartialOrderReduction(bound),
  },
]

/** What --portfolio rotates. */
export const PORTFOLIO = ['random', 'pct:2', 'pct:3', 'pct:5', 'pos', 'surw'] as const

export const STRATEGY_NAMES = KINDS.map(({ name, number }) =>
  number === undefined ? name : `${name}[:${number.says}]`,
)

/** What makes the search of that name: 'random', 'pct:3'. A UsageError says which there are. */
export function searchNamed(text: string): (seed: number, profiled: Profiled) => Search {
  const [name, after, ...more] = text.split(':')
  const kind = KINDS.find((one) => one.name === name)
  if (kind === undefined) {
    const message = `there is no strategy '${name}'; there are ${STRATEGY_NAMES.join(', ')}`
    throw new UsageError(message, { exitCode: EXIT.unknownStrategy })
  }
  if (after === undefined) return (seed, profiled) => kind.make(kind.number?.standard ?? 0, seed, profiled)
  if (kind.number === undefined) throw new UsageError(`strategy ${name} takes no number, not '${text}'`)
  const { low, high, says } = kind.number
  const value = /^\d{1,3}$/.test(after) && more.length === 0 ? Number(after) : Number.NaN
  if (!(value >= low && value <= high)) {
    throw new UsageError(`strategy ${name}:N takes a number from ${low} to ${high} (${says}), not '${text}'`)
  }
  return (seed, profiled) => kind.make(value, seed, profiled)
}
