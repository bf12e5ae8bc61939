// `cpuhp profile`: what a load does to an offline and an online, and what those do to the others.
import { availableParallelism } from 'node:os'
import { formatLoad } from '../../stress/loads/setting.js'
import { runProfile } from '../../stress/profile/profile.js'
import { SWEEPS, type SweepTarget, sweepTarget } from '../../stress/profile/sweep.js'
import { EXIT, UsageError } from '../base/failure.js'
import { NS_PER_MS, parseDuration } from '../base/time.js'
import { loadProfile } from '../profiles/load.js'
import { renderPage } from '../report/html/page.js'
import { compareCommand } from './compare.js'
import { openJson } from './json-file.js'
import { describeLoads, type LoadOption, loadsOf } from './load-option.js'
import { counted, out } from './output.js'
import { describeProfile } from './profile-report.js'
import { Progress } from './progress.js'
import { profilePage } from './report-pages.js'
import { withSignals } from './signals.js'
import { oneLine, wholeNumber } from './values.js'

export interface ProfileCommand {
  readonly sweep: string
  readonly cpus: number
  readonly tasks: number
  readonly hogs: number
  readonly load?: LoadOption
  readonly cycles: number
  readonly workers?: number
  readonly seed: number
  readonly machine: 'threads' | 'deterministic'
  readonly profile?: string
  readonly limit: string
  readonly json?: string
  /** where the page goes */
  readonly report?: string
  /** two files to compare, instead of measuring */
  readonly compare?: readonly string[]
  readonly quiet: boolean
}

/** Values of one sweep, at most. */
const MOST_VALUES = 32

/** Runs the command; answers the exit code. */
export async function profileCommand(command: ProfileCommand): Promise<number> {
  if (command.load === 'help') {
    out(describeLoads())
    return EXIT.ok
  }
  if (command.compare !== undefined) {
    return compareCommand(command.compare, command.json === undefined ? null : openJson(command.json))
  }
  const { machine, workers, cpus, profile } = command
  const sweep = parseSweep(command.sweep)
  const loads = loadsOf(command.load)
  const fewest = sweep.target.name === 'cpus' ? Math.min(...sweep.values) : cpus
  if (workers !== undefined && machine === 'deterministic') {
    throw new UsageError('--workers is for --machine threads')
  }
  if (workers !== undefined && workers > fewest) {
    throw new UsageError(`--workers is a whole number from 1 to ${fewest}, the number of CPUs, not '${workers}'`)
  }
  if (profile !== undefined) loadProfile(profile)
  const limitMs = parseDuration(command.limit) / NS_PER_MS
  if (limitMs === 0) throw new UsageError(`--limit is a duration above 0, as in 60s, not '${oneLine(command.limit)}'`)
  const json = command.json === undefined ? null : openJson(command.json)
  const report = command.report === undefined ? null : openJson(command.report, '--report')
  const progress = new Progress(command.quiet)
  const { result, signalled } = await withSignals((signal) =>
    runProfile({
      ...(profile === undefined ? {} : { profile }),
      ...{ machine, cpus, sweep, limitMs, signal },
      tasks: command.tasks,
      hogs: command.hogs,
      loads,
      cycles: command.cycles,
      seed: command.seed,
      workers: (n) => workers ?? Math.min(n, Math.max(2, availableParallelism())),
      onProgress: (value, cycles) =>
        progress.update(() => `${sweep.target.label(value)}: ${cycles} of ${counted(command.cycles, 'cycle')}`),
    }),
  )
  progress.clear()
  json?.write(`${JSON.stringify(result)}\n`)
  if (result.points.length > 0) report?.write(renderPage(profilePage(result, commandOf(command))))
  if (json?.isStdout !== true && report?.isStdout !== true) out(describeProfile(result))
  return signalled ?? EXIT.ok
}

/** What to type for another one. */
function commandOf({
  load,
  sweep,
  cpus,
  tasks,
  hogs,
  cycles,
  workers,
  seed,
  machine,
  profile,
}: ProfileCommand): string {
  const options = { sweep, cpus, tasks, hogs, cycles, workers, seed, machine, profile }
  const words = Object.entries(options).filter(([name, value]) => value !== undefined && !sweep.startsWith(`${name}=`))
  const loads = loadsOf(load)
  if (loads.length > 0) words.push(['load', loads.map(formatLoad).join(',')])
  return `cpuhp profile ${words.map(([name, value]) => `--${name} ${value}`).join(' ')}`
}

/** 'tasks=0,2,8', 'irq-off.us=0,200': what is swept, and its values. */
export function parseSweep(text: string): { readonly target: SweepTarget; readonly values: readonly number[] } {
  const [, word = '', list] = /^([a-z.-]+)=(.*)$/.exec(text) ?? []
  const target = sweepTarget(word)
  if (target === undefined || list === undefined) {
    const known = [...SWEEPS, 'LOAD.PARAMETER'].map((name) => `${name}=...`).join(', ')
    throw new UsageError(`--sweep is one of ${known} with values, as in tasks=0,2,8, not '${oneLine(text)}'`)
  }
  const { name, low, high } = target
  const values = list.split(',').map(wholeNumber(`--sweep ${name}: a value`, low, high))
  if (values.length > MOST_VALUES) throw new UsageError(`--sweep takes ${MOST_VALUES} values at most`)
  if (new Set(values).size < values.length) {
    throw new UsageError(`--sweep takes each value once, not '${oneLine(list)}'`)
  }
  return { target, values }
}
