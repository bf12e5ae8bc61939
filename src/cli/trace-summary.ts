// The summary of a trace as text: `cpuhp trace --summary`.
import { formatNs } from '../base/time.js'
import type { CpuSummary, Summary } from '../export/summary.js'
import { grouped, table } from './output.js'

/** Tasks that are shown, by running time. */
const MOST_TASKS = 40

export function describeSummary({ lengthNs, tasks, cpus }: Summary): string {
  const rows = tasks.slice(0, MOST_TASKS).map((task) => {
    const { pid, comm, runNs, switches, wakeups, delayNs, maxDelayNs, maxAtNs } = task
    const delays =
      wakeups === 0 ? ['-', '-', '-'] : [formatNs(delayNs / wakeups), formatNs(maxDelayNs), formatNs(maxAtNs)]
    return [`${comm}-${pid}`, formatNs(runNs), grouped(switches), grouped(wakeups), ...delays]
  })
  const head = ['task', 'runtime', 'switches', 'wakeups', 'delay avg', 'max', 'at']
  const lines = table([head, ...rows], [1, 2, 3, 4, 5, 6])
  const rest = tasks.length - MOST_TASKS
  if (rest > 0) lines.push(`and ${grouped(rest)} more`)
  lines.push(
    '',
    ...table(
      [['CPU', 'busy', 'idle', 'stopped', 'offline'], ...cpus.map((cpu) => rowOf(cpu, lengthNs))],
      [0, 1, 2, 3, 4],
    ),
  )
  return `${lines.join('\n')}\n`
}

function rowOf({ cpu, busyNs, idleNs, stoppedNs, offlineNs }: CpuSummary, lengthNs: number): string[] {
  const part = (ns: number): string => `${formatNs(ns)} (${((100 * ns) / lengthNs).toFixed(1)} %)`
  return [String(cpu), ...[busyNs, idleNs, stoppedNs, offlineNs].map(part)]
}
