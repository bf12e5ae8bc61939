// The report of a campaign as text, and the exit code that it stands for.

import { EXIT } from '../base/failure.js'
import type { Report } from '../campaign/report.js'
import { describeFailure } from '../explore/outcome.js'
import { counted, err, grouped, styled } from './output.js'

/** '1,234/s'. */
export function rate(schedules: number, seconds: number): string {
  return `${grouped(Math.round(schedules / Math.max(seconds, 1e-3)))}/s`
}

/** `quiet`: nothing that is only for who likes to know. */
export function describeReport(report: Report, quiet: boolean): string {
  const { name, schedules, operations, interleaved, sharedWords, found, says, failures, seconds, shard } = report
  const each = Math.round(operations / Math.max(1, schedules))
  const part = shard === null ? '' : `, part ${shard.index} of ${shard.count}`
  const lines = [
    `${styled('bold', name)}${part}: ${counted(schedules, 'schedule')} in ${seconds.toFixed(1)} s (${rate(schedules, seconds)}), ` +
      `${interleaved} interleaved, ${grouped(each)} operations each, ${sharedWords} words shared: ` +
      (failures === 0 ? styled('green', 'nothing found') : styled('red', counted(failures, 'failure'))),
  ]
  if (report.coverage !== null) {
    const { traces, pairs, isNew } = report.coverage
    lines.push(
      `  ${counted(traces, 'distinct trace')}; another schedule is a new one with a probability of about ${(100 * isNew).toFixed(0)} %`,
      `  ${counted(pairs, 'pair')} of a state on a CPU's way and a function in which another CPU was`,
    )
  }
  if (report.exhausted) lines.push('  every strategy has seen all that it looks at')
  if (!quiet || found.length > 0) for (const line of says) lines.push(`  ${line}`)
  for (const one of found) {
    const where = one.schedule === 0 ? 'in the default order' : `by ${one.strategy}, schedule ${one.schedule}`
    const size = counted(one.deviations, 'deviation')
    lines.push('', `  ${describeFailure(one)}`)
    lines.push(`  ${counted(one.times, 'time')}, first ${where}; ${size} from the default order`)
    if ('accesses' in one) for (const line of one.accesses) lines.push(`    ${line}`)
    if ('details' in one) for (const line of one.details) lines.push(`    ${line}`)
    lines.push(`  cpuhp replay ${one.token}`)
  }
  return `${lines.join('\n')}\n`
}

/** What a search exits with that came to these: something found, or nothing really tried, or all well. */
export function exitCodeOf(reports: readonly Report[]): number {
  if (reports.some(({ found }) => found.length > 0)) return EXIT.violation
  const idle = reports.find(isIdle)
  if (idle === undefined) return EXIT.ok
  err(`cpuhp: ${idle.name}: nothing was interleaved: all its schedules are the same but for what is independent\n`)
  return EXIT.notInterleaved
}

/** Whether orders were to be tried, and there was only one. */
function isIdle({ schedules, interleaved, coverage, exhausted }: Report): boolean {
  if (schedules < 2) return false
  return interleaved === 0 || (coverage !== null && coverage.traces === 1 && !exhausted)
}
