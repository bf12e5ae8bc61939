// How a trace event is described: as a kernel does it in events/SYSTEM/NAME/format.
import { layOut, type Member } from './layout.js'

/** An event's own fields, under Linux's names: numbers, texts, and names of functions where Linux has addresses. */
export type Fields = Readonly<Record<string, number | string>>

export interface Format {
  readonly system: string
  /** the kernel's number for it, common_type */
  readonly id: number
  readonly members: readonly Member[]
  /** print fmt: the pattern, the arguments as C has them, and their values */
  readonly pattern: string
  readonly args: string
  readonly values: (fields: Fields) => (number | string)[]
}

type Value = (fields: Fields) => (number | string)[]

/** `members`: 'type name' in order. `values`: what the pattern takes, when that is not simply the members. */
export function format(
  system: string,
  id: number,
  members: string[],
  pattern: string,
  args?: string,
  values?: Value,
): Format {
  const laidOut = layOut(members)
  const names = laidOut.map(({ name }) => name)
  return {
    system,
    id,
    members: laidOut,
    pattern,
    args: args ?? names.map((name) => `REC->${name}`).join(', '),
    values: values ?? take(...names),
  }
}

/** The values of those fields, in that order. */
export function take(...names: string[]): Value {
  return (fields) => names.map((name) => fields[name]!)
}

/** What a value, or a bit of it, is called: its C text, its value, its name. */
export type Symbols = readonly (readonly [text: string, value: number, name: string])[]

/** As C has it behind __print_symbolic and __print_flags: '{ 0, "HI" }, { 1, "TIMER" }'. */
export function symbolList(symbols: Symbols): string {
  return symbols.map(([text, , name]) => `{ ${text}, "${name}" }`).join(', ')
}

/** The name of a value; one that has none is shown as a number. */
export function symbolic(symbols: Symbols, value: number): string {
  return symbols.find(([, known]) => known === value)?.[2] ?? `0x${value.toString(16)}`
}

/** The names of a value's bits. */
export function flagNames(symbols: Symbols, value: number): string {
  return symbols
    .filter(([, bit]) => value & bit)
    .map(([, , name]) => name)
    .join('|')
}

export function hex8(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`
}
