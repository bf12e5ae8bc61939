// What reports are made of, from events that are written down here, and from those of machines.
import { expect, test } from 'vitest'
import { loadProfile } from '#dist/src/profiles/load.js'
import { InterruptReader } from '#dist/src/report/interrupts.js'
import { MigrationCounter } from '#dist/src/report/migrations.js'
import { type Operation, PhaseReader } from '#dist/src/report/phases.js'
import { StepReader, timesOf } from '#dist/src/report/steps.js'
import type { TraceEvent } from '#dist/src/trace/ring.js'
import { DetailReader } from '#dist/stress/details.js'
import { onEveryMachine } from '../support/machines.js'

const NAMES = ['', 'cpuhp_kick_ap_work', 'one', 'many']
const event = (name: string, timeNs: number, fields: Partial<TraceEvent> = {}): TraceEvent => ({
  ...{ cpu: 0, ticket: timeNs, event: name, function: 0, flags: 0, task: 7, a: 1, b: 0, c: 0, timeNs },
  ...fields,
})
const operation = (beganNs: number, totalNs: number): Operation => ({
  ...{ cpu: 1, way: 'offline', result: 0, beganNs, totalNs, phases: new Map(), bystanders: [] },
})

test('the time in a step is that of all its instances, and of nobody else', () => {
  const reader = new StepReader((fn) => NAMES[fn]!)
  const events = [
    event('cpuhp_exit', 5, { task: 9, c: 44 }),
    event('cpuhp_enter', 10, { function: 1, c: 236 }),
    event('cpuhp_enter', 20, { task: 8, function: 2, c: 235 }),
    event('cpuhp_enter', 25, { task: 9, function: 2, c: 235, a: 2 }),
    event('cpuhp_exit', 30, { task: 8, c: 235 }),
    event('cpuhp_exit', 35, { task: 9, c: 235, a: 2 }),
    event('cpuhp_multi_enter', 40, { task: 8, function: 3, c: 200 }),
    event('cpuhp_exit', 44, { task: 8, c: 200 }),
    event('cpuhp_multi_enter', 50, { task: 8, function: 3, c: 200 }),
    // -11 in the upper half
    event('cpuhp_exit', 51, { task: 8, c: 200 | (-11 << 16) }),
    event('cpuhp_exit', 60, { c: 236 }),
  ]
  for (const one of events) reader.take(one)
  expect(timesOf(reader.callsOf(operation(8, 60)))).toEqual([
    { state: 235, fn: 'one', ns: 10 },
    { state: 200, fn: 'many', ns: 5 },
  ])
  expect(reader.callsOf(operation(8, 60))).toEqual([])
})

test('an interrupt is on its way from the first that was sent until it is taken', () => {
  const reader = new InterruptReader()
  const taken = [
    event('ipi_raise', 10, { a: 2, b: 1 }),
    event('ipi_raise', 12, { a: 2, b: 1 }),
    event('ipi_raise', 13, { a: 2, b: 0 }),
    event('irq_entry', 20, { cpu: 3, a: 1 }),
    event('irq_entry', 25, { cpu: 2, a: 1 }),
    event('irq_entry', 26, { cpu: 2, a: 1 }),
    event('irq_entry', 30, { cpu: 2, a: 0 }),
  ].map((one) => reader.take(one))
  expect(taken).toEqual([null, null, null, null, 15, null, 17])
})

test('migrations are counted by cause, and by where from and where to', () => {
  const counter = new MigrationCounter()
  const move = (from: number, to: number, why: number): void =>
    counter.take(event('sched_migrate_task', 1, { b: from | (why << 16), c: to }))
  move(1, 2, 2)
  move(3, 0, 0)
  move(1, 2, 5)
  counter.take(event('sched_switch', 1))
  expect(counter.pairs()).toEqual([
    { from: 1, to: 2, count: 2 },
    { from: 3, to: 0, count: 1 },
  ])
  expect(counter.causes).toEqual({ wakeup: 1, made: 0, push: 1, affinity: 0, idle: 0, balance: 1 })
})

onEveryMachine(
  'a timeline covers every CPU from the lock to the answer',
  { cpus: 3, seeds: 4, traceRecords: 8192 },
  async (machine) => {
    const phases = new PhaseReader((fn) => machine.functionName(fn))
    const details = new DetailReader(machine)
    const load = await machine.spawn({ workload: 'sieve', work: 2 ** 31 - 1, affinity: '2', name: 'busy' })
    details.skip(machine.trace())
    await machine.offline(2)
    const events = machine.trace()
    const operations = phases.read(events)
    details.take(events, operations)
    await load.kill()
    const { timeline, steps, interrupts } = details.details(loadProfile('linux-6.1-minimal'))
    const [{ totalNs, phases: times }] = operations
    expect(timeline).toMatchObject({ cpu: 2, way: 'offline', cpus: 3, totalNs: totalNs - times.get('lock')! })
    expect(timeline!.lanes.map(({ cpu }) => cpu)).toEqual([0, 1, 2])
    for (const { cpu, spans, irqsOff } of timeline!.lanes) {
      // One after the other, from the beginning to the end.
      expect([0, ...spans.map(({ toNs }) => toNs)]).toEqual([...spans.map(({ fromNs }) => fromNs), timeline!.totalNs])
      expect(irqsOff.length, `CPU ${cpu}`).toBeGreaterThanOrEqual(cpu === 2 ? 0 : 1)
    }
    const victim = timeline!.lanes[2]!.spans
    expect(victim.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['hotplug', 'stopper', 'offline']))
    expect(victim.at(-1)!.kind).toBe('offline')
    expect(timeline!.calls.map(({ fn }) => fn)).toContain('takedown_cpu')
    for (const { toNs } of timeline!.calls) expect(toNs).toBeLessThanOrEqual(timeline!.totalNs)
    expect(steps.find(({ fn }) => fn === 'sched_cpu_deactivate')).toMatchObject({ step: 'sched:active', state: 235 })
    expect(interrupts!.count).toBeGreaterThan(0)
  },
)
