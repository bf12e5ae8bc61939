// Reads golden files: what a real kernel answered, request by request. See test/golden/README.md for the format.

import { readFileSync } from 'node:fs'
import { type ErrnoName, isErrnoName } from '../base/errno.js'
import { UsageError } from '../base/failure.js'

/** A golden file: the machine it was recorded on, and the requests in their order. */
export type GoldenFile = {
  readonly source: string
  readonly machine: GoldenMachine
  readonly requests: readonly GoldenRequest[]
}

export type GoldenMachine = {
  readonly kernel: string
  readonly profile: string
  readonly cpus: number
  readonly scenario: string
}

/** What was asked for: a write to one of a CPU's control files, or a suspend, which concerns no one CPU. */
export type GoldenCommand =
  | { readonly do: 'online' | 'target' | 'fail'; readonly cpu: number; readonly value: string }
  | { readonly do: 'suspend'; readonly cpu: null; readonly value: string }

/** One request and what became of it: answered, or the machine died of it, or it never came back. */
export type GoldenRequest = GoldenCommand & { readonly line: number } & (
    | GoldenAnswer
    | { readonly outcome: 'panic'; readonly panic: string }
    | { readonly outcome: 'hang' }
  )

export type GoldenAnswer = {
  readonly outcome: 'answered'
  readonly errno: ErrnoName | null
  /** The CPU's files afterwards (of CPU 1 after a suspend); null where there is no such file. */
  readonly state: number | null
  readonly target: number | null
  readonly fail: number | null
  readonly file: number | null
  /** The CPU lists afterwards. */
  readonly online: string
  readonly offline: string
  readonly trace: readonly GoldenEvent[]
  /** What the kernel warned of meanwhile. */
  readonly warnings: readonly string[]
}

/** A trace event. `on` is the CPU it was recorded on, '*' where that is up to chance. */
export type GoldenEvent =
  | {
      readonly kind: 'enter' | 'multi'
      readonly on: number | '*'
      readonly task: string
      readonly cpu: number
      readonly target: number
      readonly step: number
      readonly function: string
    }
  | {
      readonly kind: 'exit'
      readonly on: number | '*'
      readonly task: string
      readonly cpu: number
      readonly state: number
      readonly step: number
      readonly ret: number
    }

/** Reads a golden file. Throws a UsageError that names file and line if anything in it is not as the format says. */
export function readGolden(file: string | URL): GoldenFile {
  return parseGolden(readFileSync(file, 'utf8'), String(file))
}

/** As readGolden, of text. `source` is the name that errors give it. */
export function parseGolden(text: string, source: string): GoldenFile {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  const records = lines.map((line, index) => parseRecord(line, source, index + 1))
  if (records.length === 0) throw new UsageError(`${source}:1: the file is empty`)
  const machine = parseMachine(records[0])

  const requests: GoldenRequest[] = []
  for (const record of records.slice(1)) {
    const before = requests.at(-1)
    if (before !== undefined && before.outcome !== 'answered') {
      throw record.error(`nothing can follow a request that ended in a ${before.outcome}`)
    }
    if (!record.has('warn')) requests.push(parseRequest(record))
    else if (before === undefined) throw record.error('a warning must follow a request')
    else requests[requests.length - 1] = { ...before, warnings: [...before.warnings, record.text('warn')] }
  }
  return { source, machine, requests }
}

function parseMachine(record: Fields): GoldenMachine {
  return {
    kernel: record.text('kernel'),
    profile: record.text('profile'),
    cpus: record.integer('cpus'),
    scenario: record.text('scenario'),
  }
}

function parseRequest(record: Fields): GoldenRequest {
  const base = { ...parseCommand(record), line: record.line }
  if (record.has('panic')) return { ...base, outcome: 'panic', panic: record.text('panic') }
  if (record.has('hang')) return { ...base, outcome: 'hang' }
  const errno = record.nullable('errno', record.text)
  if (errno !== null && !isErrnoName(errno)) throw record.error(`errno: ${errno} is no error's name`)
  const number = (key: string): number | null => record.nullable(key, record.integer)
  return {
    ...base,
    outcome: 'answered',
    errno,
    state: number('state'),
    target: number('target'),
    fail: number('fail'),
    file: number('file'),
    online: record.text('online'),
    offline: record.text('offline'),
    trace: record.texts('trace').map((event) => parseEvent(event, record)),
    warnings: [],
  }
}

function parseCommand(record: Fields): GoldenCommand {
  const what = record.text('do')
  const value = record.text('value')
  if (what === 'suspend') return { do: what, cpu: null, value }
  if (what === 'online' || what === 'target' || what === 'fail') return { do: what, cpu: record.integer('cpu'), value }
  throw record.error(`do: '${what}' is none of online, target, fail, suspend`)
}

const EVENT = /^(\*|\d+) (\S+) (?:(enter|multi) (\d+) (\d+) (\d+) (\S+)|exit (\d+) (\d+) (\d+) (-?\d+))$/

function parseEvent(text: string, record: Fields): GoldenEvent {
  const match = EVENT.exec(text)
  if (match === null) throw record.error(`trace: '${text}' is no event`)
  const [, on, task, entry, ...rest] = match
  const where = { on: on === '*' ? on : Number(on), task } as const
  if (entry === 'enter' || entry === 'multi') {
    const [cpu, target, step] = rest.slice(0, 3).map(Number)
    return { kind: entry, ...where, cpu, target, step, function: rest[3] }
  }
  const [cpu, state, step, ret] = rest.slice(4).map(Number)
  return { kind: 'exit', ...where, cpu, state, step, ret }
}

/** An event as a golden file writes it. */
export function formatEvent(event: GoldenEvent): string {
  const { on, task, kind, cpu, step } = event
  return event.kind === 'exit'
    ? `${on} ${task} ${kind} ${cpu} ${event.state} ${step} ${event.ret}`
    : `${on} ${task} ${kind} ${cpu} ${event.target} ${step} ${event.function}`
}

// One line's fields. Every getter throws an error that names file, line and field if the value is not of its type.
type Fields = {
  readonly line: number
  has(key: string): boolean
  text(key: string): string
  texts(key: string): string[]
  integer(key: string): number
  nullable<T>(key: string, get: (key: string) => T): T | null
  error(problem: string): Error
}

function parseRecord(text: string, source: string, line: number): Fields {
  const error = (problem: string): UsageError => new UsageError(`${source}:${line}: ${problem}`)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new UsageError(`${source}:${line}: is not JSON`, { cause })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw error('is not a JSON object')
  const fields = new Map<string, unknown>(Object.entries(value))
  const get = <T>(key: string, type: string, is: (value: unknown) => value is T): T => {
    const found = fields.get(key)
    if (!is(found)) throw error(`${key}: ${found === undefined ? 'missing' : JSON.stringify(found)} is not ${type}`)
    return found
  }
  return {
    line,
    error,
    has: (key) => fields.has(key),
    text: (key) => get(key, 'text', isText),
    texts: (key) => get(key, 'a list of texts', isTexts),
    integer: (key) => get(key, 'an integer', isInteger),
    nullable: (key, getter) => (fields.get(key) === null ? null : getter(key)),
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(isText)
}

function isInteger(value: unknown): value is number {
  return Number.isInteger(value)
}
