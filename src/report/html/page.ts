// The page of a report: one file that needs nothing else, not even a script.
import { formatNs } from '../../base/time.js'
import { type Measurement, type Quantiles, WAYS } from '../measurement.js'
import { byPhase } from './by-phase.js'
import { byState } from './by-state.js'
import { type Chart, drawChart } from './chart.js'
import { heatMap } from './heat-map.js'
import { element, escapeText, tableOf } from './markup.js'
import { overCpus } from './over-cpus.js'
import { percentiles } from './percentiles.js'
import { STYLE } from './style.js'

export interface Report {
  readonly title: string
  /** what was measured and where, a sentence each */
  readonly facts: readonly string[]
  /** at least one; charts of a single load are about the last one */
  readonly measurements: readonly Measurement[]
  /** what to type for another one */
  readonly command: string
}

export function renderPage({ title, facts, measurements, command }: Report): string {
  const last = measurements.at(-1)!
  const timeline = last.details?.timeline ?? null
  const charts: readonly (Chart | null)[] = [
    ...WAYS.map((way) => byPhase(measurements, way)),
    ...(measurements.length > 1 ? WAYS.map((way) => percentiles(measurements, way)) : []),
    timeline === null ? null : overCpus(timeline, last.label),
    ...WAYS.map((way) => byState(last, way)),
    heatMap(last),
  ]
  const [first, second, ...rest] = charts.flatMap((chart) => (chart === null ? [] : [drawChart(chart)]))
  const body = [
    element('h1', {}, escapeText(title)),
    element('ul', { class: 'facts' }, ...facts.map((fact) => element('li', {}, escapeText(fact)))),
    ...[first ?? '', second ?? ''],
    others(measurements),
    ...rest,
    element('section', {}, element('p', { class: 'note' }, 'Made by ', element('code', {}, escapeText(command)))),
  ]
  const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
  const head = [
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<link rel="icon" href="data:,">',
    element('title', {}, escapeText(title)),
    `<style>${STYLE}</style>`,
  ]
  return `<!doctype html>\n<html lang="en">\n<head>\n${head.join('\n')}\n</head>\n<body>\n<main>\n${body.join('\n')}\n</main>\n</body>\n</html>\n`
}

/** What the CPUs that stay lose. */
function others(measurements: readonly Measurement[]): string {
  const time = (quantiles: Quantiles | null | undefined, of: keyof Quantiles): string =>
    quantiles == null ? '-' : formatNs(quantiles[of])
  const part = (value: number | undefined): string => (value === undefined ? '-' : `${(100 * value).toFixed(1)} %`)
  const row = (name: string, of: (m: Measurement) => string): string[] => [name, ...measurements.map(of)]
  const rows = [
    row('stopped, p50', ({ bystanders }) => time(bystanders, 'p50Ns')),
    row('stopped, p99', ({ bystanders }) => time(bystanders, 'p99Ns')),
    row('stopped, at most', ({ bystanders }) => time(bystanders, 'maxNs')),
    row('an interrupt on its way, p50', ({ details }) => time(details?.interrupts, 'p50Ns')),
    row('at most', ({ details }) => time(details?.interrupts, 'maxNs')),
  ]
  if (measurements.some(({ throughput }) => throughput !== null)) {
    rows.push(
      row('ran tasks while all was quiet', ({ throughput }) => part(throughput?.quiet)),
      row('during an offline', ({ throughput }) => part(throughput?.offline)),
      row('during an online', ({ throughput }) => part(throughput?.online)),
    )
  }
  return element(
    'section',
    { id: 'others' },
    element('h2', {}, 'What it costs the others'),
    element(
      'p',
      { class: 'note' },
      'How long each CPU that stays has its interrupts off for the one that goes; how long interprocessor interrupts are ' +
        'on their way during operations; and the part of their time in which the others run user tasks.',
    ),
    tableOf(['', ...measurements.map(({ label }) => label)], rows),
  )
}
