// Latency by phase against load: a bar for each load, stacked of the medians of its phases.
import { formatNs } from '../../base/time.js'
import type { Measurement, Quantiles, Way } from '../measurement.js'
import { OFFLINE_PHASES, ONLINE_PHASES, type Phase } from '../phases.js'
import { MEANING } from '../words.js'
import { type Chart, label } from './chart.js'
import { element, escapeText, percent } from './markup.js'

const ROW = 54
const BAR = 24

interface Segment {
  readonly mark: string
  readonly name: string
  readonly ns: number
}

export function byPhase(measurements: readonly Measurement[], way: Way): Chart {
  const phases: readonly Phase[] = way === 'offline' ? OFFLINE_PHASES : ONLINE_PHASES
  const seen = phases.filter((phase) => measurements.some((m) => m[way].phases[phase] !== undefined))
  const stacks = measurements.map((measurement) => segments(measurement, way, seen))
  const longest = Math.max(1, ...stacks.map((stack) => stack.reduce((sum, { ns }) => sum + ns, 0)))
  const cell = (quantiles: Quantiles | null | undefined): string =>
    quantiles === null || quantiles === undefined
      ? '-'
      : [quantiles.p50Ns, quantiles.p99Ns, quantiles.maxNs].map(formatNs).join(' / ')
  return {
    id: `by-phase-${way}`,
    title: `Where the time of an ${way} goes`,
    description:
      `Medians of the phases, one after the other; the number at the right is the median of the whole ${way}. ` +
      (way === 'offline' ? 'Pushing is shown without the grace period that lies in it. ' : '') +
      'Medians do not add up exactly, and what no phase covers is shown as the rest.',
    height: measurements.length * ROW,
    content: stacks.flatMap((stack, n) => drawStack(measurements[n]!, way, stack, longest, n * ROW)),
    legend: [...seen.map((phase): [string, string] => [`f-${phase}`, MEANING[phase]]), ['f-rest', 'the rest']],
    head: ['p50 / p99 / max', ...measurements.map((measurement) => measurement.label)],
    rows: [
      [way, ...measurements.map((measurement) => cell(measurement[way].total))],
      ...seen.map((phase) => [MEANING[phase], ...measurements.map((m) => cell(m[way].phases[phase]))]),
    ],
  }
}

function segments(measurement: Measurement, way: Way, phases: readonly Phase[]): Segment[] {
  const figures = measurement[way]
  const median = (phase: Phase): number => figures.phases[phase]?.p50Ns ?? 0
  const found = phases.map((phase) => ({
    mark: `f-${phase}`,
    name: MEANING[phase],
    ns: phase === 'push' ? Math.max(0, median('push') - median('grace')) : median(phase),
  }))
  const sum = found.reduce((total, { ns }) => total + ns, 0)
  const rest = Math.max(0, (figures.total?.p50Ns ?? 0) - sum)
  return [...found, { mark: 'f-rest', name: 'the rest', ns: rest }]
}

function drawStack(
  measurement: Measurement,
  way: Way,
  stack: readonly Segment[],
  longest: number,
  y: number,
): string[] {
  const { total } = measurement[way]
  let at = 0
  const bars = stack.flatMap(({ mark, name, ns }) => {
    if (ns === 0) return []
    const [x, width] = [percent(at / longest), percent(ns / longest)]
    at += ns
    const title = element('title', {}, escapeText(`${name}: ${formatNs(ns)}`))
    return element('rect', { class: mark, x, y: y + 20, width, height: BAR }, title)
  })
  const whole = total === null ? 'nothing measured' : formatNs(total.p50Ns)
  return [label(measurement.label, '0', y + 14), label(whole, '100%', y + 14, 'end'), ...bars]
}
