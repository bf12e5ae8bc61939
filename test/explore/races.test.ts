// Data races: found by what orders two accesses, whether or not they came near each other.
import { describe, expect, test } from 'vitest'
import type { DataRace } from '#dist/src/explore/outcome.js'
import { Playback } from '#dist/src/explore/playback.js'
import { call, type Scenario, scenario } from '#dist/src/explore/scenario.js'
import { SCENARIOS } from '#dist/src/explore/scenarios/table.js'
import { runSchedule } from '#dist/src/explore/schedule.js'
import { SHARE } from '#dist/test/modules/explore.js'
import { search, setupOf } from '../support/explore.js'
import { kernelModule } from '../support/machines.js'

type Way = keyof typeof SHARE

/** CPU 1 has its turn when CPU 0 is through, or the other way round: the two accesses are never near each other. */
function sharing(way: Way): Scenario {
  const steps = (cpu: number) => [call('explore_share', cpu, [SHARE[way], cpu])]
  return scenario({
    name: 'sharing',
    says: way,
    machine: { cpus: 2, modules: [kernelModule('explore')] },
    actors: [0, 1].map((cpu) => ({ name: `CPU ${cpu}`, steps: steps(cpu) })),
  })
}

const withRaces = (one: Scenario) => ({ ...setupOf(one), races: true })

async function racesOf(way: Way): Promise<DataRace[]> {
  const { found } = await search(withRaces(sharing(way)), { schedules: 200, goOn: true })
  return found.map(({ failure }) => {
    expect(failure.kind).toBe('data-race')
    return failure as DataRace
  })
}

describe('two CPUs use a word', () => {
  test.each<Way>(['marked', 'locked', 'published', 'fenced'])('%s: no race', async (way) => {
    expect(await racesOf(way)).toEqual([])
  })

  test('plainly: both accesses are told, with CPU, task and function', async () => {
    const races = await racesOf('plain')
    expect(races.length).toBeGreaterThan(0)
    for (const { race, accesses } of races) {
      expect(race).toBe('scratch+# in explore_share and explore_share')
      for (const access of accesses) {
        expect(access).toMatch(/^CPU \d \(\S+\) (reads|writes) scratch\+80 in explore_share, called by \w+/)
      }
    }
  })

  test('one of them by an operation, the other one plainly', async () => {
    const [{ race, accesses }] = await racesOf('markedOnce')
    expect(race).toBe('scratch+# in explore_share and share:store')
    expect(accesses.some((access) => /: store scratch\+80 1 \(share:store\)$/.test(access))).toBe(true)
    expect(accesses.some((access) => access.includes('reads scratch+80 in explore_share'))).toBe(true)
  })

  // A release orders nothing for who does not acquire, nor the other way round.
  test.each<Way>(['flagged', 'onlyReleased', 'onlyAcquired'])('with a flag between them, %s: a race', async (way) => {
    const [{ race }] = await racesOf(way)
    expect(race).toBe('scratch+# in passOn and passOn')
  })
})

test('a race is the end of a schedule only where races are looked for, and it is the same each time', async () => {
  const setup = setupOf(sharing('plain'))
  const plain = await runSchedule(setup, new Playback([]))
  expect(plain.outcome).toEqual({ kind: 'ok' })
  const first = await runSchedule({ ...setup, races: true }, new Playback([]))
  expect(first.outcome.kind).toBe('data-race')
  expect(first.digest).toBe(plain.digest)
  expect(await runSchedule({ ...setup, races: true }, new Playback([]))).toEqual(first)
})

describe('nothing races in', () => {
  test.each(SCENARIOS.map((one) => [one.name, one] as const))('%s', { timeout: 60_000 }, async (_, one) => {
    const { found, schedules } = await search(withRaces(one), { schedules: 120 })
    expect(found.map(({ signature }) => signature)).toEqual([])
    expect(schedules).toBe(120)
  })
})
