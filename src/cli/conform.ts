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
import { counted, grouped, out, styled, table } from './output.js'
import { Progress } from './progress.js'
import { oneLine } from './values.js'

export interface ConformCommand {
  readonly machine: 'threads' | 'deterministic' | 'both'
  readonly workers?: number
  readonly seed: number
  readonly profile?: string
  readonly json?: string
  readonly quiet: boolean
}

interface FileResult {
  readonly file: string
  readonly machine: 'threads' | 'deterministic'
  readonly requests: number
  readonly events: number
  readonly deviation: Deviation | null
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
  for (const kind of kinds) {
    for (const { file, golden } of files) {
      const result = await conformFile(file, golden, kind, command)
      results.push(result)
      progress.clear()
      if (tell && !(command.quiet && result.deviation === null)) out(describe(result))
      progress.update(() => `${kind}: ${grouped(results.length)} of ${grouped(kinds.length * files.length)} files`)
    }
  }
  progress.clear()
  const equal = results.every(({ deviation }) => deviation === null)
  json?.write(`${JSON.stringify({ schemaVersion: 1, outcome: equal ? 'equal' : 'different', results }, null, 2)}\n`)
  if (tell) out(describeTotal(results))
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
  { seed, workers, profile }: ConformCommand,
): Promise<FileResult> {
  const events = golden.requests.reduce(
    (sum, request) => sum + (request.outcome === 'answered' ? request.trace.length : 0),
    0,
  )
  const common = { cpus: golden.machine.cpus, profile: profile ?? golden.machine.profile }
  const options: MachineOptions =
    machine === 'deterministic'
      ? { ...common, machine, seed }
      : { ...common, machine, watchdog: HANG, ...(workers === undefined ? {} : { workers }) }
  const booted = await Machine.boot(options)
  try {
    return { file, machine, requests: golden.requests.length, events, deviation: await conform(booted, golden) }
  } finally {
    await booted.shutdown()
  }
}

/** A request that never returns is to be one soon: the longest that does takes milliseconds. */
const HANG = { requestMs: 5_000 } as const

function describe({ file, machine, requests, events, deviation }: FileResult): string {
  if (deviation === null) {
    return `${styled('green', 'equal')}  ${file}  ${machine}, ${counted(requests, 'request')}, ${counted(events, 'event')}\n`
  }
  const lines = [`${styled('red', 'DIFFERENT')}  ${file}  ${machine}`, formatDeviation(deviation, file)]
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

function describeTotal(results: readonly FileResult[]): string {
  const sum = (of: (result: FileResult) => number): number => results.reduce((total, result) => total + of(result), 0)
  const different = results.filter(({ deviation }) => deviation !== null).length
  const total = [
    counted(results.length, 'file'),
    counted(
      sum(({ requests }) => requests),
      'request',
    ),
    counted(
      sum(({ events }) => events),
      'trace event',
    ),
  ].join(', ')
  if (different === 0) return `${total}: ${styled('green', 'all equal')}\n`
  return `${total}: ${styled('red', `${counted(different, 'file')} different`)}\n`
}
