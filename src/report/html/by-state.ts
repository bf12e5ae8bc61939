// A bar for each step of the table, in the order in which a CPU passes them.
import { formatNs } from '../../base/time.js'
import type { Measurement, StepQuantiles, Way } from '../measurement.js'
import { type Chart, label } from './chart.js'
import { element, escapeText, percent } from './markup.js'

const ROW = 40
/** Steps that are drawn, at most: the slowest, and none that takes less than this part of the slowest one's time. */
const MOST = 14
const LEAST = 1 / 2000

/** Null when nothing was seen of them. */
export function byState({ label: load, details }: Measurement, way: Way): Chart | null {
  const steps = details?.steps.filter((step) => step.way === way) ?? []
  if (steps.length === 0) return null
  const sorted = [...steps].sort((x, y) => y.quantiles.p50Ns - x.quantiles.p50Ns)
  const least = LEAST * sorted[0]!.quantiles.p50Ns
  const slowest = new Set(sorted.slice(0, MOST).filter(({ quantiles }) => quantiles.p50Ns >= least))
  const drawn = steps.filter((step) => slowest.has(step))
  const low = Math.floor(Math.log10(Math.min(...drawn.map(({ quantiles }) => quantiles.p50Ns))) - 0.3)
  const high = Math.log10(Math.max(...drawn.map(({ quantiles }) => quantiles.p99Ns)))
  const part = (ns: number): number => (Math.log10(Math.max(1, ns)) - low) / Math.max(0.1, high - low)
  const more = steps.length > drawn.length ? ` The ${drawn.length} slowest of ${steps.length} are drawn.` : ''
  return {
    id: `by-state-${way}`,
    title: `Steps of an ${way}, ${load}`,
    description:
      'The time in the callback of each step, in the order in which they are called: the bar ends at the median, the line at ' +
      `the 99th percentile. The scale is logarithmic, from ${formatNs(10 ** low)} to ${formatNs(10 ** high)}.${more}`,
    height: drawn.length * ROW,
    content: drawn.flatMap((step, n) => drawStep(step, n * ROW, part)),
    legend: [
      ['f-step', 'median'],
      ['line-p99', '99th percentile'],
    ],
    head: ['step', 'callback', 'p50', 'p99', 'max', 'of'],
    rows: steps.map(({ state, step, fn, quantiles: { p50Ns, p99Ns, maxNs, count } }) => [
      `${state} ${step}`,
      fn,
      ...[p50Ns, p99Ns, maxNs].map(formatNs),
      String(count),
    ]),
  }
}

function drawStep({ state, step, fn, quantiles }: StepQuantiles, y: number, part: (ns: number) => number): string[] {
  const { p50Ns, p99Ns } = quantiles
  const title = element('title', {}, escapeText(`${fn}: median ${formatNs(p50Ns)}, 99th percentile ${formatNs(p99Ns)}`))
  const line = { class: 'line-p99', x1: percent(part(p50Ns)), x2: percent(part(p99Ns)), y1: y + 26, y2: y + 26 }
  return [
    label(`${state} ${step}`, '0', y + 14),
    label(formatNs(p50Ns), '100%', y + 14, 'end'),
    element('rect', { class: 'f-step', x: '0', y: y + 20, width: percent(part(p50Ns)), height: 12 }, title),
    element('line', line),
  ]
}
