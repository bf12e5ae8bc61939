import { describe, expect, test } from 'vitest'
import { lostIn, type Trace } from '#dist/src/export/entry.js'
import { OUTPUT_FORMATS } from '#dist/src/export/output-formats.js'
import { Recorder } from '#dist/src/export/recorder.js'
import { Recording } from '#dist/src/export/recording.js'
import { parseEvents, select } from '#dist/src/export/selection.js'
import { Machine } from '#dist/src/machine/machine.js'
import { observing } from '#dist/src/machine/observer.js'
import { PERCPU } from '#dist/src/memory/structs.js'
import { recorded } from '../support/export.js'

const OPTIONS = { cpus: 3, machine: 'deterministic' } as const

/** What is recorded of whatever boots machines. */
async function tracesOf(work: () => Promise<void>): Promise<Trace[]> {
  const traces: Trace[] = []
  await observing(new Recorder((trace) => traces.push(trace)), work)
  return traces
}

async function cycle(machine: Machine, times: number): Promise<void> {
  for (let n = 0; n < times; n++) {
    await machine.offline(1)
    await machine.online(1)
  }
}

test('nothing is lost on a deterministic machine, however small its rings', async () => {
  const run = async (traceRecords: number): Promise<Trace> => {
    const [trace] = await tracesOf(async () => {
      const machine = await Machine.boot({ ...OPTIONS, traceRecords })
      await cycle(machine, 3)
      await machine.shutdown()
    })
    return trace!
  }
  const [small, large] = [await run(16), await run(16_384)]
  expect(lostIn(small)).toBe(0)
  expect(small.entries.length).toBeGreaterThan(500)
  expect(small).toEqual(large)
})

describe('the same seed has the same file, to the last byte, and another one has not:', () => {
  test.each(OUTPUT_FORMATS)('$name', async ({ write }) => {
    const file = async (seed: number): Promise<Buffer> => {
      const { trace } = await recorded(seed)
      return Buffer.concat([...write(trace, trace)].map((piece) => Buffer.from(piece)))
    }
    const [one, again, other] = [await file(3), await file(3), await file(4)]
    expect(one!.length).toBeGreaterThan(1000)
    expect(one!.equals(again!)).toBe(true)
    expect(one!.equals(other!)).toBe(false)
  })
})

test('events that were overwritten before they were read are counted, and said to be lost where they are missing', async () => {
  const machine = await Machine.boot({ ...OPTIONS, traceRecords: 64 })
  const recording = new Recording(machine)
  await cycle(machine, 2)
  recording.read()
  await cycle(machine, 2)
  const trace = recording.finish()
  const { memory } = machine
  const written = [0, 1, 2].reduce((sum, cpu) => sum + memory.get(memory.percpu(cpu) + PERCPU.traceHead), 0)
  await machine.shutdown()
  expect(trace.entries.length + lostIn(trace)).toBe(written)
  const lossy = trace.entries.filter(({ lost }) => lost > 0)
  expect(lossy.length).toBeGreaterThan(3)
  expect(trace.lostAtEnd).toEqual([0, 0, 0])
})

test('when there is no room any more, what follows is counted as lost at the end', async () => {
  const machine = await Machine.boot({ ...OPTIONS, traceRecords: 8192 })
  const all = new Recording(machine)
  const some = new Recording(machine, 100)
  await cycle(machine, 1)
  const [whole, part] = [all.finish(), some.finish()]
  await machine.shutdown()
  expect(part.entries).toEqual(whole.entries.slice(0, 100))
  expect(lostIn(part)).toBe(whole.entries.length - 100)
  expect(part.lostAtEnd.reduce((sum, lost) => sum + lost, 0)).toBe(whole.entries.length - 100)
})

test('a task has its own name, and not that of the one that has its place later', async () => {
  const [trace] = await tracesOf(async () => {
    const machine = await Machine.boot({ ...OPTIONS, tasks: 1, traceRecords: 65_536 })
    for (const name of ['first', 'second', 'third']) {
      await (await machine.spawn({ workload: 'sha256', work: 100, name })).result
    }
    // Until the last one has left its CPU.
    await machine.sleep(1e6)
    await machine.shutdown()
  })
  // Workers are made as well.
  const forks = trace!.entries.filter(
    ({ name, fields }) => name === 'sched_process_fork' && !String(fields.child_comm).startsWith('kworker/'),
  )
  expect(forks.map(({ fields }) => fields.child_comm)).toEqual(['first', 'second', 'third'])
  for (const { fields } of forks) {
    const comms = new Set(trace!.entries.filter(({ pid }) => pid === fields.child_pid).map(({ comm }) => comm))
    expect(comms).toEqual(new Set([fields.child_comm]))
  }
})

test('threads machines are recorded whole, with every CPU in the order of its own time', async () => {
  const [trace] = await tracesOf(async () => {
    const machine = await Machine.boot({ cpus: 3, machine: 'threads', workers: 2, traceRecords: 64 })
    await cycle(machine, 3)
    await machine.shutdown()
  })
  expect(trace!.kind).toBe('threads')
  expect(lostIn(trace!)).toBe(0)
  for (let cpu = 0; cpu < 3; cpu++) {
    const times = trace!.entries.filter((entry) => entry.cpu === cpu).map(({ timeNs }) => timeNs)
    expect(times.length).toBeGreaterThan(50)
    expect(times).toEqual([...times].sort((a, b) => a - b))
  }
})

test('nobody is observed before and after, and a machine that does not come up is observed as well', async () => {
  const before = await Machine.boot(OPTIONS)
  const traces = await tracesOf(async () => {
    await before.offline(1)
    await before.shutdown()
    const stuck = Machine.boot({ ...OPTIONS, watchdog: { operations: 50 } })
    await expect(stuck).rejects.toThrow()
  })
  const after = await Machine.boot(OPTIONS)
  await after.shutdown()
  expect(traces.length).toBe(1)
})

test('a selection has the events that were asked for, and says of losses where they fall', () => {
  const at = (name: 'reschedule_entry' | 'reschedule_exit', cpu: number, lost: number) =>
    ({ cpu, timeNs: 0, pid: 0, comm: '', flags: 0, name, fields: { vector: 253 }, mark: null, lost }) as const
  const entries = [
    at('reschedule_entry', 0, 5),
    at('reschedule_entry', 1, 0),
    at('reschedule_exit', 0, 2),
    at('reschedule_exit', 1, 0),
  ]
  const selected = select(entries, parseEvents('reschedule_exit'))
  expect(selected.map(({ cpu, lost }) => [cpu, lost])).toEqual([
    [0, 7],
    [1, 0],
  ])
  expect(select(entries, parseEvents(null))).toEqual(entries)
  expect([...parseEvents('cpuhp,print')]).toEqual(['cpuhp_enter', 'cpuhp_multi_enter', 'cpuhp_exit', 'print'])
  expect(() => parseEvents('sched,nothing')).toThrow(/no event 'nothing'; there are cpuhp, sched/)
})
