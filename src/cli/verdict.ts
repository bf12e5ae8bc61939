// The verdict of `cpuhp cycles` as text.

import type { Latency, Verdict } from '../../stress/verdict.js'
import { formatNs } from '../base/time.js'
import { counted, grouped, styled, table } from './output.js'

/** Findings that are told for one machine; the JSON has all. */
const TOLD = 10

/** One machine's part. */
export function describeVerdict(verdict: Verdict): string {
  const { machine, cycles, asked, cpus, workers, seed } = verdict
  const spread = workers === null ? '' : ` on ${counted(workers, 'worker')}`
  const extent = cycles === asked ? counted(cycles, 'cycle') : `${grouped(cycles)} of ${counted(asked, 'cycle')}`
  const lines = [`${styled('bold', machine)}: ${extent} of ${counted(cpus, 'CPU')}${spread}, seed ${seed}`]
  lines.push(...figures(verdict).map((line) => `  ${line}`))
  for (const { cycle, way, what, message } of verdict.findings.slice(0, TOLD)) {
    lines.push(`  ${styled('red', 'VIOLATION')} in cycle ${cycle} (${way}), ${what}: ${message}`)
  }
  if (verdict.findings.length > TOLD) lines.push(`  and ${counted(verdict.findings.length - TOLD, 'violation')} more`)
  if (verdict.outcome === 'panic') lines.push(`  ${styled('red', 'PANIC')} in cycle ${cycles + 1}: see above`)
  return `${lines.join('\n')}\n`
}

function figures(verdict: Verdict): string[] {
  const { requests, checks, operations, interrupts, calls, elapsedMs, repeated, digest, untraced } = verdict
  const seconds = (elapsedMs / 1000).toFixed(1)
  const lines = [
    `${counted(requests, 'request')} held against the model, ${counted(checks, 'invariant check')}, in ${seconds} s`,
    `${counted(operations, 'operation')}, ${counted(interrupts, 'interrupt')} sent, ${counted(calls, 'function call')}`,
  ]
  if (untraced > 0) lines.push(`the trace of ${counted(untraced, 'request')} did not fit into the rings`)
  const time = verdict.machine === 'deterministic' ? 'virtual' : ''
  const rows = [latencyRow('offline', verdict.offline, time), latencyRow('online', verdict.online, time)]
  lines.push(...table(rows.filter((row) => row !== null)))
  if (digest !== null) {
    const again = repeated === null ? '' : `; the first ${counted(repeated, 'cycle')} repeated, with the same digest`
    lines.push(`digest ${hex(digest)}${again}`)
  }
  return lines
}

function latencyRow(name: string, latency: Latency | null, time: string): string[] | null {
  if (latency === null) return null
  const { count, minNs, p50Ns, p99Ns, maxNs } = latency
  const values = [
    `min ${formatNs(minNs)}`,
    `median ${formatNs(p50Ns)}`,
    `p99 ${formatNs(p99Ns)}`,
    `max ${formatNs(maxNs)}`,
  ]
  return [name, ...values, `of ${grouped(count)}${time && `, ${time} time`}`]
}

function hex(digest: number): string {
  return digest.toString(16).padStart(8, '0')
}

/** The last line: how it ended, and when it ended badly, how to see it again. */
export function describeEnd(verdicts: readonly Verdict[]): string {
  const cycles = verdicts.reduce((sum, verdict) => sum + verdict.cycles, 0)
  const done = `${counted(cycles, 'cycle')} on ${verdicts.map(({ machine }) => machine).join(' and ')}`
  const bad = verdicts.filter(({ outcome }) => outcome === 'violation' || outcome === 'panic')
  if (bad.length > 0) {
    const again = bad.map(({ seed, command }) => `  seed ${seed}; to see it again: ${command}\n`)
    return `${styled('red', 'FAILURE')}: ${done}\n${again.join('')}`
  }
  if (verdicts.some(({ outcome }) => outcome === 'interrupted')) {
    return `${styled('yellow', 'INTERRUPTED')}: ${done}, nothing wrong so far\n`
  }
  return `${styled('green', 'SUCCESS')}: ${done}, nothing was violated\n`
}
