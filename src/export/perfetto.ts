// Traces in Perfetto's own format: protocol buffers of its public schema, a Trace of packets.
//
//   ftrace packets   the events of a CPU, some hundred each, from which it makes its scheduling views
//   tracks           of tracks.ts, but for CPUs and tasks: those it has from the events
import { byCpu } from './by-cpu.js'
import type { Trace } from './entry.js'
import { ftraceEvent, type Symbols, symbolsOf } from './perfetto-events.js'
import { Message } from './protobuf.js'
import { type Step, type Track, tracksOf } from './tracks.js'

/** Fields of Trace, TracePacket, InternedData, FtraceEventBundle, TrackDescriptor, TrackEvent, DebugAnnotation. */
const TRACE = { packet: 1 } as const
const PACKET = {
  ftraceEvents: 1,
  timestamp: 8,
  sequence: 10,
  trackEvent: 11,
  internedData: 12,
  sequenceFlags: 13,
  trackDescriptor: 60,
} as const
const INTERNED = { kernelSymbols: 26, id: 1, text: 2 } as const
const BUNDLE = { cpu: 1, event: 2, lostEvents: 3 } as const
const DESCRIPTOR = { uuid: 1, name: 2, parentUuid: 5 } as const
const TRACK_EVENT = { debugAnnotations: 4, type: 9, trackUuid: 11, name: 23 } as const
const ANNOTATION = { intValue: 4, stringValue: 6, name: 10 } as const
const TYPES = { begin: 1, end: 2, instant: 3 } as const
/** All of it comes from one writer, whose first packet says that nothing came before. */
const SEQUENCE = 1
const STATE_CLEARED = 1
/** Events in one packet. */
const BUNDLE_EVENTS = 512
/** Track number n has this plus n; groups are tracks themselves, that have the others below them. */
const TRACK_UUIDS = 1000
const GROUPS: readonly Track['group'][] = ['requests', 'hotplug', 'cpus']

/** The file's contents, a packet each. `trace` has the events, `whole` what the tracks are made of. */
export function* perfettoTrace(trace: Trace, whole: Trace): Generator<Uint8Array> {
  const symbols = symbolsOf(trace.entries)
  const first = new Message().int(PACKET.sequence, SEQUENCE).int(PACKET.sequenceFlags, STATE_CLEARED)
  yield packet(first.message(PACKET.internedData, internedData(symbols)))
  for (const bundle of bundlesOf(trace, symbols)) {
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

/** CPUs, tasks and work are in its own views already; not what CPUs are besides. */
function isShown({ group, name }: Track): boolean {
  return group !== 'tasks' && group !== 'work' && !/^CPU \d+$/.test(name)
}

/** The names of functions, that events have the numbers of. */
function internedData(symbols: Symbols): Message {
  const data = new Message()
  for (const [name, id] of symbols) {
    data.message(INTERNED.kernelSymbols, new Message().int(INTERNED.id, id).text(INTERNED.text, name))
  }
  return data
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
function* bundlesOf(trace: Trace, symbols: Symbols): Generator<Message> {
  for (const [cpu, entries] of byCpu(trace).entries()) {
    let bundle: Message | null = null
    let count = 0
    for (const entry of entries) {
      if (bundle === null || count === BUNDLE_EVENTS || entry.lost > 0) {
        if (bundle !== null) yield bundle
        bundle = bundleOf(cpu, entry.lost > 0)
        count = 0
      }
      bundle.message(BUNDLE.event, ftraceEvent(entry, symbols))
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
