// The percentiles of the whole latency against load, on a logarithmic scale.
import { formatNs } from '../../base/time.js'
import type { Measurement, Way } from '../measurement.js'
import { type Chart, label } from './chart.js'
import { element, escapeText, percent } from './markup.js'

const HEIGHT = 260
const TOP = 22
const BOTTOM = HEIGHT - 26
const LINES = [
  ['p50Ns', 'p50', 'line-p50'],
  ['p90Ns', 'p90', 'line-p90'],
  ['p99Ns', 'p99', 'line-p99'],
  ['maxNs', 'maximum', 'line-max'],
] as const
/** Labels below the chart, at most. */
const LABELS = 6

export function percentiles(measurements: readonly Measurement[], way: Way): Chart {
  const totals = measurements.map((measurement) => measurement[way].total)
  const all = totals.flatMap((total) => (total === null ? [] : [total.p50Ns, total.maxNs]))
  const low = Math.floor(Math.log10(Math.max(1, Math.min(...all, 1e9))))
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...all, 1))))
  const y = (ns: number): number => BOTTOM - ((BOTTOM - TOP) * (Math.log10(Math.max(1, ns)) - low)) / (high - low)
  const x = (n: number): string => percent((n + 0.5) / measurements.length)
  const decades = Array.from({ length: high - low + 1 }, (_, n) => 10 ** (low + n))
  const grid = decades.flatMap((ns) => [
    element('line', { class: 'grid', x1: '0', x2: '100%', y1: y(ns), y2: y(ns) }),
    label(formatNs(ns), '0', y(ns) - 4),
  ])
  const marks = LINES.flatMap(([of, name, mark]) =>
    totals.flatMap((total, n) => {
      if (total === null) return []
      const next = totals[n + 1]
      const dot = { class: mark, cx: x(n), cy: y(total[of]), r: 4 }
      const title = element('title', {}, escapeText(`${measurements[n]!.label}, ${name}: ${formatNs(total[of])}`))
      const line = { class: mark, x1: x(n), x2: x(n + 1), y1: y(total[of]) }
      const joined = next == null ? [] : [element('line', { ...line, y2: y(next[of]) })]
      return [...joined, element('circle', dot, title)]
    }),
  )
  const every = Math.ceil(measurements.length / LABELS)
  const values = measurements.flatMap((m, n) =>
    n % every === 0 ? [label(short(m.label), x(n), HEIGHT - 6, 'middle')] : [],
  )
  return {
    id: `percentiles-${way}`,
    title: `How long an ${way} takes`,
    description: `Median, 90th and 99th percentile and maximum against the load, on a logarithmic scale.`,
    height: HEIGHT,
    content: [...grid, ...marks, ...values],
    legend: LINES.map(([, name, mark]) => [mark, name]),
    head: ['load', 'min', 'p50', 'p90', 'p99', 'max', 'of'],
    rows: measurements.map((measurement, n) => {
      const total = totals[n]
      if (total == null) return [measurement.label]
      const { minNs, p50Ns, p90Ns, p99Ns, maxNs, count } = total
      return [measurement.label, ...[minNs, p50Ns, p90Ns, p99Ns, maxNs].map(formatNs), String(count)]
    }),
  }
}

const short = (text: string): string => (text.length > 10 ? `${text.slice(0, 9)}…` : text)
