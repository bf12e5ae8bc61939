// `cpuhp trace`: another command, with every machine that it boots recorded, and written in a form that other tools read.
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { UsageError } from '../base/failure.js'
import { lostIn, type Trace } from '../export/entry.js'
import { OUTPUT_FORMATS, type OutputFormat } from '../export/output-formats.js'
import { Recorder } from '../export/recorder.js'
import { parseEvents, select } from '../export/selection.js'
import { type Summary, summarise } from '../export/summary.js'
import { observing } from '../machine/observer.js'
import { openJson } from './json-file.js'
import { counted, err, out } from './output.js'
import { describeSummary } from './trace-summary.js'
import { oneLine } from './values.js'

export interface TraceCommand {
  readonly events?: string
  readonly format?: string
  readonly output?: string
  readonly summary: boolean
  readonly json?: string
  readonly quiet: boolean
}

/** The commands that it goes around: those that boot a machine, or several, and end by themselves. */
export const TRACED = ['run', 'stress', 'replay', 'conform', 'cycles', 'mount'] as const

/** Pieces of a file are written in portions of about so many characters or bytes. */
const PORTION = 2 ** 20

/** Runs `words` as a command, by `run`; answers its exit code. */
export async function traceCommand(
  words: readonly string[],
  command: TraceCommand,
  run: (argv: readonly string[]) => Promise<number>,
): Promise<number> {
  const [name = ''] = words
  if (!(TRACED as readonly string[]).includes(name)) {
    throw new UsageError(`trace goes around ${TRACED.join(', ')}, not '${oneLine(name)}'`)
  }
  const events = parseEvents(command.events ?? null)
  const files = filesOf(command)
  const json = command.json === undefined ? null : openJson(command.json)
  const summaries: Summary[] = []
  const recorder = new Recorder((trace) => {
    const chosen = { ...trace, entries: select(trace.entries, events) }
    const file = files?.write(chosen, trace)
    if (file !== undefined && !command.quiet) err(`trace: ${describe(chosen)} in ${oneLine(file)}\n`)
    if (command.summary || json !== null) summaries.push(summarise(trace))
  })
  const code = await observing(recorder, () => run(words))
  if (files?.discardUnused()) err('trace: no machine was booted, so there is nothing to write\n')
  if (command.summary) out(summaries.map(describeSummary).join('\n'))
  json?.write(`${JSON.stringify({ schemaVersion: 1, machines: summaries }, null, 2)}\n`)
  return code
}

function describe(trace: Trace): string {
  const lost = lostIn(trace)
  const text = `${counted(trace.entries.length, 'event')} of ${counted(trace.cpus, 'CPU')}`
  return lost === 0 ? text : `${text}, ${counted(lost, 'event')} lost`
}

function filesOf({ output, format, summary, json }: TraceCommand): Files | null {
  if (output !== undefined) return new Files(output, formatOf(output, format))
  if (format !== undefined) throw new UsageError('--format is for -o FILE')
  if (summary || json !== undefined) return null
  throw new UsageError('what is to come of it? -o FILE, --summary or --json FILE')
}

/** The format that is asked for, or that the file's ending stands for. */
function formatOf(file: string, name: string | undefined): OutputFormat {
  const found =
    name === undefined
      ? OUTPUT_FORMATS.flatMap((format) => format.endings.map((ending) => ({ format, ending })))
          .sort((a, b) => b.ending.length - a.ending.length)
          .find(({ ending }) => file.endsWith(ending))?.format
      : OUTPUT_FORMATS.find((format) => format.name === name)
  if (found !== undefined) return found
  const list = OUTPUT_FORMATS.map((format) => `${format.name} (${format.endings.join(', ')})`).join(', ')
  if (name !== undefined) throw new UsageError(`--format: there is no format '${oneLine(name)}'; there are ${list}`)
  throw new UsageError(`-o ${oneLine(file)}: its ending stands for no format; there are ${list}, or say --format`)
}

/** The files of the machines, one each: the first has the name that was given, the others a number before its ending. */
class Files {
  private readonly file: string
  private readonly format: OutputFormat
  /** opened before anything runs, until it is written; null then */
  private first: number | null
  private count = 0

  constructor(file: string, format: OutputFormat) {
    this.file = file
    this.format = format
    this.first = open(file)
  }

  /** Answers the file's name. */
  write(trace: Trace, whole: Trace): string {
    const { first } = this
    const file = this.nameOf(++this.count)
    const descriptor = first ?? open(file)
    this.first = null
    let portion: string[] = []
    let size = 0
    const flush = (): void => {
      writeAll(descriptor, Buffer.from(portion.join('')))
      portion = []
      size = 0
    }
    for (const piece of this.format.write(trace, whole)) {
      if (typeof piece === 'string') {
        portion.push(piece)
        size += piece.length
        if (size >= PORTION) flush()
      } else {
        flush()
        writeAll(descriptor, piece)
      }
    }
    flush()
    closeSync(descriptor)
    return file
  }

  /** Takes the file away again when nothing came of it; answers whether that is so. */
  discardUnused(): boolean {
    if (this.first === null) return false
    closeSync(this.first)
    rmSync(this.file)
    return true
  }

  private nameOf(n: number): string {
    if (n === 1) return this.file
    const ending = this.format.endings.find((each) => this.file.endsWith(each)) ?? ''
    return `${this.file.slice(0, this.file.length - ending.length)}.${n}${ending}`
  }
}

function open(file: string): number {
  try {
    return openSync(file, 'w')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError(`-o ${oneLine(file)}: can't be written: ${oneLine(reason)}`, { cause: error })
  }
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done)
}
