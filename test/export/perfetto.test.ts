import { join } from 'node:path'
import fc from 'fast-check'
import protobuf from 'protobufjs'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Entry, Trace } from '#dist/src/export/entry.js'
import { perfettoTrace } from '#dist/src/export/perfetto.js'
import { Message } from '#dist/src/export/protobuf.js'
import { anyTrace, recorded } from '../support/export.js'
import { ROOT } from '../support/run.js'

interface Event {
  readonly timestamp: string
  readonly pid: number
  readonly [name: string]: unknown
}
interface Packet {
  readonly timestamp?: string
  readonly sequence_flags?: number
  readonly ftrace_events?: { readonly cpu: number; readonly event?: readonly Event[]; readonly lost_events?: boolean }
  readonly track_event?: { readonly type: string; readonly track_uuid: string; readonly name?: string }
  readonly track_descriptor?: { readonly uuid: string; readonly name: string; readonly parent_uuid?: string }
}

let schema: protobuf.Type
beforeAll(async () => {
  const root = await new protobuf.Root().load(join(ROOT, 'test/fixtures/perfetto.proto'), { keepCase: true })
  schema = root.lookupType('perfetto.protos.Trace')
})

function decode(trace: Trace): Packet[] {
  const bytes = Buffer.concat([...perfettoTrace(trace, trace)])
  const options = { longs: String, enums: String, arrays: false }
  return schema.toObject(schema.decode(bytes), options).packet as Packet[]
}

function eventsOf(packets: readonly Packet[], cpu: number): Event[] {
  return packets.flatMap(({ ftrace_events: bundle }) => (bundle?.cpu === cpu ? (bundle.event ?? []) : []))
}

/** Under which name the schema has an event; those of interrupts without messages of their own are told apart less. */
function nameOf({ name }: Entry): string {
  if (/timer|^tick_|^rcu_/.test(name)) return 'generic'
  if (/^(reschedule|call_function)/.test(name)) return name.endsWith('_entry') ? 'ipi_entry' : 'ipi_exit'
  return name
}

test('every event of any trace is there once, in order, with its time, its task, and its name', () => {
  fc.assert(
    fc.property(anyTrace, (trace) => {
      const packets = decode(trace)
      for (let cpu = 0; cpu < trace.cpus; cpu++) {
        const own = trace.entries.filter((entry) => entry.cpu === cpu)
        const found = eventsOf(packets, cpu).map(({ timestamp, pid, ...rest }) => [
          Number(timestamp),
          pid,
          ...Object.keys(rest),
        ])
        expect(found).toEqual(own.map((entry) => [entry.timeNs, entry.pid, nameOf(entry)]))
        const lost = packets.some(({ ftrace_events: bundle }) => bundle?.cpu === cpu && bundle.lost_events === true)
        expect(lost).toBe(own.some((entry) => entry.lost > 0) || trace.lostAtEnd[cpu]! > 0)
      }
    }),
    { numRuns: 100 },
  )
})

describe("a machine's", () => {
  test('events have their fields', async () => {
    const { trace } = await recorded()
    const packets = decode(trace)
    let compared = 0
    for (let cpu = 0; cpu < trace.cpus; cpu++) {
      const own = trace.entries.filter((entry) => entry.cpu === cpu)
      for (const [n, event] of eventsOf(packets, cpu).entries()) {
        const { name, fields } = own[n]!
        if (!/^(sched|cpuhp|irq)/.test(name)) continue
        // Functions are addresses there, which say nothing outside the kernel.
        const { fun: _, ...expected } = fields
        const found = event[name] as Record<string, number | string>
        expect({ ...found, ...('prev_state' in found ? { prev_state: Number(found.prev_state) } : {}) }).toEqual(
          expected,
        )
        compared++
      }
    }
    expect(compared).toBeGreaterThan(300)
  })

  test('tracks are nested slices, and show the operations with their phases', async () => {
    const { trace } = await recorded()
    const packets = decode(trace)
    expect(packets[0]!.sequence_flags).toBe(1)
    const tracks = new Map(packets.flatMap(({ track_descriptor: track }) => (track ? [[track.uuid, track]] : [])))
    const open = new Map<string, { name: string; at: number }[]>()
    const slices: string[] = []
    for (const { timestamp, track_event: event } of packets) {
      if (event === undefined) continue
      const track = tracks.get(event.track_uuid)!
      expect(tracks.has(track.parent_uuid!)).toBe(true)
      const stack = open.get(track.name) ?? []
      open.set(track.name, stack)
      if (event.type === 'TYPE_SLICE_BEGIN') {
        stack.push({ name: event.name!, at: Number(timestamp) })
        slices.push([track.name, ...stack.map(({ name }) => name)].join(' > '))
      } else if (event.type === 'TYPE_SLICE_END') expect(Number(timestamp)).toBeGreaterThanOrEqual(stack.pop()!.at)
    }
    expect([...open.values()].flat()).toEqual([])
    const hotplug = 'hotplug of CPU 1'
    for (const expected of [
      'requests of requester/0-1 > offline of CPU 1',
      'requests of requester/0-1 > online of CPU 1',
      `${hotplug} > waiting for cpu_hotplug_lock`,
      `${hotplug} > cpuhp_kick_ap_work (step 236) > sched_cpu_deactivate (step 235) > grace period`,
      `${hotplug} > cpuhp_kick_ap_work (step 236) > smpboot_park_threads (step 156)`,
      `${hotplug} > takedown_cpu (step 153) > stop_machine: gathering`,
      `${hotplug} > takedown_cpu (step 153) > stop_machine: running`,
      `${hotplug} > takedown_cpu (step 153) > death`,
      `${hotplug} > bringup_cpu (step 91)`,
      'CPU 0 state > stopped',
      'CPU 2 state > stopped',
      'CPU 1 state > offline',
    ]) {
      expect(slices).toContain(expected)
    }
  })
})

test.each([0, 1, 127, 128, 300, 2 ** 31 - 1, 2 ** 32, 2 ** 53 - 1, -1, -(2 ** 31), -(2 ** 40)])(
  'the integer %d is written as the library reads it',
  (value) => {
    const type = new protobuf.Type('T').add(new protobuf.Field('value', 5, 'int64'))
    new protobuf.Root().add(type)
    const { value: read } = type.toObject(type.decode(new Message().int(5, value).done()), { longs: String })
    expect(read).toBe(String(value))
  },
)
