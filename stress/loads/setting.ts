// Loads as the command line names them: 'irq-off:us=200,fifo:prio=50,tasks=2', 'all', 'all,irq-off:us=500'.
//
// What stands before a colon, or alone, is a kind; NAME=VALUE sets a parameter of the kind before it.
import { UsageError } from '../../src/base/failure.js'
import { KINDS, type Kind, kindOf, type Values } from './kinds.js'

/** A load that is asked for: its kind, with a value for every parameter. */
export interface LoadSetting {
  readonly kind: Kind
  readonly values: Values
}

/** A load with its usual parameters. */
export function standard(kind: Kind): LoadSetting {
  return { kind, values: Object.fromEntries(Object.entries(kind.parameters).map(([name, p]) => [name, p.default])) }
}

/** The loads of a list, each kind once. A UsageError in one line for what there is not. */
export function parseLoads(text: string): LoadSetting[] {
  const found = new Map<string, LoadSetting>()
  let last: LoadSetting | null = null
  for (const item of text.split(',')) {
    const [, name, , assignment = ''] = /^([^:=]*)(:(.*))?$/s.exec(item) ?? []
    if (name === 'all' && assignment === '') {
      for (const kind of KINDS) if (!found.has(kind.name)) found.set(kind.name, standard(kind))
      last = null
    } else if (name !== undefined) {
      const kind = kindOf(name)
      if (kind === undefined) throw new UsageError(`--load: there is no load '${quoted(name)}'; there are ${names()}`)
      last = found.get(name) ?? standard(kind)
      if (item.includes(':')) last = assigned(last, assignment)
    } else if (last !== null) last = assigned(last, item)
    else throw new UsageError(`--load: '${quoted(item)}' sets a parameter, and no load stands before it`)
    if (last !== null) found.set(last.kind.name, last)
  }
  return [...found.values()]
}

function names(): string {
  return [...KINDS.map(({ name }) => name), 'all'].join(', ')
}

function quoted(text: string): string {
  return text.replace(/\s+/g, ' ').slice(0, 60)
}

function assigned({ kind, values }: LoadSetting, assignment: string): LoadSetting {
  const [name = '', text] = assignment.split(/=(.*)/s)
  const known = Object.keys(kind.parameters)
  if (text === undefined || !Object.hasOwn(kind.parameters, name)) {
    throw new UsageError(
      `--load ${kind.name}: takes ${known.map((p) => `${p}=N`).join(', ')}, not '${quoted(assignment)}'`,
    )
  }
  return { kind, values: { ...values, [name]: checkValue(kind, name, text) } }
}

/** The value of a parameter, from its text. */
export function checkValue(kind: Kind, name: string, text: string): number {
  const { min, max } = kind.parameters[name]!
  const value = /^-?\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw new UsageError(`--load ${kind.name}: ${name} is a whole number from ${min} to ${max}, not '${quoted(text)}'`)
}

/** A load in the words of the command line, with what differs from the defaults. */
export function formatLoad({ kind, values }: LoadSetting): string {
  const changed = Object.entries(values).filter(([name, value]) => value !== kind.parameters[name]!.default)
  return changed.length === 0
    ? kind.name
    : `${kind.name}:${changed.map(([name, value]) => `${name}=${value}`).join(',')}`
}
