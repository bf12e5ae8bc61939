import { expect, test } from 'vitest'
import { OFFLINE_PHASES, ONLINE_PHASES, type Operation, PhaseReader } from '#dist/src/report/phases.js'
import { onEveryMachine } from '../support/machines.js'

onEveryMachine(
  'an operation is taken apart into phases that lie within it',
  { cpus: 4, seeds: 6, traceRecords: 8192 },
  async (machine) => {
    const reader = new PhaseReader((fn) => machine.functionName(fn))
    machine.trace()
    const load = await machine.spawn({ workload: 'sieve', work: 2 ** 31 - 1, affinity: '2' })
    const operations: Operation[] = []
    for (const cpu of [2, 1]) {
      await machine.offline(cpu)
      await machine.online(cpu)
      operations.push(...reader.read(machine.trace()))
    }
    await load.kill()
    expect(operations.map(({ way, cpu }) => `${way} ${cpu}`)).toEqual([
      'offline 2',
      'online 2',
      'offline 1',
      'online 1',
    ])
    for (const { way, totalNs, phases, bystanders } of operations) {
      expect(totalNs).toBeGreaterThan(0)
      for (const [phase, ns] of phases) {
        expect((way === 'offline' ? OFFLINE_PHASES : ONLINE_PHASES) as readonly string[]).toContain(phase)
        expect(ns, phase).toBeLessThanOrEqual(totalNs)
        expect(ns, phase).toBeGreaterThanOrEqual(0)
      }
      // Every CPU but the victim stood still, in stop_machine, when one went down.
      expect(bystanders).toHaveLength(way === 'offline' ? 3 : 0)
    }
    const [down, up] = operations
    for (const phase of OFFLINE_PHASES.filter((name) => name !== 'push'))
      expect([...down!.phases.keys()]).toContain(phase)
    expect([...up!.phases.keys()].sort()).toEqual([...ONLINE_PHASES].sort())
    // The load was pinned there: it had to be pushed away.
    expect(down!.phases.get('push')).toBeGreaterThan(0)
    // What follows one after the other adds up to less than the whole.
    const { gather = 0, run = 0, death = 0, dead = 0, lock = 0 } = Object.fromEntries(down!.phases)
    expect(lock + gather + run + death + dead).toBeLessThanOrEqual(down!.totalNs)
  },
)

onEveryMachine('a refused or failed operation has no way', { cpus: 3, seeds: 2 }, async (machine) => {
  const reader = new PhaseReader((fn) => machine.functionName(fn))
  machine.trace()
  await machine.write('cpu1/hotplug/fail', 200)
  await expect(machine.offline(1)).rejects.toMatchObject({ code: 'EAGAIN' })
  await machine.write('cpu1/hotplug/target', 155)
  const operations = reader.read(machine.trace())
  expect(operations.map(({ way, result }) => [way, result])).toEqual([
    [null, -11],
    [null, 0],
  ])
})

test('what can not be told after lost events is not told', () => {
  const reader = new PhaseReader(() => '')
  const mark = (b: number, timeNs: number) => ({
    cpu: 0,
    ticket: timeNs,
    event: 'cpuhp_mark',
    function: 0,
    flags: 0,
    task: 7,
    a: 1,
    b,
    c: 0,
    timeNs,
  })
  expect(reader.read([mark(0, 10), mark(1, 20), mark(2, 30)])).toEqual([])
  reader.forget()
  expect(reader.read([mark(12, 99)])).toEqual([])
})
