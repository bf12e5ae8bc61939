// `cpuhp bugs --bench`: how soon each strategy finds each bug, as a table or as JSON.
import { EXIT, UsageError } from '../base/failure.js'
import { type Bug, COLLECTION } from '../explore/bugs.js'
import { loadScenario } from '../explore/load.js'
import { type Finding, type Measured, measure } from '../explore/measure.js'
import { PORTFOLIO, searchNamed } from '../explore/strategies/table.js'
import { loadProfile } from '../profiles/load.js'
import { counted, out, table } from './output.js'
import { Progress } from './progress.js'
import { withSignals } from './signals.js'
import { oneLine } from './values.js'

/** What is measured when nothing else is asked for. */
const SEEDS = 3
const SCHEDULES = 500

export interface BenchCommand {
  readonly json: boolean
  readonly bug?: string
  readonly strategy?: string
  readonly seeds?: number
  readonly schedules?: number
  readonly quiet: boolean
}

interface Row {
  readonly bug: Bug
  readonly measured: Measured
}

const now = (): number => performance.now() / 1000

/** Runs the command; answers the exit code. */
export async function bugsBench(command: BenchCommand): Promise<number> {
  const { seeds = SEEDS, schedules = SCHEDULES } = command
  const names = command.strategy?.split(',') ?? PORTFOLIO
  const searches = names.map((name) => ({ name, make: searchNamed(name) }))
  const bugs = chosen(command.bug)
  const profile = loadProfile('linux-6.1-minimal')
  const rows: Row[] = []
  const progress = new Progress(command.quiet)
  const { signalled } = await withSignals(async (signal) => {
    for (const [n, bug] of bugs.entries()) {
      if (signal.aborted) break
      const { scenario } = await loadScenario(bug.scenario)
      let run = 0
      const isOver = (): boolean => {
        progress.update(() => `${bug.name} (${n + 1} of ${bugs.length}): ${counted(run, 'schedule')}`)
        run++
        return signal.aborted
      }
      const setup = { scenario, profile, bugs: [bug.name], without: new Set<string>() }
      const measured = await measure({ setup, searches, seeds, schedules, isOver, now })
      if (!signal.aborted) rows.push({ bug, measured })
    }
  })
  progress.clear()
  if (command.json) out(`${JSON.stringify({ seeds, schedules, bugs: rows.map(jsonOf) }, null, 2)}\n`)
  else out(describe(rows, names, seeds, schedules))
  return signalled ?? EXIT.ok
}

/** Those of the list; else the historical ones. One that only hides another can't be found. */
function chosen(list: string | undefined): Bug[] {
  const can = COLLECTION.filter(({ hides }) => hides === null)
  if (list === undefined) return can.filter(({ fix }) => fix !== null)
  return list.split(',').map((name) => {
    const bug = can.find((one) => one.name === name)
    if (bug !== undefined) return bug
    const known = COLLECTION.find((one) => one.name === name)
    if (known !== undefined) throw new UsageError(`${name} can't be found by itself: it hides ${known.hides}`)
    const names = can.map((one) => one.name).join(', ')
    throw new UsageError(`there is no bug '${oneLine(name)}'; there are ${names}`, { exitCode: EXIT.unknownBug })
  })
}

function describe(rows: readonly Row[], strategies: readonly string[], seeds: number, schedules: number): string {
  const head = ['bug', 'scenario', ...strategies, 'of random', 'minimised']
  const lines = rows.map(({ bug, measured }) => {
    const cells = measured.findings.map((finding) => (measured.inDefaultOrder ? 'at once' : cellOf(finding)))
    return [bug.name, bug.scenario, ...cells, shareOf(measured), minimisedOf(measured)]
  })
  return (
    `${table([head, ...lines]).join('\n')}\n\n` +
    `schedules to the first failure, and seconds: median of ${counted(seeds, 'seed')}, ${counted(schedules, 'schedule')} at most; k/n: found with ` +
    `so many seeds, -: with none; at once: in the default order\n` +
    `of random: share of ${counted(schedules, 'random schedule')} that fail; minimised: deviations from the default order, rows of the table\n`
  )
}

function cellOf({ found, seeds, schedules, seconds }: Finding): string {
  if (schedules === null || seconds === null) return found === 0 ? '-' : `${found}/${seeds}`
  const time = `${schedules} ${seconds < 10 ? seconds.toFixed(2) : seconds.toFixed(0)} s`
  return found === seeds ? time : `${time} ${found}/${seeds}`
}

function shareOf({ random: { failures, schedules } }: Measured): string {
  return schedules === 0 ? '-' : `${((100 * failures) / schedules).toFixed(1)} %`
}

function minimisedOf({ minimised }: Measured): string {
  return minimised === null ? '-' : `${minimised.deviations}, ${counted(minimised.rows, 'row')}`
}

function jsonOf({ bug, measured }: Row): object {
  const { name, fix, scenario } = bug
  return { bug: name, fix, scenario, ...measured }
}
