import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { conform, formatDeviation } from '#dist/src/conform/conform.js'
import { type GoldenAnswer, type GoldenFile, type GoldenRequest, readGolden } from '#dist/src/conform/golden.js'
import { Machine, type MachineOptions } from '#dist/src/index.js'
import { spreads, testsMachine } from '../support/machines.js'

const FOLDER = new URL('../golden/', import.meta.url)
const FILES = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.jsonl'))
const SEEDS = [1, 2, 3]

/** Boots a machine as the file says, and compares: null, or what is wrong. */
async function deviationOf(
  golden: GoldenFile,
  where: Omit<MachineOptions, 'cpus' | 'profile'>,
  busy = 0,
): Promise<string | null> {
  const { cpus, profile } = golden.machine
  const machine = await Machine.boot({ ...where, cpus, profile })
  try {
    const { deviation } = await conform(machine, golden, busy)
    return deviation === null ? null : formatDeviation(deviation, golden.machine.scenario)
  } finally {
    await machine.shutdown()
  }
}

describe.each(FILES)('%s is met line by line', (file) => {
  const golden = readGolden(new URL(file, FOLDER))

  describe.runIf(testsMachine('deterministic'))('on the deterministic machine', () => {
    test.each(SEEDS)('seed %i', async (seed) => {
      expect(await deviationOf(golden, { machine: 'deterministic', seed })).toBe(null)
    })

    test('in a fixed order', async () => {
      expect(await deviationOf(golden, { machine: 'deterministic', strategy: 'fixed' })).toBe(null)
    })
  })

  describe.runIf(testsMachine('threads'))('on threads', () => {
    test.each(spreads(golden.machine.cpus))('workers: %i', async (workers) => {
      // Where the real kernel hung, that is waited for: not for as long as by default.
      const watchdog = file.startsWith('hangs') ? { requestMs: 8_000 } : {}
      expect(await deviationOf(golden, { machine: 'threads', workers, watchdog })).toBe(null)
    })
  })
})

// The events of hotplug are not those of the tasks, whatever CPU a kworker is on.
describe('with 32 busy tasks beside it', () => {
  const BUSY = { traceRecords: 16_384, watchdog: { requestMs: 2_000 } } as const

  test.runIf(testsMachine('deterministic')).each(FILES)('%s is met on the deterministic machine', async (file) => {
    const golden = readGolden(new URL(file, FOLDER))
    for (const seed of SEEDS)
      expect(await deviationOf(golden, { ...BUSY, machine: 'deterministic', seed }, 32)).toBe(null)
  })

  // There the host's time counts as well, and this may not be all that it does.
  const PATIENT = { watchdog: { requestMs: 30_000 } } as const
  // The longer ones take minutes: cpuhp conform --machine threads --busy 32 test/golden.
  const short = ['01-offline-online', '20-walk-01', '31-atomic-up-93', 'cloud/02-bad-input', 'panics/20-walk-20']
  test.runIf(testsMachine('threads')).each(short)('%s is met on threads', async (name) => {
    const golden = readGolden(new URL(`${name}.jsonl`, FOLDER))
    expect(await deviationOf(golden, { ...BUSY, ...PATIENT, machine: 'threads', workers: 2 }, 32)).toBe(null)
  })

  test('ends where a request takes its last active CPU, even if that then fails and the recorded kernel went on', async () => {
    const golden = readGolden(new URL('panics/20-walk-02.jsonl', FOLDER))
    const ends = new Set<number | null>()
    for (let seed = 1; seed <= 6; seed++) {
      const machine = await Machine.boot({ ...BUSY, machine: 'deterministic', seed, cpus: golden.machine.cpus })
      const { deviation, starved } = await conform(machine, golden, 32)
      await machine.shutdown()
      expect(deviation).toBe(null)
      ends.add(starved)
    }
    // Whether a task runs there before the failure is up to the schedule.
    expect([...ends].filter((line) => line !== null)).toEqual([104])
  })

  test('no other end is excused', async () => {
    const golden = readGolden(new URL('01-offline-online.jsonl', FOLDER))
    const requests = golden.requests.map((request) => ({ ...request, do: 'target', value: '94' }) as GoldenRequest)
    const deviation = await deviationOf({ ...golden, requests }, { ...BUSY, machine: 'deterministic' }, 32)
    expect(deviation).toContain('an answer expected, a BUG in cpuhp_report_idle_dead')
  })
})

describe('a changed golden file is found out, at its line:', () => {
  const golden = readGolden(new URL('01-offline-online.jsonl', FOLDER))
  const [first] = golden.requests

  /** The file with its second request changed; as it is one that was answered. */
  function changed(change: (answer: GoldenAnswer) => Partial<GoldenAnswer>): GoldenFile {
    const requests = golden.requests.map((request, n): GoldenRequest => {
      if (n !== 1 || request.outcome !== 'answered') return request
      return { ...request, ...change(request) }
    })
    return { ...golden, requests }
  }

  test.each<[string, (answer: GoldenAnswer) => Partial<GoldenAnswer>, string]>([
    ['another error', () => ({ errno: 'EBUSY' }), "errno: 'EBUSY' expected, null found"],
    ['another state', ({ state }) => ({ state: state! - 1 }), "state: '235' expected, '236' found"],
    ['another target', () => ({ target: 0 }), "target: '0' expected, '236' found"],
    ['another failing state', () => ({ fail: 3 }), "fail: '3' expected, '-1' found"],
    ['another file', () => ({ file: 0 }), "file: '0' expected, '1' found"],
    ['another list', () => ({ online: '0-2' }), "online: '0-2' expected, '0-3' found"],
    ['the other list', () => ({ offline: '3' }), "offline: '3' expected, '' found"],
    ['a warning', () => ({ warnings: ['what'] }), 'warnings: ["what"] expected, [] found'],
    ['an event less', ({ trace }) => ({ trace: trace.slice(0, -1) }), "'the end' expected, '"],
    ['an event more', ({ trace }) => ({ trace: [...trace, trace[0]] }), "expected, 'the end' found"],
    [
      'two events in another order',
      ({ trace }) => ({ trace: [trace[2], trace[1], ...trace.slice(2)] }),
      'trace: event 1 of ',
    ],
    ['an event of another CPU', ({ trace }) => ({ trace: trace.map((e) => ({ ...e, cpu: 2 })) }), 'trace: event 1 of '],
    ['an event on another CPU', ({ trace }) => ({ trace: trace.map((e) => ({ ...e, on: 3 })) }), 'trace: event 1 of '],
  ])('%s', async (_, change, message) => {
    const deviation = await deviationOf(changed(change), { machine: 'deterministic' })
    expect(deviation).toContain(`01-offline-online:${first.line + 1}: 1 to cpu1/online\n`)
    expect(deviation).toContain(message)
  })

  test('an end that the machine does not come to', async () => {
    const requests = [{ ...first, outcome: 'panic', panic: 'takedown_cpu' } as GoldenRequest]
    const deviation = await deviationOf({ ...golden, requests }, { machine: 'deterministic' })
    expect(deviation).toBe('01-offline-online:2: 0 to cpu1/online\n  outcome: panic expected, the machine answered')
  })

  test('an end of the machine that nobody expects', async () => {
    const down = (cpu: number): GoldenRequest =>
      ({ ...first, do: 'target', cpu, value: '94', line: 7 }) as GoldenRequest
    const deviation = await deviationOf({ ...golden, requests: [down(1)] }, { machine: 'deterministic' })
    expect(deviation).toContain(
      ':7: 94 to cpu1/hotplug/target\n  outcome: an answer expected, a BUG in cpuhp_report_idle_dead',
    )
  })
})
