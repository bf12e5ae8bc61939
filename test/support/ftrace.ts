// Reading ftrace text: a kernel's, and ours.
import type { Entry } from '#dist/src/export/entry.js'
import { type EventName, FORMATS } from '#dist/src/export/formats.js'
import { withFlags } from '#dist/src/trace/events.js'

const LINE = /^ *(.+)-(\d+) +\[(\d{3,})\] ([d.])([Nn.])([hHs.])([0-9a-f.])([0-9a-f.]) +(\d+)\.(\d{6}): (\w+):(.*)$/

/** One line; null when it is none of an event. What is not the same in every trace is not interpreted. */
export function parseLine(line: string): Omit<Entry, 'mark' | 'lost'> | null {
  const match = LINE.exec(line)
  if (match === null) return null
  const [, comm, pid, cpu, irqs, resched, interrupt, depth, , seconds, micros, name, text] = match
  const flags = withFlags(
    0,
    irqs === 'd',
    resched === 'N',
    /[hH]/.test(interrupt),
    depth === '.' ? 0 : Number.parseInt(depth, 16),
  )
  const isMark = name === 'tracing_mark_write'
  return {
    cpu: Number(cpu),
    timeNs: Number(seconds) * 1e9 + Number(micros) * 1e3,
    pid: Number(pid),
    comm,
    flags: flags >>> 24,
    name: (isMark ? 'print' : name) as EventName,
    fields: isMark ? { ip: name, buf: text.slice(1) } : fieldsOf(name as EventName, text.slice(1)),
  }
}

/** A pattern of the kernel's as a regular expression that its output matches, with a group for each conversion. */
function expressionOf(pattern: string): RegExp {
  const escaped = pattern.replace(/[()[\]+*?.^$|\\]/g, '\\$&')
  return new RegExp(
    `^${escaped.replace(/%\d*(ps|[dus])/g, (_, kind) => (/[du]/.test(kind) ? ' *(-?\\d+)' : '(.*?)'))}$`,
  )
}

function fieldsOf(name: EventName, text: string): Record<string, number | string> {
  const { pattern, members } = FORMATS[name]
  const values = expressionOf(pattern).exec(text)?.slice(1)
  if (values === undefined) throw new Error(`${name} does not read '${pattern}': ${text}`)
  // Two of its texts are one field.
  if (name === 'sched_switch') values.splice(3, 2, String(stateOf(`${values[3]}${values[4]}`)))
  if (name === 'irq_handler_exit') values[1] = values[1] === 'handled' ? '1' : '0'
  if (name === 'ipi_raise') values[0] = String(BigInt(`0x${values[0]!.replaceAll(',', '')}`).toString(2).length - 1)
  const isText = (type: string): boolean => /char|void/.test(type)
  return Object.fromEntries(
    members.map(({ name: member, type }, n) => [member, isText(type) ? values[n]! : Number(values[n])]),
  )
}

function stateOf(text: string): number {
  const letters = text.replace('+', '')
  const bits = letters === 'R' ? [] : letters.split('|').map((letter) => 1 << 'SDTtXZPI'.indexOf(letter))
  return bits.reduce((sum, bit) => sum | bit, text.endsWith('+') ? 0x100 : 0)
}
