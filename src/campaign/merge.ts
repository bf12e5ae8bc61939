// Putting the parts of a campaign together: what comes out is what the whole of it would have reported.
import { UsageError } from '../base/failure.js'
import type { FoundReport, Report } from './report.js'

/** The result of one part: what `cpuhp explore --shard i/n --json` wrote. */
export interface Part {
  /** where it was read */
  readonly file: string
  readonly reports: readonly Report[]
}

/** Merges all parts of a campaign. A UsageError when they are not the parts of one, or not all of them. */
export function merge(parts: readonly Part[]): Report[] {
  const first = checkParts(parts)
  const all = parts.flatMap(({ reports }) => reports)
  const scenarios = [...new Set(first.reports.concat(all).map(({ scenario }) => scenario))]
  return scenarios.map((scenario) => {
    const same = all.filter((report) => report.scenario === scenario)
    same.sort((a, b) => a.shard!.index - b.shard!.index)
    return mergeScenario(same)
  })
}

/** Reads what a file contains as a part. A UsageError when it is none. */
export function checkPart(file: string, value: unknown): Part {
  const isReport = (one: unknown): one is Report => {
    const { scenario, shard, found, says, schedules } = (one ?? {}) as Partial<Report>
    const isSound = typeof scenario === 'string' && typeof schedules === 'number'
    return isSound && Array.isArray(found) && Array.isArray(says) && shard !== undefined
  }
  if (!Array.isArray(value) || !value.every(isReport))
    throw new UsageError(`${file}: is no result of cpuhp explore --json`)
  if (value.length === 0) throw new UsageError(`${file}: is empty: that part ended before it had tried anything`)
  return { file, reports: value }
}

/** What all parts of a campaign have in common. */
const COMMON = ['version', 'profile', 'seed', 'asked', 'untilFound', 'bugs', 'memory', 'races', 'strategies'] as const

function checkParts(parts: readonly Part[]): { readonly reports: Report[] } {
  const [{ file: firstFile, reports: firstReports }] = parts as readonly [Part]
  const first = firstReports[0]!
  const seen = new Map<number, string>()
  for (const { file, reports } of parts) {
    for (const report of reports) {
      const { shard } = report
      if (shard === null) throw new UsageError(`${file}: is all of a campaign, not a part: it was made without --shard`)
      const differs = COMMON.find((key) => JSON.stringify(report[key]) !== JSON.stringify(first[key]))
      if (differs !== undefined || shard.count !== first.shard?.count) {
        throw new UsageError(
          `${file}: is of another campaign than ${firstFile}: ${differs ?? 'number of parts'} differs`,
        )
      }
      const other = firstReports.find(({ scenario }) => scenario === report.scenario)
      if (other !== undefined && other.hash !== report.hash) {
        throw new UsageError(`${file}: ${report.scenario} is another text than in ${firstFile}`)
      }
    }
    const { index } = reports[0]!.shard!
    const twice = seen.get(index)
    if (twice !== undefined) throw new UsageError(`${file}: is part ${index}, and so is ${twice}`)
    seen.set(index, file)
  }
  const { count } = first.shard!
  const missing = Array.from({ length: count }, (_, n) => n + 1).filter((index) => !seen.has(index))
  if (missing.length > 0) throw new UsageError(`part ${missing.join(', ')} of ${count} is missing`)
  return { reports: [...firstReports] }
}

function mergeScenario(parts: readonly Report[]): Report {
  const sum = (of: (report: Report) => number): number => parts.reduce((total, report) => total + of(report), 0)
  return {
    ...parts[0]!,
    shard: null,
    coverage: null,
    schedules: sum(({ schedules }) => schedules),
    operations: sum(({ operations }) => operations),
    interleaved: sum(({ interleaved }) => interleaved),
    failures: sum(({ failures }) => failures),
    seconds: sum(({ seconds }) => seconds),
    found: mergeFound(parts.flatMap(({ found }) => found)),
  }
}

/** Of equal failures the one with the lowest number, which the whole campaign would have found first. */
function mergeFound(all: readonly FoundReport[]): FoundReport[] {
  const sorted = [...all].sort((a, b) => a.schedule - b.schedule)
  const signatures = [...new Set(sorted.map(({ signature }) => signature))]
  return signatures.map((signature) => {
    const same = sorted.filter((one) => one.signature === signature)
    return { ...same[0]!, times: same.reduce((sum, { times }) => sum + times, 0) }
  })
}
