// Each kind of end, from a scenario that has it in some orders only, or always; and nothing else for those that are sound.
import { describe, expect, test } from 'vitest'
import { UsageError } from '#dist/src/base/failure.js'
import { minimise } from '#dist/src/explore/minimise.js'
import { type Failure, signatureOf } from '#dist/src/explore/outcome.js'
import { Playback } from '#dist/src/explore/playback.js'
import { call, type Scenario, scenario, step } from '#dist/src/explore/scenario.js'
import { runSchedule } from '#dist/src/explore/schedule.js'
import { search, setupOf } from '../support/explore.js'
import { kernelModule, rejection } from '../support/machines.js'

const machine = { cpus: 2, modules: [kernelModule('explore'), kernelModule('faults')] }

function two(name: string, first: number, second: number): Scenario {
  return scenario({
    name: name.replaceAll('_', '-'),
    says: name,
    machine,
    actors: [call(name, 0, [first]), call(name, 1, [second])].map((one, cpu) => ({ name: `CPU ${cpu}`, steps: [one] })),
  })
}

/** The failure of that kind; it must be found, and not in the default order. */
async function raceOf(one: Scenario, kind: Failure['kind'], strategy = 'pct:2'): Promise<Failure> {
  const { found } = await search(setupOf(one), { schedules: 2000, strategies: [strategy], until: kind })
  const race = found.find(({ failure }) => failure.kind === kind)!
  expect(race.schedule).toBeGreaterThan(0)
  const again = await runSchedule(setupOf(one), new Playback(race.deviations))
  expect(again.digest).toBe(race.digest)
  return race.failure
}

describe('an order that goes wrong is found, and said to be', () => {
  test('a deadlock of two CPUs, with the locks and who holds them', async () => {
    const failure = await raceOf(two('explore_locks', 0, 1), 'deadlock', 'exhaustive:1')
    const { cycle } = failure as Extract<Failure, { kind: 'deadlock' }>
    expect(cycle.length).toBe(2)
    expect(cycle.join('; ')).toMatch(/runner\/\d waits for scratch\+\d+, held by runner\/\d/)
  })

  test('a deadlock of two tasks', async () => {
    const failure = await raceOf(two('explore_mutexes', 0, 1), 'deadlock')
    expect(signatureOf(failure)).toBe('deadlock global.smpbootMutex global.stateMutex')
  })

  test('a panic, with the function', async () => {
    const failure = await raceOf(two('explore_count', 0, 0), 'panic')
    expect(failure).toMatchObject({ kind: 'panic', function: 'explore_count' })
    expect(signatureOf(failure)).toBe('panic explore_count: counted #, and found #')
  })
})

describe('two locks that are taken in both orders', () => {
  const inDefaultOrder = async (one: Scenario) => (await runSchedule(setupOf(one), new Playback([]))).outcome

  test('are told, though nothing hung: who took which, and where', async () => {
    const spinlocks = await inDefaultOrder(two('explore_locks', 0, 1))
    expect(spinlocks).toMatchObject({ kind: 'lock-order', locks: 'scratch+# scratch+#' })
    const { orders } = spinlocks as Extract<Failure, { kind: 'lock-order' }>
    expect(orders[0]).toMatch(/^runner\/\d takes scratch\+16 with scratch\+0 held \(explore:inner\)$/)
    expect(orders[1]).toMatch(/^runner\/\d takes scratch\+0 with scratch\+16 held \(explore:inner\)$/)
    const mutexes = await inDefaultOrder(two('explore_mutexes', 0, 1))
    expect(mutexes).toMatchObject({ kind: 'lock-order', locks: 'global.smpbootMutex global.stateMutex' })
  })

  test('are no inversion where both take them in the same order, nor where a third lock keeps them apart', async () => {
    expect(await inDefaultOrder(two('explore_locks', 0, 0))).toEqual({ kind: 'ok' })
    expect(await inDefaultOrder(two('explore_gated', 0, 1))).toEqual({ kind: 'ok' })
  })
})

describe('what always goes wrong is seen in the default order, and said to be', () => {
  const one = (name: string): Scenario => {
    return scenario({
      name: 'one',
      says: name,
      machine,
      actors: [{ name: 'A', steps: [call(name, 1)] }],
      patience: 30_000,
    })
  }

  test.each([
    ['faults_sleep', 'hang', /^hang scratch\+# task\[#\]\.exited$/],
    ['faults_spin', 'hang', /^hang faults:spin$/],
    ['explore_endless', 'livelock', /^livelock$/],
    ['faults_throw', 'ok', /^$/],
  ])('%s: %s', async (name, kind, signature) => {
    const { outcome } = await runSchedule(setupOf(one(name)), new Playback([]))
    expect(outcome.kind).toBe(kind)
    expect(outcome.kind === 'ok' ? '' : signatureOf(outcome)).toMatch(signature)
  })

  test('a warning of the kernel, unless the scenario expects it', async () => {
    const warns = { ...one('faults_warn'), actors: [{ name: 'A', steps: [call('faults_warn', 1, [3])] }] }
    const { outcome } = await runSchedule(setupOf(warns), new Playback([]))
    expect(outcome).toMatchObject({ kind: 'violation', invariant: 'no-warnings' })
    const expected = await runSchedule(setupOf({ ...warns, warnings: /number 3/ }), new Playback([]))
    expect(expected.outcome.kind).toBe('ok')
  })

  test("what the scenario's oracle says", async () => {
    const wrong = { ...one('faults_echo'), check: () => ['it is Tuesday'] }
    const { outcome } = await runSchedule(setupOf(wrong), new Playback([]))
    expect(outcome).toMatchObject({ kind: 'violation', invariant: 'oracle', message: 'it is Tuesday' })
  })
})

test('a loop that polls for what another CPU does ends, whatever the strategy', async () => {
  const { found, schedules } = await search(setupOf(two('explore_poll', 0, 1)), { schedules: 60 })
  expect(found).toEqual([])
  expect(schedules).toBe(60)
})

describe('a scenario that is at fault itself', () => {
  test('because it is not the same every time is told so', async () => {
    let times = 0
    const moody = scenario({
      name: 'moody',
      says: 'does something else every time',
      machine,
      actors: [{ name: 'A', steps: [step('echo', (m) => m.run('faults_echo', { args: [++times, 0] }))] }],
      check: () => (times % 3 === 0 ? ['every third time'] : []),
    })
    const { found } = await search(setupOf(moody), { schedules: 5 })
    expect(found[0].failure.kind).toBe('not-deterministic')
  })

  test('because it throws ends the search, and is named', async () => {
    const throws = scenario({
      name: 'throws',
      says: 'throws',
      machine,
      actors: [{ name: 'A', steps: [step('no', () => Promise.reject(new TypeError('no such thing')))] }],
    })
    const error = await rejection(search(setupOf(throws), { schedules: 5 }))
    expect(error).toBeInstanceOf(UsageError)
    expect((error as Error).message).toBe('scenario throws has thrown TypeError: no such thing')
  })

  test('because it awaits what is not the machine does not hang', { timeout: 30_000 }, async () => {
    const waits = scenario({
      name: 'waits',
      says: 'waits for ever',
      machine,
      actors: [{ name: 'A', steps: [step('wait', () => new Promise(() => undefined))] }],
    })
    const error = await rejection(runSchedule(setupOf(waits), new Playback([])))
    expect((error as Error).message).toMatch(/^scenario waits has not ended after 10 s/)
  })
})

describe('minimising', () => {
  test('leaves out steps that the failure does not need, and keeps those without which it is no race', async () => {
    const many = two('explore_locks', 0, 1)
    const echo = call('faults_echo', 0, [1, 2])
    const crowded: Scenario = {
      ...many,
      actors: many.actors.map(({ name, steps }) => ({ name, steps: [...steps, echo, echo] })),
    }
    const setup = setupOf(crowded)
    const all = await search(setup, { schedules: 2000, strategies: ['exhaustive:1'], until: 'deadlock' })
    const found = all.found.find(({ failure }) => failure.kind === 'deadlock')!
    const small = await minimise(setup, found, () => undefined)
    expect([...small.without].sort()).toEqual(['0/1', '0/2', '1/1', '1/2'])
    expect(small.deviations.length).toBe(1)
    const again = await runSchedule({ ...setup, without: small.without }, new Playback(small.deviations))
    expect(again.digest).toBe(small.digest)
    expect(again.outcome.kind).toBe('deadlock')
  })
})
