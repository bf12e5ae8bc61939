// The machine's events as messages of Perfetto's schema, those of its protos/perfetto/trace/ftrace. That has none for timers,
// nor for RCU.
import type { Entry } from './entry.js'
import type { Fields } from './format.js'
import type { EventName } from './formats.js'
import { Message } from './protobuf.js'

/** Fields of FtraceEvent, and of GenericFtraceEvent with its fields. */
const FTRACE_EVENT = { timestamp: 1, pid: 2, generic: 327 } as const
const GENERIC = { eventName: 1, field: 2, name: 1, stringValue: 3, intValue: 4 } as const

/** Functions by name: their numbers in a file, from 1 on (InternedData.kernel_symbols). */
export type Symbols = ReadonlyMap<string, number>

/** The functions that are looked up so: those of work. */
export function symbolsOf(entries: readonly Entry[]): Symbols {
  const symbols = new Map<string, number>()
  for (const { name, fields } of entries) {
    if (!EVENTS[name]?.members.includes('function')) continue
    const fn = String(fields.function)
    if (!symbols.has(fn)) symbols.set(fn, symbols.size + 1)
  }
  return symbols
}

const SWITCH = ['prev_comm', 'prev_pid', 'prev_prio', 'prev_state', 'next_comm', 'next_pid', 'next_prio']
const CPUHP_ENTER = ['cpu', 'fun', 'idx', 'target']
const WAKEUP = ['comm', 'pid', 'prio', '', 'target_cpu']
const EXECUTE = ['work', 'function']
const INTERPROCESSOR = ['reason']

/** An event's field in FtraceEvent, and the fields of its own message, from 1 on; '' for one that it has not here. */
const EVENTS: Partial<Record<EventName, { readonly field: number; readonly members: readonly string[] }>> = {
  print: { field: 3, members: ['ip', 'buf'] },
  sched_switch: { field: 4, members: SWITCH },
  sched_wakeup: { field: 17, members: WAKEUP },
  sched_waking: { field: 20, members: WAKEUP },
  sched_wakeup_new: { field: 114, members: WAKEUP },
  sched_migrate_task: { field: 491, members: ['comm', 'pid', 'prio', 'orig_cpu', 'dest_cpu'] },
  sched_process_fork: { field: 239, members: ['parent_comm', 'parent_pid', 'child_comm', 'child_pid'] },
  sched_process_exit: { field: 238, members: ['comm', 'pid', '', 'prio'] },
  ipi_raise: { field: 23, members: ['target_cpus', 'reason'] },
  irq_handler_entry: { field: 36, members: ['irq', 'name'] },
  irq_handler_exit: { field: 37, members: ['irq', 'ret'] },
  softirq_entry: { field: 24, members: ['vec'] },
  softirq_exit: { field: 25, members: ['vec'] },
  softirq_raise: { field: 26, members: ['vec'] },
  workqueue_activate_work: { field: 56, members: ['work'] },
  workqueue_execute_end: { field: 57, members: ['work'] },
  workqueue_execute_start: { field: 58, members: EXECUTE },
  workqueue_queue_work: { field: 59, members: [...EXECUTE, 'workqueue', 'req_cpu', 'cpu'] },
  cpu_idle: { field: 13, members: ['state', 'cpu_id'] },
  cpuhp_exit: { field: 343, members: ['cpu', 'idx', 'ret', 'state'] },
  cpuhp_multi_enter: { field: 344, members: CPUHP_ENTER },
  cpuhp_enter: { field: 345, members: CPUHP_ENTER },
}
const IPI_ENTRY = { field: 21, members: INTERPROCESSOR }
const IPI_EXIT = { field: 22, members: INTERPROCESSOR }
/** Interrupts between CPUs have no message of their own but this, and a reason instead of a vector. */
const REASONS: Partial<Record<EventName, string>> = {
  reschedule_entry: 'Rescheduling interrupts',
  reschedule_exit: 'Rescheduling interrupts',
  call_function_entry: 'Function call interrupts',
  call_function_exit: 'Function call interrupts',
  call_function_single_entry: 'Function call interrupts',
  call_function_single_exit: 'Function call interrupts',
}

/** FtraceEvent. One that the schema has no message for is a generic one. */
export function ftraceEvent({ timeNs, pid, name, fields }: Entry, symbols: Symbols): Message {
  const event = new Message().int(FTRACE_EVENT.timestamp, Math.floor(timeNs)).int(FTRACE_EVENT.pid, pid)
  const reason = REASONS[name]
  const known = reason === undefined ? EVENTS[name] : name.endsWith('_entry') ? IPI_ENTRY : IPI_EXIT
  if (known === undefined) return event.message(FTRACE_EVENT.generic, genericEvent(name, fields))
  return event.message(known.field, ownMessage(known.members, reason === undefined ? fields : { reason }, symbols))
}

/** Functions that nothing in a file gives names to: they are left out, and tracks have them. */
const ADDRESSES = new Set(['fun', 'ip'])

function ownMessage(members: readonly string[], fields: Fields, symbols: Symbols): Message {
  const message = new Message()
  for (const [n, member] of members.entries()) {
    const value = fields[member]
    if (value === undefined || ADDRESSES.has(member)) continue
    if (member === 'target_cpus') message.uint64(n + 1, BigInt.asUintN(32, 1n << BigInt(value)))
    else if (member === 'function') message.int(n + 1, symbols.get(String(value))!)
    else if (typeof value === 'string') message.text(n + 1, value)
    else message.int(n + 1, value)
  }
  return message
}

function genericEvent(name: EventName, fields: Fields): Message {
  const message = new Message().text(GENERIC.eventName, name)
  for (const [key, value] of Object.entries(fields)) {
    const field = new Message().text(GENERIC.name, key)
    if (typeof value === 'string') field.text(GENERIC.stringValue, value)
    else field.int(GENERIC.intValue, value)
    message.message(GENERIC.field, field)
  }
  return message
}
