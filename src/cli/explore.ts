// `cpuhp explore`: schedule after schedule of one scenario or several, until something is found or enough has been tried.
import { availableParallelism } from 'node:os'
import { EXIT, exitCodeFor, UsageError } from '../base/failure.js'
import { parseDuration } from '../base/time.js'
import { runCampaign } from '../campaign/campaign.js'
import type { Plan, Shard } from '../campaign/plan.js'
import { Pool } from '../campaign/pool.js'
import { type Report, reportOf } from '../campaign/report.js'
import { COLLECTION } from '../explore/bugs.js'
import { checkReference } from '../explore/load.js'
import { SCENARIOS } from '../explore/scenarios/table.js'
import { PORTFOLIO, searchNamed } from '../explore/strategies/table.js'
import type { MemoryModel } from '../machine/deterministic/memory-model.js'
import { BUG_NAMES, type BugName } from '../ops/switches.js'
import { loadProfile } from '../profiles/load.js'
import { describeReport, exitCodeOf, rate } from './explore-report.js'
import { openJson } from './json-file.js'
import { counted, err, out } from './output.js'
import { Progress } from './progress.js'
import { withSignals } from './signals.js'
import { oneLine } from './values.js'
import { version } from './version.js'

export interface ExploreCommand {
  readonly schedules?: number
  readonly time?: string
  readonly untilFound: boolean
  readonly jobs?: number
  readonly shard?: Shard
  readonly seed: number
  readonly strategy?: string
  readonly portfolio: boolean
  readonly bug?: string
  readonly races: boolean
  readonly coverage: boolean
  readonly memory: MemoryModel
  readonly profile: string
  readonly json?: string
  readonly quiet: boolean
}

/** Schedules of a scenario where neither their number nor a time is given. */
const SCHEDULES = 1_000

/** Runs the command; answers the exit code. */
export async function exploreCommand(names: readonly string[], command: ExploreCommand): Promise<number> {
  const { seed, profile, shard = { index: 0, count: 1 }, jobs = availableParallelism(), untilFound, quiet } = command
  const bugs = bugsOf(command.bug)
  const strategies = strategiesOf(command)
  for (const name of strategies) searchNamed(name)
  if (command.races && command.memory !== 'sc')
    throw new UsageError('--races goes with --memory sc: what does not race there is ordered on weaker memory as well')
  const scenarios = scenariosOf(names, bugs)
  for (const scenario of scenarios) checkReference(scenario)
  loadProfile(profile)
  const ms = command.time === undefined ? Number.POSITIVE_INFINITY : milliseconds(command.time)
  const json = command.json === undefined ? null : openJson(command.json)
  const tell = json === null || !json.isStdout
  const schedules = command.schedules ?? (command.time === undefined ? SCHEDULES : Number.POSITIVE_INFINITY)
  const asked = { version: version(), asked: Number.isFinite(schedules) ? schedules : null, untilFound }
  const reports: Report[] = []
  const pool = new Pool(jobs)
  let trouble: unknown = null
  const { signalled } = await withSignals(async (signal) => {
    try {
      for (const scenario of scenarios) {
        const isFound = reports.some(({ found }) => found.length > 0)
        if (signal.aborted || trouble !== null || (untilFound && isFound)) break
        const { memory, races, coverage } = command
        const plan: Plan = { scenario, profile, bugs, memory, races, coverage, strategies, seed, shard }
        const progress = new Progress(quiet)
        const begin = performance.now()
        const seconds = (): number => (performance.now() - begin) / 1000
        // The scenarios share the time evenly.
        const isOver = (): boolean => signal.aborted || seconds() * 1000 > ms / scenarios.length
        const onProgress = (now: { schedules: number; failures: number; kinds: number }): void =>
          progress.update(() => {
            const failures = `${counted(now.failures, 'failure')} of ${counted(now.kinds, 'kind')}`
            return `${scenario}: ${counted(now.schedules, 'schedule')}, ${rate(now.schedules, seconds())}, ${failures}`
          })
        const result = await runCampaign({ plan, pool, jobs, schedules, untilFound, isOver, onProgress })
        progress.clear()
        trouble = result.trouble
        if (trouble !== null && result.found.length === 0) break
        const report = reportOf(plan, asked, result, seconds())
        reports.push(report)
        if (tell) out(describeReport(report, quiet))
      }
    } finally {
      await pool.close()
    }
  })
  json?.write(`${JSON.stringify(reports, null, 2)}\n`)
  const code = exitCodeOf(reports)
  if (trouble instanceof Error) {
    err(`cpuhp: ${trouble.message}\n`)
    return code === EXIT.ok ? exitCodeFor(trouble) : code
  }
  return code === EXIT.ok ? (signalled ?? code) : code
}

function bugsOf(list: string | undefined): BugName[] {
  return (list?.split(',') ?? []).map((name) => {
    const found = BUG_NAMES.find((bug) => bug === name)
    if (found !== undefined) return found
    const message = `there is no bug '${oneLine(name)}'; there are ${BUG_NAMES.join(', ')}`
    throw new UsageError(message, { exitCode: EXIT.unknownBug })
  })
}

function strategiesOf({ strategy, portfolio }: ExploreCommand): readonly string[] {
  if (strategy !== undefined && portfolio)
    throw new UsageError('--strategy names one or several, --portfolio takes all in turn: not both')
  return strategy?.split(',') ?? PORTFOLIO
}

/** Those that are named; else those in which the bugs show; else all. */
function scenariosOf(names: readonly string[], bugs: readonly BugName[]): string[] {
  if (names.length > 0) return [...names]
  if (bugs.length === 0) return SCENARIOS.map(({ name }) => name)
  return [...new Set(COLLECTION.filter(({ name }) => bugs.includes(name)).map(({ scenario }) => scenario))]
}

function milliseconds(text: string): number {
  const ns = parseDuration(text)
  if (ns <= 0) throw new UsageError(`--time is a duration above 0, as in 10m, not '${oneLine(text)}'`)
  return ns / 1e6
}

/** Reads '2/8': the second of eight parts. */
export function parseShard(text: string): Shard {
  const [, index, count] = (/^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? []).map(Number)
  if (index !== undefined && count !== undefined && index >= 1 && index <= count) return { index: index - 1, count }
  throw new UsageError(`--shard is i/n, the i-th of n parts, as in 2/8, not '${oneLine(text)}'`)
}
