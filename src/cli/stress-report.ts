// The verdict of `cpuhp stress` as text.
import type { Row, WayFigures } from '../../stress/busy/figures.js'
import type { BusyVerdict } from '../../stress/busy/verdict.js'
import { formatNs } from '../base/time.js'
import { OFFLINE_PHASES, ONLINE_PHASES, type Phase } from '../report/phases.js'
import { MEANING } from '../report/words.js'
import { describeLoad } from './load-option.js'
import { counted, grouped, styled, table } from './output.js'

/** Findings that are told; the JSON has all. */
const TOLD = 10

/** Everything that a run has to say; with `quiet` only when something is wrong. */
export function describeStress(
  verdict: BusyVerdict,
  again: { readonly same: string; readonly deterministic: string | null },
  directory: string | null,
  quiet: boolean,
): string {
  if (quiet && verdict.outcome === 'success') return ''
  const { machine, cpus, workers, seed, load, elapsedMs } = verdict
  const spread = workers === null ? '' : ` on ${counted(workers, 'worker')}`
  const tasks =
    load === null ? '' : `, ${counted(load.tasks, 'busy task')} in ${counted(load.processes, 'process', 'processes')}`
  const lines = [
    `${styled('bold', machine)}: ${counted(cpus, 'CPU')}${spread}${tasks}, seed ${seed}, ${(elapsedMs / 1000).toFixed(1)} s`,
    verdict.torture,
    '',
    ...latencies(verdict),
    '',
    ...rest(verdict),
    '',
    ...invariants(verdict),
    '',
  ]
  for (const { what, message } of verdict.findings.slice(0, TOLD)) {
    lines.push(`${styled('red', what === 'busy' ? 'NOT BUSY' : 'VIOLATION')} ${what}: ${message}`)
  }
  if (verdict.findings.length > TOLD) lines.push(`and ${counted(verdict.findings.length - TOLD, 'finding')} more`)
  lines.push(...end(verdict, again, directory))
  return `${lines.join('\n')}\n`
}

function latencies(verdict: BusyVerdict): string[] {
  const time = verdict.machine === 'deterministic' ? ', virtual time' : ''
  const rows: string[][] = [[`latency${time}`, 'min', 'p50', 'p90', 'p99', 'max', 'of']]
  const way = (name: string, figures: WayFigures, phases: readonly Phase[]): void => {
    if (figures.total === null) return
    rows.push(row(name, figures.total))
    for (const phase of phases) {
      const found = figures.phases[phase]
      if (found !== undefined) rows.push(row(`  ${MEANING[phase]}`, found))
    }
  }
  way('offline', verdict.offline, OFFLINE_PHASES)
  way('online', verdict.online, ONLINE_PHASES)
  if (verdict.bystanders !== null) rows.push(row('bystanders stopped', verdict.bystanders))
  if (verdict.stalls.operations !== null) rows.push(row('during host stalls', verdict.stalls.operations))
  return table(rows, [1, 2, 3, 4, 5, 6])
}

function row(name: string, { minNs, p50Ns, p90Ns, p99Ns, maxNs, count }: Row): string[] {
  return [name, ...[minNs, p50Ns, p90Ns, p99Ns, maxNs].map(formatNs), grouped(count)]
}

function rest(verdict: BusyVerdict): string[] {
  const { migrations, busy, load, loads, host, stalls, requests, refused, lostEvents } = verdict
  const moved = Object.entries(migrations).map(([why, n]) => `${why} ${grouped(n)}`)
  const total = Object.values(migrations).reduce((sum, n) => sum + n, 0)
  const runnable = Object.entries(busy.runnable).map(([n, times]) => `${n}: ${grouped(times)}`)
  const part = busy.offlines === 0 ? '' : ` (${((100 * busy.busy) / busy.offlines).toFixed(1)} %)`
  const refusals = Object.entries(refused).map(([errno, n]) => `${errno} ${grouped(n)}`)
  const lines = [
    `${counted(requests, 'request')}${refusals.length === 0 ? '' : `, refused as expected: ${refusals.join(', ')}`}`,
    `${counted(total, 'migration')}: ${moved.join(', ')}`,
    `victims with a runnable task: ${grouped(busy.busy)} of ${grouped(busy.offlines)}${part}; by their number: ${runnable.join(', ')}`,
  ]
  for (const figure of loads) lines.push(describeLoad(figure), ...figure.lines)
  if (load !== null) lines.push(`${counted(load.results, 'result')} compared, ${grouped(load.wrong)} wrong`)
  const over = host.oversubscription === null ? '' : `, ${host.oversubscription.toFixed(1)} workers to a core`
  lines.push(`host: ${counted(host.cores, 'core')}, load ${host.load[0]!.toFixed(2)}${over}, node ${host.node}`)
  if (host.memory.length > 2) lines.push(describeMemory(host.memory))
  if (stalls.count > 0) {
    lines.push(
      `the host stood still ${counted(stalls.count, 'time')}, ${formatNs(stalls.totalNs)} in all, ${formatNs(stalls.worstNs)} at most`,
    )
  }
  if (lostEvents > 0) lines.push(`${counted(lostEvents, 'trace event')} overwritten before they were read`)
  return lines
}

/** At the beginning, half-way and at the end: what still grows after half-way may be a leak, what has grown before is warming up. */
function describeMemory(memory: readonly number[]): string {
  const at = [memory[0]!, memory[memory.length >> 1]!, memory.at(-1)!]
  const [first, half, last] = at.map((bytes) => `${Math.round(bytes / 2 ** 20)} MiB`)
  return `memory of this process: ${first} at the beginning, ${half} half-way, ${last} at the end`
}

function invariants({ checked }: BusyVerdict): string[] {
  const rows = Object.entries(checked).map(([name, n]) => [name, grouped(n)])
  const half = Math.ceil(rows.length / 2)
  const pairs = rows.slice(0, half).map((left, n) => [...left, ...(rows[half + n] ?? [])])
  return ['invariants, and how often each was checked', ...table(pairs, [1, 3]).map((line) => `  ${line}`)]
}

function end(
  verdict: BusyVerdict,
  again: { readonly same: string; readonly deterministic: string | null },
  directory: string | null,
): string[] {
  const { done, outcome, seed, digest } = verdict
  const what = `${counted(done.offline, 'time')} down, ${counted(done.online, 'time')} up`
  const hash = digest === null ? '' : `, digest ${digest.toString(16).padStart(8, '0')}`
  if (outcome === 'success')
    return [`${styled('green', 'SUCCESS')}: ${what}, nothing was violated; seed ${seed}${hash}`]
  if (outcome === 'interrupted')
    return [`${styled('yellow', 'INTERRUPTED')}: ${what}, nothing wrong so far; seed ${seed}`]
  const lines = [`${styled('red', 'FAILURE')}: ${what}; seed ${seed}${hash}`]
  if (again.deterministic === null) lines.push(`  to see it again: ${again.same}`)
  else {
    lines.push(`  the same requests, in another interleaving: ${again.same}`)
    lines.push(`  the same scenario in an order that the seed decides: ${again.deterministic}`)
  }
  if (directory !== null) lines.push(`  the flight recorder of every CPU: ${directory}/`)
  return lines
}
