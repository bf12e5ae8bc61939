// Traces for tests of what is exported.
import fc from 'fast-check'
import type { Entry, Trace } from '#dist/src/export/entry.js'
import { FORMAT_NAMES, FORMATS } from '#dist/src/export/formats.js'
import type { Member } from '#dist/src/export/layout.js'
import { Recorder } from '#dist/src/export/recorder.js'
import { Machine } from '#dist/src/machine/machine.js'
import { observing } from '#dist/src/machine/observer.js'
import { TASK } from '#dist/src/memory/structs.js'

interface Recorded {
  readonly trace: Trace
  /** how many events the machine's own reader saw */
  readonly events: number
  /** how long the kernel says that the task ran, ns */
  readonly ran: number
}

/** A deterministic machine that takes a busy CPU down and brings it up again; its own reader sees the same. */
export async function recorded(seed = 1): Promise<Recorded> {
  const traces: Trace[] = []
  let events = 0
  let ran = 0
  await observing(new Recorder((trace) => traces.push(trace)), async () => {
    const machine = await Machine.boot({ cpus: 3, machine: 'deterministic', seed, traceRecords: 8192 })
    const task = await machine.spawn({ workload: 'sha256', work: 100_000, affinity: '1', nice: -5, name: 'busy' })
    await machine.offline(1)
    await machine.online(1)
    await task.result
    // Until it has left its CPU.
    await machine.sleep(1e6)
    ran = machine.memory.getTime(machine.memory.userTask(0) + TASK.sumExec)
    events = machine.trace().length
    await machine.shutdown()
  })
  return { trace: traces[0]!, events, ran }
}

const word = fc.stringMatching(/^[a-z][a-z0-9_/:-]{0,14}$/)

/** A value that such a member may have. */
function valuesOf({ type, name }: Member): fc.Arbitrary<number | string> {
  if (name === 'prev_state') return fc.constantFrom(0, 1, 2, 0x10, 0x40, 0x100)
  if (name === 'target_cpus') return fc.nat(200)
  if (/char|^fun|^ip$/.test(`${type} ${name}`) || /^(fun|function|ip)$/.test(name)) return word
  if (type === 'bool') return fc.nat(1)
  if (/void|long|s64/.test(type)) return fc.nat(2 ** 31)
  return type === 'unsigned int' ? fc.nat(4095) : fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
}

/** Traces of all kinds of events, with losses, and gaps of up to seconds between two events. */
export const anyTrace: fc.Arbitrary<Trace> = fc
  .tuple(
    fc.array(
      fc.constantFrom(...FORMAT_NAMES).chain((name) =>
        fc.record({
          cpu: fc.nat(2),
          timeNs: fc.oneof(fc.nat(1000), fc.nat(3_000_000_000)),
          pid: fc.nat(40_000),
          comm: word,
          flags: fc.nat(511),
          name: fc.constant(name),
          fields: fc.record(Object.fromEntries(FORMATS[name].members.map((member) => [member.name, valuesOf(member)]))),
          mark: fc.constant(null),
          lost: fc.oneof(
            { weight: 9, arbitrary: fc.constant(0) },
            { weight: 1, arbitrary: fc.integer({ min: 1, max: 1e6 }) },
          ),
        }),
      ),
      { maxLength: 300 },
    ),
    fc.array(fc.nat(3), { minLength: 3, maxLength: 3 }),
  )
  .map(([drawn, lostAtEnd]) => {
    let timeNs = 0
    const entries = drawn.map((entry): Entry => {
      timeNs += entry.timeNs
      return { ...entry, timeNs }
    })
    return { kind: 'deterministic', cpus: 3, online: 3, entries, lostAtEnd, endNs: timeNs }
  })
