// `cpuhp conform`: a machine against what a real kernel answered.
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { EXIT, UsageError } from '../base/failure.js'
import { conform, type Deviation, formatDeviation, sameEvent } from '../conform/conform.js'
import { type GoldenFile, readGolden } from '../conform/golden.js'
import { Machine } from '../machine/machine.js'
import type { MachineOptions } from '../machine/options.js'
import { loadProfile } from '../profiles/load.js'
import { openJson } from './json-file.js'
import { counted, err, grouped, out, styled, table } from './output.js'
import { Progress } from './progress.js'
import { oneLine } from './values.js'

export interface ConformCommand {
  readonly machine: 'threads' | 'deterministic' | 'both'
  readonly workers?: number
  readonly seed: number
  readonly profile?: string
  readonly repeat: number
  readonly busy: number
  readonly json?: string
  readonly quiet: boolean
}

interface FileResult {
  readonly file: string
  readonly machine: 'threads' | 'deterministic'
  /** counts from 1 */
  readonly run: number
  readonly requests: number
  readonly events: number
  readonly deviation: Deviation | null
  /** the line at which the busy tasks had no CPU left (see Conformance) */
  readonly starved: number | null
}

/** Runs the command on files and directories; answers the exit code. */
export async function conformCommand(paths: readonly string[], command: ConformCommand): Promise<number> {
  if (command.profile !== undefined) loadProfile(command.profile)
  // All are read before anything runs: a file that is malformed is not to cost a minute's work.
  const files = paths.flatMap(filesOf).map((file) => ({ file, golden: readGolden(file) }))
  if (files.length === 0) throw new UsageError(`there is no .jsonl file in ${paths.map(oneLine).join(', ')}`)
  const json = command.json === undefined ? null : openJson(command.json)
  const tell = json === null || !json.isStdout
  const progress = new Progress(command.quiet)
  const results: FileResult[] = []
  const kinds = command.machine === 'both' ? (['deterministic', 'threads'] as const) : [command.machine]
  const { repeat } = command
  const each = kinds.flatMap((kind) => Array.from({ length: repeat }, (_, n) => ({ kind, run: n + 1 })))
  for (const { kind, run } of each) {
    for (const { file, golden } of files) {
      const result = await conformFile(file, golden, kind, run, command)
      results.push(result)
      progress.clear()
      if (result.deviation?.panic) err(`${result.deviation.panic}\n`)
      if (tell && !(command.quiet && result.deviation === null)) out(describe(result, repeat))
      progress.update(() => `${kind}: ${grouped(results.length)} of ${grouped(each.length * files.length)} files`)
    }
  }
  progress.clear()
  const equal = results.every(({ deviation }) => deviation === null)
  json?.write(`${JSON.stringify({ schemaVersion: 1, outcome: equal ? 'equal' : 'different', results }, null, 2)}\n`)
  if (tell) out(describeTotal(results, repeat))
  return equal ? EXIT.ok : EXIT.violation
}

/** A file, or the golden files in a directory and below it. */
function filesOf(path: string): string[] {
  let isDirectory: boolean
  try {
    isDirectory = statSync(path).isDirectory()
  } catch (error) {
    throw new UsageError(`${oneLine(path)}: there is no such file or directory`, { cause: error })
  }
  if (!isDirectory) return [path]
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' })
  return names
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
    .map((name) => join(path, name))
}

async function conformFile(
  file: string,
  golden: GoldenFile,
  machine: 'threads' | 'deterministic',
  run: number,
  { seed, workers, profile, busy }: ConformCommand,
): Promise<FileResult> {
  const common = {
    cpus: golden.machine.cpus,
    profile: profile ?? golden.machine.profile,
    watchdog: { requestMs: machine === 'threads' && busy > 0 ? BUSY_HANG_MS : HANG_MS },
    ...(busy === 0 ? {} : { tasks: busy, traceRecords: BUSY_TRACE }),
  }
  const options: MachineOptions =
    machine === 'deterministic'
      ? { ...common, machine, seed: seed + run - 1 }
      : { ...common, machine, ...(workers === undefined ? {} : { workers }) }
  const booted = await Machine.boot(options)
  try {
    const { deviation, starved } = await conform(booted, golden, busy)
    // The request at which it ended has been compared with nothing.
    const asked = golden.requests.filter(({ line }) => starved === null || line < starved)
    const events = asked.reduce((sum, each) => sum + (each.outcome === 'answered' ? each.trace.length : 0), 0)
    return { file, machine, run, requests: asked.length, events, deviation, starved }
  } finally {
    await booted.shutdown()
  }
}

/** Events of one request that a CPU has room for: the switches between busy tasks are among them. */
const BUSY_TRACE = 16_384

/** A request that never returns is to be one soon: the longest that does takes milliseconds. */
const HANG_MS = 5_000
/** With busy tasks it waits for its turn at every step; in real time, for the host as well. */
const BUSY_HANG_MS = 20_000

function describe({ file, machine, run, requests, events, deviation, starved }: FileResult, repeat: number): string {
  const where = repeat === 1 ? machine : `${machine}, run ${grouped(run)}`
  if (deviation === null) {
    const end = starved === null ? '' : `; at line ${starved} no CPU was left for the busy tasks`
    const figures = `${counted(requests, 'request')}, ${counted(events, 'event')}`
    return `${styled('green', 'equal')}  ${file}  ${where}, ${figures}${end}\n`
  }
  const lines = [`${styled('red', 'DIFFERENT')}  ${file}  ${where}`, formatDeviation(deviation, file)]
  if (deviation.traces !== null) lines.push(...sideBySide(deviation.traces))
  return `${lines.join('\n')}\n`
}

/** Two traces beside each other; a mark where they differ. */
function sideBySide({ expected, found }: NonNullable<Deviation['traces']>): string[] {
  const rows = [['', 'expected', 'found']]
  for (let n = 0; n < Math.max(expected.length, found.length); n++) {
    const [a = '', b = ''] = [expected[n], found[n]]
    rows.push([a !== '' && b !== '' && sameEvent(a, b) ? ' ' : '!', a, b])
  }
  return table(rows).map((line) => `    ${line}`)
}

function describeTotal(results: readonly FileResult[], repeat: number): string {
  const sum = (of: (result: FileResult) => number): number => results.reduce((total, result) => total + of(result), 0)
  const different = results.filter(({ deviation }) => deviation !== null).length
  const files = counted(results.length / repeat, 'file')
  const total = [
    repeat === 1 ? files : `${files} ${grouped(repeat)} times`,
    counted(
      sum(({ requests }) => requests),
      'request',
    ),
    counted(
      sum(({ events }) => events),
      'trace event',
    ),
  ].join(', ')
  const starved = results.filter((result) => result.starved !== null).length
  const until = starved === 0 ? '' : `, ${grouped(starved)} until no CPU was left for the busy tasks`
  if (different === 0) return `${total}: ${styled('green', 'all equal')}${until}\n`
  return `${total}: ${styled('red', `${counted(different, 'file')} different`)}\n`
}
