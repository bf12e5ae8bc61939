// Reading ftrace text: a kernel's, and ours.
import type { Entry } from '#dist/src/export/entry.js'
import { type EventName, FORMATS } from '#dist/src/export/formats.js'
import { flagsOf, TRACE_FLAG, withFlags } from '#dist/src/trace/events.js'
import { HRTIMER_MODE, TICK_DEP } from '#dist/src/trace/fields.js'

const LINE = /^ *(.+)-(\d+) +\[(\d{3,})\] ([dDb.])([Nn.])([hHs.])([0-9a-f.])([0-9a-f.]) +(\d+)\.(\d{6}): (\w+):(.*)$/

/** One line; null when it is none of an event. What is not the same in every trace is not interpreted. */
export function parseLine(line: string): Omit<Entry, 'mark' | 'lost'> | null {
  const match = LINE.exec(line)
  if (match === null) return null
  const [, comm, pid, cpu, irqs, resched, interrupt, depth, , seconds, micros, name, text] = match
  const { irqsOff, needResched, hardirq, softirq, softirqsOff } = TRACE_FLAG
  const flags =
    (/[dD]/.test(irqs) ? irqsOff : 0) |
    (/[Db]/.test(irqs) ? softirqsOff : 0) |
    (resched === 'N' ? needResched : 0) |
    (/[hH]/.test(interrupt) ? hardirq : 0) |
    (/[sH]/.test(interrupt) ? softirq : 0)
  const isMark = name === 'tracing_mark_write'
  return {
    cpu: Number(cpu),
    timeNs: Number(seconds) * 1e9 + Number(micros) * 1e3,
    pid: Number(pid),
    comm,
    flags: flagsOf(withFlags(0, flags, depth === '.' ? 0 : Number.parseInt(depth, 16))),
    name: (isMark ? 'print' : name) as EventName,
    fields: isMark ? { ip: name, buf: text.slice(1) } : fieldsOf(name as EventName, text.slice(1)),
  }
}

/** A pattern of the kernel's as a regular expression that its output matches, with a group for each conversion. */
function expressionOf(pattern: string): RegExp {
  const escaped = pattern.replace(/[()[\]+*?.^$|\\]/g, '\\$&')
  const group = (_: string, kind: string): string =>
    /[du]$/.test(kind) ? ' *(-?\\d+)' : kind === 'p' ? '([0-9a-f]{16})' : '(.*?)'
  return new RegExp(`^${escaped.replace(/%\d*(ps|p|(?:ll?|L)?[du]|s)/g, group)}$`)
}

/** Which fields an event's text has, in its order, when those are not its members; null: what follows from others. */
const SHOWN: Partial<Record<EventName, readonly (string | null)[]>> = {
  timer_start: ['timer', 'function', 'expires', 'timeout', 'cpu', 'idx', 'bits'],
  timer_expire_entry: ['timer', 'function', 'now', 'baseclk'],
  hrtimer_expire_entry: ['hrtimer', 'function', 'now'],
  softirq_raise: ['vec', null],
  softirq_entry: ['vec', null],
  softirq_exit: ['vec', null],
}

function fieldsOf(name: EventName, text: string): Record<string, number | string> {
  const { pattern, members } = FORMATS[name]
  const values = expressionOf(pattern).exec(text)?.slice(1)
  if (values === undefined) throw new Error(`${name} does not read '${pattern}': ${text}`)
  // Two of its texts are one field.
  if (name === 'sched_switch') values.splice(3, 2, String(stateOf(`${values[3]}${values[4]}`)))
  if (name === 'irq_handler_exit') values[1] = values[1] === 'handled' ? '1' : '0'
  if (name === 'ipi_raise') values[0] = String(BigInt(`0x${values[0]!.replaceAll(',', '')}`).toString(2).length - 1)
  if (name === 'tick_stop') values[1] = String(dependencyOf(values[1]!))
  if (name === 'hrtimer_start') values[4] = String(modeOf(values[4]!))
  const shown = SHOWN[name] ?? members.map((member) => member.name)
  const found = new Map(shown.map((field, n) => [field, values[n]!]))
  if (name === 'timer_start') timerStarted(found)
  return Object.fromEntries(
    members.map(({ name: member, type }) => {
      const value = found.get(member)!
      if (type === 'void *' && !/^fun/.test(member)) return [member, Number.parseInt(value, 16)]
      return [member, /char|void/.test(type) || member === 'ip' ? value : Number(value)]
    }),
  )
}

/** `now` is told by how long it still takes, and three of its texts are one field. */
function timerStarted(found: Map<string | null, string>): void {
  const number = (field: string): number => Number(found.get(field))
  found.set('now', String(number('expires') - number('timeout')))
  const bits = [...(found.get('bits') ?? '')].reduce((sum, letter) => sum | (0x40000 << 'MDPI'.indexOf(letter)), 0)
  found.set('flags', String(number('cpu') | bits | (number('idx') << 22)))
}

function modeOf(text: string): number {
  const bits: Record<string, number> = {
    ABS: HRTIMER_MODE.abs,
    REL: HRTIMER_MODE.rel,
    PINNED: HRTIMER_MODE.pinned,
    SOFT: HRTIMER_MODE.soft,
    HARD: HRTIMER_MODE.hard,
  }
  return text.split('|').reduce((sum, word) => sum | bits[word]!, 0)
}

function dependencyOf(text: string): number {
  const found = Object.entries(TICK_DEP).find(([name]) => name.replace(/[A-Z]/g, '_$&').toUpperCase() === text)
  if (found === undefined) throw new Error(`a tick is not needed for ${text}`)
  return found[1]
}

function stateOf(text: string): number {
  const letters = text.replace('+', '')
  const bits = letters === 'R' ? [] : letters.split('|').map((letter) => 1 << 'SDTtXZPI'.indexOf(letter))
  return bits.reduce((sum, bit) => sum | bit, text.endsWith('+') ? 0x100 : 0)
}
