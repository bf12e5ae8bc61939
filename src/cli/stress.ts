// `cpuhp stress`: busy CPUs go down and come up again, and everything about it is checked.
import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { runBusy } from '../../stress/busy/busy.js'
import { type BusyOptions, type Progress as BusyProgress, DEFAULTS } from '../../stress/busy/options.js'
import type { BusyVerdict } from '../../stress/busy/verdict.js'
import { roomFor } from '../../stress/loads/loads.js'
import { formatLoad } from '../../stress/loads/setting.js'
import { EXIT, UsageError } from '../base/failure.js'
import { parseDuration } from '../base/time.js'
import { loadProfile } from '../profiles/load.js'
import { renderPage } from '../report/html/page.js'
import type { Operation } from '../report/phases.js'
import { loadWorkload } from '../workloads/load.js'
import { BUILT_IN } from '../workloads/table.js'
import { openJson } from './json-file.js'
import { describeLoads, type LoadOption, loadsOf } from './load-option.js'
import { Metrics, serveMetrics } from './metrics.js'
import { counted, err, out } from './output.js'
import { Progress } from './progress.js'
import { stressPage } from './report-pages.js'
import { withSignals } from './signals.js'
import { describeStress } from './stress-report.js'

export interface StressCommand {
  readonly cpus: number
  readonly workers?: number
  readonly tasks: number
  readonly workload?: string
  readonly load?: LoadOption
  readonly duration?: string
  readonly cycles?: number
  readonly seed: number
  readonly machine: 'threads' | 'deterministic'
  readonly requesters: number
  readonly onoffInterval: string
  readonly checkInterval?: string
  readonly minOnline: number
  readonly failEvery: number
  readonly profile?: string
  readonly watchdog?: string
  readonly stuck?: string
  readonly untilFail: boolean
  readonly json?: string
  /** where the page goes */
  readonly report?: string
  readonly metrics?: number
  readonly quiet: boolean
}

/** Virtual time goes a long way: that much of it is some seconds of work. */
const DEFAULT_DURATION = { threads: '12s', deterministic: '100ms' } as const

/** Ways down in a run of the default length, at least. */
const LEAST_OFFLINES = 100

/** Runs the command; answers the exit code. */
export async function stressCommand(command: StressCommand): Promise<number> {
  if (command.load === 'help') {
    out(describeLoads())
    return EXIT.ok
  }
  const json = command.json === undefined ? null : openJson(command.json)
  const report = command.report === undefined ? null : openJson(command.report, '--report')
  const options = await optionsOf(command)
  const metrics = command.metrics === undefined ? null : new Metrics()
  const stop = metrics === null ? null : await serveMetrics(command.metrics!, metrics)
  const { result, signalled } = await withSignals(async (signal) => {
    let verdict = await runOnce(options, command, signal, metrics)
    while (command.untilFail && verdict.outcome === 'success' && !signal.aborted) {
      if (!command.quiet) err(`seed ${verdict.seed}: success\n`)
      verdict = await runOnce({ ...options, seed: verdict.seed + 1 }, command, signal, metrics)
    }
    return verdict
  }).finally(() => stop?.())
  const again = commandsOf(command, result.seed)
  const directory = result.flight.length > 0 ? saveFlight(result) : null
  json?.write(
    `${JSON.stringify({ ...result, flight: undefined, flightDirectory: directory, command: again.same }, null, 2)}\n`,
  )
  if (result.panic !== null) err(`${result.panic}\n`)
  report?.write(renderPage(stressPage(result, again.same)))
  if (json?.isStdout !== true && report?.isStdout !== true) out(describeStress(result, again, directory, command.quiet))
  if (result.outcome === 'panic') return EXIT.panic
  if (result.outcome === 'failure') return EXIT.violation
  return signalled ?? EXIT.ok
}

async function runOnce(
  options: BusyOptions,
  { quiet }: StressCommand,
  signal: AbortSignal,
  metrics: Metrics | null,
): Promise<BusyVerdict> {
  const progress = new Progress(quiet)
  const onProgress = (p: BusyProgress): void => {
    progress.update(() => describeProgress(p))
    metrics?.progress(p)
  }
  const observers = metrics === null ? {} : { onOperation: (operation: Operation) => metrics.operation(operation) }
  const verdict = await runBusy({ ...options, ...observers, signal, onProgress })
  progress.clear()
  return verdict
}

function describeProgress({ part, offlines, migrations, online }: BusyProgress): string {
  const percent = String(Math.floor(100 * part)).padStart(3)
  return `${percent} %  ${counted(offlines, 'cycle')}  ${counted(migrations, 'migration')}  online ${online}`
}

async function optionsOf(command: StressCommand): Promise<BusyOptions> {
  const { machine, cpus, tasks, seed, cycles, duration, requesters, minOnline, failEvery, profile } = command
  if (machine === 'deterministic') {
    for (const [option, value] of Object.entries({
      workers: command.workers,
      stuck: command.stuck,
    })) {
      if (value !== undefined) throw new UsageError(`--${option} is for --machine threads`)
    }
  }
  if (command.workers !== undefined && command.workers > cpus) {
    throw new UsageError(`--workers is a whole number from 1 to ${cpus}, the number of CPUs, not '${command.workers}'`)
  }
  if (cycles !== undefined && duration !== undefined)
    throw new UsageError('a run ends by --cycles or by --duration, not by both')
  if (minOnline >= cpus) throw new UsageError(`--min-online is below the number of CPUs, ${cpus}, not '${minOnline}'`)
  if (profile !== undefined) loadProfile(profile)
  const loads = loadsOf(command.load)
  roomFor(loads, cpus)
  const limits = {
    ...(command.watchdog === undefined ? {} : { requestMs: milliseconds('--watchdog', command.watchdog) }),
    ...(command.stuck === undefined ? {} : { stuckMs: milliseconds('--stuck', command.stuck) }),
  }
  const end =
    cycles === undefined ? { durationNs: positive('--duration', duration ?? DEFAULT_DURATION[machine]) } : { cycles }
  return {
    machine,
    cpus,
    tasks,
    seed,
    requesters,
    minOnline,
    failEvery,
    ...end,
    // Whoever asks for less gets less: this is for the run that everybody starts with.
    ...(machine === 'threads' && cycles === undefined && duration === undefined
      ? { leastOfflines: LEAST_OFFLINES }
      : {}),
    onoffIntervalNs: parseDuration(command.onoffInterval),
    ...(command.report === undefined ? {} : { details: true }),
    ...(command.checkInterval === undefined
      ? {}
      : { checkIntervalNs: positive('--check-interval', command.checkInterval) }),
    ...(machine === 'threads'
      ? { workers: command.workers ?? Math.min(cpus, Math.max(2, availableParallelism())) }
      : {}),
    ...(profile === undefined ? {} : { profile }),
    ...(Object.keys(limits).length === 0 ? {} : { watchdog: limits }),
    ...(command.workload === undefined ? {} : await mixOf(command.workload)),
    loads,
  }
}

/** 'sha256,mine.mjs': built-in workloads by their names, users' by their files. */
async function mixOf(list: string): Promise<Pick<BusyOptions, 'workloads' | 'modules'>> {
  const workloads: string[] = []
  const modules = []
  for (const name of list.split(',')) {
    if (/[./\\]/.test(name)) {
      const loaded = await loadWorkload(name)
      modules.push(loaded)
      workloads.push(loaded.workload.name)
    } else if (BUILT_IN.some((workload) => workload.name === name)) workloads.push(name)
    else {
      const names = BUILT_IN.map((workload) => workload.name).join(', ')
      throw new UsageError(`--workload: there is no workload '${name}'; there are ${names}, or a .mjs file`)
    }
  }
  return { workloads, modules }
}

function positive(option: string, text: string): number {
  const ns = parseDuration(text)
  if (ns > 0) return ns
  throw new UsageError(`${option} is a duration above 0, as in 60s, not '${text}'`)
}

const milliseconds = (option: string, text: string): number => positive(option, text) / 1e6

/** The options that make the scenario, and when there is no need to tell one. */
const SCENARIO = [
  { name: 'cpus', flag: 'cpus', unless: null },
  { name: 'tasks', flag: 'tasks', unless: null },
  { name: 'seed', flag: 'seed', unless: null },
  { name: 'workload', flag: 'workload', unless: undefined },
  { name: 'profile', flag: 'profile', unless: undefined },
  { name: 'requesters', flag: 'requesters', unless: DEFAULTS.requesters },
  { name: 'onoffInterval', flag: 'onoff-interval', unless: '0s' },
  { name: 'minOnline', flag: 'min-online', unless: DEFAULTS.minOnline },
  { name: 'failEvery', flag: 'fail-every', unless: DEFAULTS.failEvery },
  { name: 'checkInterval', flag: 'check-interval', unless: undefined },
] as const

/** The commands that show it again: the same requests, and the same scenario in an order that the seed decides. */
function commandsOf(
  command: StressCommand,
  seed: number,
): { readonly same: string; readonly deterministic: string | null } {
  const { workers, duration, cycles, machine } = command
  const options = { ...command, seed }
  const words = SCENARIO.filter(({ name, unless }) => options[name] !== unless).map(
    ({ name, flag }) => `--${flag} ${options[name]}`,
  )
  const loads = loadsOf(command.load)
  if (loads.length > 0) words.push(`--load ${loads.map(formatLoad).join(',')}`)
  const scenario = `cpuhp stress ${words.join(' ')}`
  const end = cycles !== undefined ? ` --cycles ${cycles}` : duration === undefined ? '' : ` --duration ${duration}`
  if (machine === 'deterministic') return { same: `${scenario} --machine deterministic${end}`, deterministic: null }
  const spread = workers === undefined ? '' : ` --workers ${workers}`
  return { same: `${scenario}${spread}${end}`, deterministic: `${scenario} --machine deterministic` }
}

/** Writes the flight recorder of every CPU into a directory of its own, and answers its name. */
function saveFlight(verdict: BusyVerdict): string {
  const stamp = new Date().toISOString().replace(/[:.]/g, '-')
  const directory = `cpuhp-stress-${stamp}-seed-${verdict.seed}`
  mkdirSync(directory)
  for (const { cpu, events } of verdict.flight) {
    writeFileSync(join(directory, `cpu${String(cpu).padStart(3, '0')}.txt`), `${events.join('\n')}\n`)
  }
  writeFileSync(join(directory, 'verdict.json'), `${JSON.stringify({ ...verdict, flight: undefined }, null, 2)}\n`)
  if (verdict.panic !== null) writeFileSync(join(directory, 'panic.txt'), `${verdict.panic}\n`)
  return directory
}
