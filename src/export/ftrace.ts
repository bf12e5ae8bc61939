// Traces as text, as the kernel's /sys/kernel/tracing/trace has them.
import { preemptDepth, TRACE_FLAG } from '../trace/events.js'
import { type Entry, lostIn, type Trace } from './entry.js'
import { eventText } from './formats.js'

const LEGEND = [
  '#                                _-----=> irqs-off/BH-disabled',
  '#                               / _----=> need-resched',
  '#                              | / _---=> hardirq/softirq',
  '#                              || / _--=> preempt-depth',
  '#                              ||| / _-=> migrate-disable',
  '#                              |||| /     delay',
  '#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION',
  '#              | |         |   |||||     |         |',
]

/** The trace's lines. An event before which others of its CPU were lost has a line before it that says how many. */
export function* ftraceLines(trace: Trace): Generator<string> {
  const { entries, online, lostAtEnd } = trace
  yield '# tracer: nop'
  yield '#'
  yield `# entries-in-buffer/entries-written: ${entries.length}/${entries.length + lostIn(trace)}   #P:${online}`
  yield '#'
  yield* LEGEND
  for (const entry of entries) {
    if (entry.lost > 0) yield lostLine(entry.cpu, entry.lost)
    yield ftraceLine(entry)
  }
  for (const [cpu, lost] of lostAtEnd.entries()) if (lost > 0) yield lostLine(cpu, lost)
}

function lostLine(cpu: number, lost: number): string {
  return `CPU:${cpu} [LOST ${lost} EVENTS]`
}

/** '         cpuhp/2-24      [002] .....     5.322321: cpuhp_enter: cpu: 0002 target: 153 step: 235 (sched_cpu_deactivate)' */
export function ftraceLine(entry: Entry): string {
  const { cpu, pid, comm, flags, timeNs, name, fields } = entry
  const task = `${(pid === 0 ? '<idle>' : comm).padStart(16)}-${String(pid).padEnd(7)}`
  const event = name === 'print' ? '' : `${name}: `
  return `${task} [${String(cpu).padStart(3, '0')}] ${flagText(flags)} ${timeText(timeNs)}: ${event}${eventText(name, fields)}`
}

/** Interrupts on, and off; with softirqs, and without. */
const IRQS_OFF = ['.b', 'dD']
/** Outside of an interrupt's handler, and in one; in a softirq as well. */
const HANDLER = ['.s', 'hH']

/** The latency flags: 'dNh2.'. */
function flagText(flags: number): string {
  const depth = preemptDepth(flags)
  const irqs = IRQS_OFF[flags & TRACE_FLAG.irqsOff ? 1 : 0]![flags & TRACE_FLAG.softirqsOff ? 1 : 0]
  const resched = flags & TRACE_FLAG.needResched ? 'N' : '.'
  const handler = HANDLER[flags & TRACE_FLAG.hardirq ? 1 : 0]![flags & TRACE_FLAG.softirq ? 1 : 0]
  return `${irqs}${resched}${handler}${depth === 0 ? '.' : depth.toString(16)}.`
}

/** Seconds and microseconds, rounded to the nearest. */
function timeText(timeNs: number): string {
  const us = Math.floor((Math.floor(timeNs) + 500) / 1000)
  return `${String(Math.floor(us / 1e6)).padStart(5)}.${String(us % 1e6).padStart(6, '0')}`
}
