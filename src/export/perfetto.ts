// Traces in Perfetto's own format: protocol buffers of its public schema, a Trace of packets.
//
//   ftrace packets   the events of a CPU, some hundred each, from which it makes its scheduling views
//   tracks           of tracks.ts, but for CPUs and tasks: those it has from the events
import { byCpu } from './by-cpu.js'
import type { Entry, Trace } from './entry.js'
import type { EventName, Fields } from './formats.js'
import { Message } from './protobuf.js'
import { type Step, type Track, tracksOf } from './tracks.js'

/** Fields of Trace, TracePacket, FtraceEventBundle, TrackDescriptor, TrackEvent, DebugAnnotation. */
const TRACE = { packet: 1 } as const
const PACKET = {
  ftraceEvents: 1,
  timestamp: 8,
  sequence: 10,
  trackEvent: 11,
  sequenceFlags: 13,
  trackDescriptor: 60,
} as const
const BUNDLE = { cpu: 1, event: 2, lostEvents: 3 } as const
const FTRACE_EVENT = { timestamp: 1, pid: 2, generic: 327 } as const
const DESCRIPTOR = { uuid: 1, name: 2, parentUuid: 5 } as const
const TRACK_EVENT = { debugAnnotations: 4, type: 9, trackUuid: 11, name: 23 } as const
const ANNOTATION = { intValue: 4, stringValue: 6, name: 10 } as const
const GENERIC = { eventName: 1, field: 2, name: 1, stringValue: 3, intValue: 4 } as const
const TYPES = { begin: 1, end: 2, instant: 3 } as const
/** All of it comes from one writer, whose first packet says that nothing came before. */
const SEQUENCE = 1
const STATE_CLEARED = 1
/** Events in one packet. */
const BUNDLE_EVENTS = 512
/** Track number n has this plus n; groups are tracks themselves, that have the others below them. */
const TRACK_UUIDS = 1000
const GROUPS: readonly Track['group'][] = ['requests', 'hotplug', 'cpus']

const SWITCH = ['prev_comm', 'prev_pid', 'prev_prio', 'prev_state', 'next_comm', 'next_pid', 'next_prio']
const CPUHP_ENTER = ['cpu', 'fun', 'idx', 'target']
const INTERPROCESSOR = ['reason']

/** An event's field in FtraceEvent, and the fields of its own message, from 1 on; '' for one that it has not here. */
const EVENTS: Partial<Record<EventName, { readonly field: number; readonly members: readonly string[] }>> = {
  print: { field: 3, members: ['ip', 'buf'] },
  sched_switch: { field: 4, members: SWITCH },
  sched_wakeup: { field: 17, members: ['comm', 'pid', 'prio', '', 'target_cpu'] },
  sched_migrate_task: { field: 491, members: ['comm', 'pid', 'prio', 'orig_cpu', 'dest_cpu'] },
  sched_process_fork: { field: 239, members: ['parent_comm', 'parent_pid', 'child_comm', 'child_pid'] },
  ipi_raise: { field: 23, members: ['target_cpus', 'reason'] },
  irq_handler_entry: { field: 36, members: ['irq', 'name'] },
  irq_handler_exit: { field: 37, members: ['irq', 'ret'] },
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

/** The file's contents, a packet each. `trace` has the events, `whole` what the tracks are made of. */
export function* perfettoTrace(trace: Trace, whole: Trace): Generator<Uint8Array> {
  yield packet(new Message().int(PACKET.sequence, SEQUENCE).int(PACKET.sequenceFlags, STATE_CLEARED))
  for (const bundle of bundlesOf(trace)) {
    yield packet(new Message().int(PACKET.sequence, SEQUENCE).message(PACKET.ftraceEvents, bundle))
  }
  const { tracks, steps } = tracksOf(whole)
  const shown = tracks.filter((track) => isShown(track))
  for (const [n, name] of GROUPS.entries()) yield descriptor(n + 1, name, null)
  for (const { id, group, name } of shown) yield descriptor(TRACK_UUIDS + id, name, GROUPS.indexOf(group) + 1)
  for (const step of steps) {
    if (!isShown(step.track)) continue
    const event = new Message().int(PACKET.timestamp, Math.floor(step.timeNs)).int(PACKET.sequence, SEQUENCE)
    yield packet(event.message(PACKET.trackEvent, trackEvent(step)))
  }
}

/** CPUs and tasks themselves are in its own views already; not what CPUs are besides. */
function isShown({ group, name }: Track): boolean {
  return group !== 'tasks' && !/^CPU \d+$/.test(name)
}

function packet(content: Message): Uint8Array {
  return new Message().message(TRACE.packet, content).done()
}

function descriptor(uuid: number, name: string, parent: number | null): Uint8Array {
  const track = new Message().int(DESCRIPTOR.uuid, uuid).text(DESCRIPTOR.name, name)
  if (parent !== null) track.int(DESCRIPTOR.parentUuid, parent)
  return packet(new Message().int(PACKET.sequence, SEQUENCE).message(PACKET.trackDescriptor, track))
}

function trackEvent({ kind, track, name, fields }: Step): Message {
  const event = new Message().int(TRACK_EVENT.type, TYPES[kind]).int(TRACK_EVENT.trackUuid, TRACK_UUIDS + track.id)
  if (kind === 'end') return event
  event.text(TRACK_EVENT.name, name)
  for (const [key, value] of Object.entries(fields)) {
    const annotation = new Message().text(ANNOTATION.name, key)
    if (typeof value === 'string') annotation.text(ANNOTATION.stringValue, value)
    else annotation.int(ANNOTATION.intValue, value)
    event.message(TRACK_EVENT.debugAnnotations, annotation)
  }
  return event
}

/** The events of each CPU, so many together; a new bundle says that some were lost before it. */
function* bundlesOf(trace: Trace): Generator<Message> {
  for (const [cpu, entries] of byCpu(trace).entries()) {
    let bundle: Message | null = null
    let count = 0
    for (const entry of entries) {
      if (bundle === null || count === BUNDLE_EVENTS || entry.lost > 0) {
        if (bundle !== null) yield bundle
        bundle = bundleOf(cpu, entry.lost > 0)
        count = 0
      }
      bundle.message(BUNDLE.event, ftraceEvent(entry))
      count++
    }
    if (bundle !== null) yield bundle
    if ((trace.lostAtEnd[cpu] ?? 0) > 0) yield bundleOf(cpu, true)
  }
}

function bundleOf(cpu: number, lost: boolean): Message {
  const bundle = new Message().int(BUNDLE.cpu, cpu)
  return lost ? bundle.int(BUNDLE.lostEvents, 1) : bundle
}

function ftraceEvent({ timeNs, pid, name, fields }: Entry): Message {
  const event = new Message().int(FTRACE_EVENT.timestamp, Math.floor(timeNs)).int(FTRACE_EVENT.pid, pid)
  const reason = REASONS[name]
  const known = reason === undefined ? EVENTS[name] : name.endsWith('_entry') ? IPI_ENTRY : IPI_EXIT
  if (known === undefined) return event.message(FTRACE_EVENT.generic, genericEvent(name, fields))
  return event.message(known.field, ownMessage(known.members, reason === undefined ? fields : { reason }))
}

/** Functions are numbers there, that nothing in a file gives names to; they are left out, and tracks have them. */
const ADDRESSES = new Set(['fun', 'ip'])

function ownMessage(members: readonly string[], fields: Fields): Message {
  const message = new Message()
  for (const [n, member] of members.entries()) {
    const value = fields[member]
    if (value === undefined || ADDRESSES.has(member)) continue
    if (member === 'target_cpus') message.uint64(n + 1, BigInt.asUintN(32, 1n << BigInt(value)))
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
