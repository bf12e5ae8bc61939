// `cpuhp explore`: schedule after schedule of one scenario or several, until something is found or enough has been tried.
import { EXIT, UsageError } from '../base/failure.js'
import { parseDuration } from '../base/time.js'
import { COLLECTION } from '../explore/bugs.js'
import { type Explored, explore, type Found } from '../explore/explore.js'
import { type Loaded, loadScenario } from '../explore/load.js'
import { describeFailure } from '../explore/outcome.js'
import { SCENARIOS } from '../explore/scenarios/table.js'
import { PORTFOLIO, searchNamed } from '../explore/strategies/table.js'
import { encodeToken } from '../explore/token.js'
import type { MemoryModel } from '../machine/deterministic/memory-model.js'
import { BUG_NAMES, type BugName } from '../ops/switches.js'
import { loadProfile } from '../profiles/load.js'
import { openJson } from './json-file.js'
import { counted, err, grouped, out, styled } from './output.js'
import { Progress } from './progress.js'
import { withSignals } from './signals.js'
import { oneLine } from './values.js'
import { version } from './version.js'

export interface ExploreCommand {
  readonly schedules?: number
  readonly time?: string
  readonly untilFound: boolean
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

interface Report {
  readonly loaded: Loaded
  readonly result: Explored
  readonly seconds: number
}

/** Runs the command; answers the exit code. */
export async function exploreCommand(names: readonly string[], command: ExploreCommand): Promise<number> {
  const bugs = bugsOf(command.bug)
  const strategies = strategiesOf(command)
  for (const name of strategies) searchNamed(name)
  if (command.races && command.memory !== 'sc')
    throw new UsageError('--races goes with --memory sc: what does not race there is ordered on weaker memory as well')
  const loaded = await Promise.all(scenariosOf(names, bugs).map(loadScenario))
  const profile = loadProfile(command.profile)
  const ms = command.time === undefined ? Number.POSITIVE_INFINITY : milliseconds(command.time)
  const json = command.json === undefined ? null : openJson(command.json)
  const tell = json === null || !json.isStdout
  const schedules = command.schedules ?? (command.time === undefined ? SCHEDULES : Number.POSITIVE_INFINITY)
  const reports: Report[] = []
  const { signalled } = await withSignals(async (signal) => {
    for (const one of loaded) {
      const isFound = reports.some(({ result }) => result.found.length > 0)
      if (signal.aborted || (command.untilFound && isFound)) break
      const progress = new Progress(command.quiet)
      const begin = performance.now()
      const seconds = (): number => (performance.now() - begin) / 1000
      const result = await explore({
        setup: {
          scenario: one.scenario,
          profile,
          bugs,
          without: new Set(),
          races: command.races,
          memory: command.memory,
          coverage: command.coverage,
        },
        seed: command.seed,
        searches: strategies.map(searchNamed),
        schedules,
        isOver: ({ schedules, found }) => {
          progress.update(
            () =>
              `${one.scenario.name}: ${grouped(schedules)} schedules, ${rate(schedules, seconds())}, ${counted(found.length, 'failure')}`,
          )
          // The scenarios share the time evenly.
          const over = seconds() * 1000 > ms / loaded.length
          return signal.aborted || over || (command.untilFound && found.length > 0)
        },
      })
      progress.clear()
      const report = { loaded: one, result, seconds: seconds() }
      reports.push(report)
      if (tell) out(describeReport(report, command, bugs))
    }
  })
  json?.write(
    `${JSON.stringify(
      reports.map((report) => jsonOf(report, command, bugs)),
      null,
      2,
    )}\n`,
  )
  if (reports.some(({ result }) => result.found.length > 0)) return EXIT.violation
  const idle = reports.find(({ result }) => isIdle(result))
  if (idle !== undefined) {
    err(
      `cpuhp: ${idle.loaded.scenario.name}: nothing was interleaved: all its schedules are the same but for what is independent\n`,
    )
    return EXIT.notInterleaved
  }
  return signalled ?? EXIT.ok
}

/** Whether orders were to be tried, and there was only one. */
function isIdle({ schedules, interleaved, coverage, exhausted }: Explored): boolean {
  if (schedules < 2) return false
  return interleaved === 0 || (coverage !== null && coverage.traces === 1 && !exhausted)
}

function bugsOf(list: string | undefined): BugName[] {
  return (list?.split(',') ?? []).map((name) => {
    const found = BUG_NAMES.find((bug) => bug === name)
    if (found === undefined)
      throw new UsageError(`there is no bug '${oneLine(name)}'; there are ${BUG_NAMES.join(', ')}`)
    return found
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

function rate(schedules: number, seconds: number): string {
  return `${grouped(Math.round(schedules / Math.max(seconds, 1e-3)))}/s`
}

function tokenOf({ reference, hash }: Loaded, found: Found, command: ExploreCommand, bugs: readonly BugName[]): string {
  const { deviations, digest, signature, strategy } = found
  const { profile, seed, races, memory } = command
  const recipe = {
    version: version(),
    scenario: reference,
    hash,
    profile,
    bugs,
    without: [],
    memory,
    races,
    seed,
    strategy,
  }
  return encodeToken({ ...recipe, digest, signature, deviations })
}

function describeReport(
  { loaded, result, seconds }: Report,
  command: ExploreCommand,
  bugs: readonly BugName[],
): string {
  const { scenario } = loaded
  const { schedules, interleaved, profiled, found, says, failures } = result
  const each = Math.round(result.operations / schedules)
  const lines = [
    `${styled('bold', scenario.name)}: ${counted(schedules, 'schedule')} in ${seconds.toFixed(1)} s (${rate(schedules, seconds)}), ` +
      `${interleaved} interleaved, ${grouped(each)} operations each, ${profiled.words.size} words shared: ` +
      (failures === 0 ? styled('green', 'nothing found') : styled('red', counted(failures, 'failure'))),
  ]
  if (result.coverage !== null) {
    const { traces, pairs, isNew } = result.coverage
    lines.push(
      `  ${counted(traces, 'distinct trace')}; another schedule is a new one with a probability of about ${(100 * isNew).toFixed(0)} %`,
      `  ${counted(pairs, 'pair')} of a state on a CPU's way and a function in which another CPU was`,
    )
  }
  if (result.exhausted) lines.push('  every strategy has seen all that it looks at')
  if (!command.quiet || found.length > 0) for (const line of says) lines.push(`  ${line}`)
  for (const one of found) {
    const where = one.schedule === 0 ? 'in the default order' : `by ${one.strategy}, schedule ${one.schedule}`
    const size = counted(one.deviations.length, 'deviation')
    lines.push('', `  ${describeFailure(one.failure)}`)
    lines.push(`  ${counted(one.times, 'time')}, first ${where}; ${size} from the default order`)
    if ('accesses' in one.failure) for (const line of one.failure.accesses) lines.push(`    ${line}`)
    if ('details' in one.failure) for (const line of one.failure.details) lines.push(`    ${line}`)
    lines.push(`  cpuhp replay ${tokenOf(loaded, one, command, bugs)}`)
  }
  return `${lines.join('\n')}\n`
}

function jsonOf({ loaded, result, seconds }: Report, command: ExploreCommand, bugs: readonly BugName[]): object {
  const { schedules, operations, interleaved, failures, exhausted, says, profiled } = result
  const found = result.found.map((one) => ({
    ...one.failure,
    signature: one.signature,
    times: one.times,
    strategy: one.strategy,
    schedule: one.schedule,
    deviations: one.deviations.length,
    deviationsAtFirst: one.deviationsAtFirst,
    token: tokenOf(loaded, one, command, bugs),
  }))
  const words = profiled.words.size
  const counts = {
    schedules,
    operations,
    interleaved,
    failures,
    sharedWords: words,
    exhausted,
    seconds,
    coverage: result.coverage,
  }
  return { scenario: loaded.reference, bugs, seed: command.seed, ...counts, says, found }
}
