// `cpuhp profile --compare A.json B.json`: what has become of it, in a table and in plain sentences.
import { readFileSync } from 'node:fs'
import { SCHEMA_VERSION } from '../../stress/profile/result.js'
import { EXIT, UsageError } from '../base/failure.js'
import { formatNs } from '../base/time.js'
import type { Estimate } from '../report/bootstrap.js'
import { type Comparison, compareLoads, FEWEST, type Sampled, type WayComparison } from '../report/compare.js'
import { OFFLINE_PHASES, ONLINE_PHASES } from '../report/phases.js'
import { MEANING } from '../report/words.js'
import type { JsonFile } from './json-file.js'
import { counted, out, styled, table } from './output.js'
import { oneLine } from './values.js'

interface Loaded {
  readonly machine: string
  readonly sweep: string
  readonly points: readonly (Sampled & { readonly value: number })[]
}

/** Compares two files; answers the exit code: 1 when the profiles differ. */
export function compareCommand(files: readonly string[], json: JsonFile | null): number {
  if (files.length !== 2)
    throw new UsageError(`--compare takes two files, as in --compare a.json b.json, not ${files.length}`)
  const [one, other] = files.map(load)
  for (const what of ['machine', 'sweep'] as const) {
    if (one![what] === other![what]) continue
    throw new UsageError(
      `${files[0]} is of ${what} ${one![what]}, ${files[1]} of ${other![what]}: they can't be compared`,
    )
  }
  const pairs = one!.points.flatMap((point) => {
    const same = other!.points.find(({ value }) => value === point.value)
    return same === undefined ? [] : [[point, same] as const]
  })
  const comparisons = compareLoads(pairs)
  if (comparisons.every(({ ways }) => ways.length === 0)) {
    throw new UsageError(`${files.join(' and ')} have no load in common that was measured ${FEWEST} times in both`)
  }
  const differ = comparisons.some(({ ways }) => ways.some(({ differs }) => differs))
  json?.write(`${JSON.stringify({ kind: 'cpuhp-comparison', schemaVersion: SCHEMA_VERSION, differ, comparisons })}\n`)
  if (json?.isStdout !== true) out(describe(comparisons, differ))
  return differ ? EXIT.violation : EXIT.ok
}

function load(file: string): Loaded {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError(`--compare ${oneLine(file)}: can't be read: ${oneLine(reason)}`, { cause: error })
  }
  const { kind, schemaVersion, points } = (value ?? {}) as Record<string, unknown>
  if (kind !== 'cpuhp-profile')
    throw new UsageError(`--compare ${oneLine(file)}: is not what cpuhp profile --json writes`)
  if (schemaVersion !== SCHEMA_VERSION) {
    throw new UsageError(
      `--compare ${oneLine(file)}: is of version ${schemaVersion}; version ${SCHEMA_VERSION} is known`,
    )
  }
  if (!Array.isArray(points) || !points.every(isPoint)) {
    throw new UsageError(`--compare ${oneLine(file)}: its points lack what cpuhp profile writes: value, label, samples`)
  }
  return value as Loaded
}

function isPoint(point: unknown): boolean {
  const { value, label, samples } = (point ?? {}) as Record<string, unknown>
  if (typeof value !== 'number' || typeof label !== 'string') return false
  const known: readonly string[] = ['total', ...OFFLINE_PHASES, ...ONLINE_PHASES]
  return (['offline', 'online'] as const).every((way) => {
    const series = ((samples ?? {}) as Record<string, unknown>)[way]
    if (typeof series !== 'object' || series === null) return false
    return Object.entries(series).every(
      ([name, times]) =>
        known.includes(name) && Array.isArray(times) && times.every((ns) => Number.isFinite(ns) && ns >= 0),
    )
  })
}

function describe(comparisons: readonly Comparison[], differ: boolean): string {
  const lines = comparisons.flatMap(({ label, ways }) => {
    if (ways.length === 0) return [`${styled('bold', label)}: too few measurements`, '']
    return [styled('bold', label), ...ways.flatMap(tableOf), ...ways.map((way) => `  ${sentence(way)}`), '']
  })
  const counts = comparisons.flatMap(({ ways }) =>
    ways.flatMap(({ differences }) => differences.flatMap((d) => d.counts)),
  )
  if (Math.min(...counts) < 100) lines.push('Of fewer than 100 times the 99th percentile is the longest.')
  const questions = comparisons.reduce((sum, { ways }) => sum + ways.length, 0)
  lines.push(differ ? styled('yellow', 'DIFFERENT') : `${styled('green', 'NO DIFFERENCE')} that is certain`)
  lines[lines.length - 1] += ` (95 % in all, ${counted(questions, 'comparison')})`
  return `${lines.join('\n')}\n`
}

function tableOf({ way, differences }: WayComparison): string[] {
  const rows = differences.map(({ part, medians: [one, other], median, p99 }) => [
    part === 'total' ? `  ${way}` : `    ${MEANING[part]}`,
    formatNs(one),
    formatNs(other),
    ...interval(median),
    ...interval(p99),
  ])
  return table([['', 'p50', 'p50', 'difference', '95 %', 'of p99', '95 %'], ...rows], [1, 2, 3, 4, 5, 6])
}

const signed = (ns: number): string => `${ns > 0 ? '+' : ''}${formatNs(ns)}`

function interval({ value, low, high }: Estimate): string[] {
  return [signed(value), `${signed(low)}..${signed(high)}`]
}

/** 'offline is 1.3 times as slow, 95 % interval 1.1..1.5; most of it in pushing tasks away' */
function sentence({ way, ratio, differs, cause }: WayComparison): string {
  const { value, low, high } = ratio
  const digits = (number: number): string => (number >= 100 ? number.toFixed(0) : number.toPrecision(3))
  const span = (from: number, to: number): string => `95 % interval ${digits(from)}..${digits(to)}`
  if (!differs) return `${way} takes about as long: ${digits(value)} times, ${span(low, high)}`
  const most = cause === null ? '; no phase makes up half of it' : `; most of it in ${MEANING[cause]}`
  if (value >= 1) return `${way} is ${digits(value)} times as slow, ${span(low, high)}${most}`
  return `${way} is ${digits(1 / value)} times as fast, ${span(1 / high, 1 / low)}${most}`
}
