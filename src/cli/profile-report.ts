// A profile as text: a column for each value, then what needs more words.
import type { Point, ProfileResult } from '../../stress/profile/result.js'
import { formatNs } from '../base/time.js'
import type { Quantiles, Way } from '../report/measurement.js'
import { OFFLINE_PHASES, ONLINE_PHASES, type Phase } from '../report/phases.js'
import { MEANING } from '../report/words.js'
import { describeLoad } from './load-option.js'
import { counted, grouped, styled, table } from './output.js'

/** Steps that are told of each way; the JSON and the page have all. */
const STEPS = 6

export function describeProfile(result: ProfileResult): string {
  const { machine, points, seed, host, sweep } = result
  const first = points[0]
  if (first === undefined) return `${styled('yellow', 'INTERRUPTED')}: nothing has been measured yet\n`
  const fixed = [
    sweep === 'cpus' ? '' : counted(first.cpus, 'CPU'),
    sweep === 'tasks' ? '' : counted(first.tasks, 'task'),
    sweep === 'hogs' || first.hogs === 0 ? '' : counted(first.hogs, 'hog'),
    first.workers === null || sweep === 'cpus' ? '' : `on ${counted(first.workers, 'worker')}`,
    `seed ${seed}`,
  ]
  const lines = [
    `${styled('bold', machine)}: ${fixed.filter((text) => text !== '').join(', ')}`,
    '',
    ...latencies(result),
    '',
    ...points.flatMap((point) => [...describePoint(point, result.cycles), '']),
    `host: ${counted(host.cores, 'core')}, load ${host.load[0]!.toFixed(2)}, node ${host.node}`,
  ]
  if (result.outcome === 'interrupted') lines.push(`${styled('yellow', 'INTERRUPTED')}: the last value is not complete`)
  return `${lines.join('\n')}\n`
}

/** Medians of the phases, and all percentiles of the whole. */
function latencies({ points, machine }: ProfileResult): string[] {
  const columns = points.map(({ label }) => label)
  const time = machine === 'deterministic' ? ', virtual time' : ''
  const rows: string[][] = [[`latency${time}`, ...columns]]
  const cell = (quantiles: Quantiles | null | undefined, of: keyof Quantiles): string =>
    quantiles === null || quantiles === undefined ? '-' : formatNs(quantiles[of])
  const way = (name: Way, phases: readonly Phase[]): void => {
    for (const of of ['p50Ns', 'p90Ns', 'p99Ns', 'maxNs'] as const) {
      rows.push([`${name} ${of.slice(0, -2)}`, ...points.map((point) => cell(point[name].total, of))])
    }
    for (const phase of phases) {
      if (points.every((point) => point[name].phases[phase] === undefined)) continue
      rows.push([`  ${MEANING[phase]} p50`, ...points.map((point) => cell(point[name].phases[phase], 'p50Ns'))])
      rows.push([
        `  ${' '.repeat(MEANING[phase].length)} p99`,
        ...points.map((p) => cell(p[name].phases[phase], 'p99Ns')),
      ])
    }
  }
  way('offline', OFFLINE_PHASES)
  way('online', ONLINE_PHASES)
  for (const of of ['p50Ns', 'p99Ns', 'maxNs'] as const) {
    rows.push([`bystanders stopped ${of.slice(0, -2)}`, ...points.map((point) => cell(point.bystanders, of))])
  }
  for (const of of ['p50Ns', 'maxNs'] as const) {
    rows.push([`IPI on its way ${of.slice(0, -2)}`, ...points.map((p) => cell(p.details?.interrupts, of))])
  }
  return table(
    rows,
    columns.map((_, n) => n + 1),
  )
}

function describePoint(point: Point, wanted: number): string[] {
  const { label, cycles, busy, details, throughput, lostEvents, loads } = point
  const few = cycles < wanted ? ` of ${grouped(wanted)}: the time was up` : ''
  const lines = [`${styled('bold', label)}: ${counted(cycles, 'cycle')}${few}; ${grouped(busy)} with a runnable task`]
  for (const figure of loads) lines.push(`  ${describeLoad(figure)}`)
  if (throughput !== null) {
    const percent = (part: number): string => `${(100 * part).toFixed(1)} %`
    const { quiet, offline, online } = throughput
    lines.push(
      `  the others ran tasks ${percent(quiet)} of their time; during an offline ${percent(offline)}, an online ${percent(online)}`,
    )
  }
  if (details !== null) {
    const moved = Object.entries(details.migrations.causes).filter(([, n]) => n > 0)
    const total = moved.reduce((sum, [, n]) => sum + n, 0)
    const causes = moved.map(([why, n]) => `${why} ${grouped(n)}`).join(', ')
    lines.push(`  ${counted(total, 'migration')}${causes === '' ? '' : `: ${causes}`}`)
    for (const way of ['offline', 'online'] as const) {
      const steps = details.steps.filter((step) => step.way === way)
      const slowest = [...steps].sort((x, y) => y.quantiles.p50Ns - x.quantiles.p50Ns).slice(0, STEPS)
      const told = slowest.map(({ fn, quantiles }) => `${fn} ${formatNs(quantiles.p50Ns)}`)
      if (told.length > 0) lines.push(`  slowest steps ${way}: ${told.join(', ')}`)
    }
  }
  if (lostEvents > 0) lines.push(`  ${counted(lostEvents, 'trace event')} overwritten before they were read`)
  return lines
}
