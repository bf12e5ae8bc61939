// A schedule is what deviates from the default order: playing that back leads to the same run, to the last operation.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DEVIATION, type Deviation } from '#dist/src/explore/deviation.js'
import { FairTail } from '#dist/src/explore/fair-tail.js'
import { Playback } from '#dist/src/explore/playback.js'
import { runSchedule } from '#dist/src/explore/schedule.js'
import { searchNamed } from '#dist/src/explore/strategies/table.js'
import { setupOf } from '../support/explore.js'

const PROFILED = { operations: 2000, counts: [700, 700, 700], words: new Map() }

async function record(scenario: string, strategy: string, seed: number) {
  const search = searchNamed(strategy)(seed, PROFILED)
  return await runSchedule(setupOf(scenario), new FairTail(search.strategy(0)!))
}

describe('what was recorded', () => {
  test('is played back to the same digest, whatever the strategy', async () => {
    const scenario = fc.constantFrom('two-requesters', 'cross-calls', 'affinity', 'suspend')
    const strategy = fc.constantFrom('random', 'pct:1', 'pct:4', 'pos', 'surw')
    await fc.assert(
      fc.asyncProperty(scenario, strategy, fc.nat(), async (scenario, strategy, seed) => {
        const first = await record(scenario, strategy, seed)
        const playback = new Playback(first.deviations)
        const again = await runSchedule(setupOf(scenario), playback)
        expect(playback.divergence).toBeNull()
        expect(playback.unmade).toEqual([])
        expect(again).toEqual(first)
      }),
      { numRuns: 25 },
    )
  })

  test('with best effort as well, where nothing has changed', async () => {
    const first = await record('cross-calls', 'random', 5)
    const playback = new Playback(first.deviations, true)
    expect(await runSchedule(setupOf('cross-calls'), playback)).toEqual(first)
    expect(playback.divergence).toBeNull()
  })

  test('nothing, is the default order', async () => {
    const first = await runSchedule(setupOf('neighbours'), new Playback([]))
    expect(first.deviations).toEqual([])
    expect((await record('neighbours', 'random', 1)).digest).not.toBe(first.digest)
  })
})

describe('a schedule for other code', () => {
  const elsewhere = async (change: (deviation: Deviation) => Deviation, bestEffort = false) => {
    const first = await record('two-requesters', 'pct:4', 3)
    const at = first.deviations.findIndex(({ kind }) => kind === DEVIATION.turn)
    const changed = first.deviations.map((deviation, n) => (n === at ? change(deviation) : deviation))
    const playback = new Playback(changed, bestEffort)
    const ran = await runSchedule(setupOf('two-requesters'), playback)
    return { playback, ran, deviation: first.deviations[at], first }
  }

  test('diverges where an operation is not the one that was noted, and names it', async () => {
    const { playback, deviation } = await elsewhere((one) => ({ ...one, place: 'a_function:that_is_gone' }))
    expect(playback.divergence).toContain(`operation ${deviation.nth} of CPU ${deviation.cpu}`)
    expect(playback.divergence).toContain(`now that operation is at ${deviation.place}`)
  })

  test('diverges where a CPU has nothing to do', async () => {
    const { playback } = await elsewhere((one) => ({ ...one, value: 7 }))
    // Who comes after the CPUs is a device.
    expect(playback.divergence).toMatch(/device \d+ goes on: it has nothing to do now$/)
  })

  test('tells which deviations were never made', async () => {
    const { playback, first } = await elsewhere((one) => ({ ...one, nth: 1_000_000 }))
    expect(playback.unmade.length).toBeGreaterThan(0)
    expect(playback.unmade.length).toBeLessThanOrEqual(first.deviations.length)
  })

  test('with best effort makes a deviation a little later, where its operation is now', async () => {
    const moved = await elsewhere((one) => ({ ...one, nth: one.nth - 1 }), true)
    expect(moved.playback.divergence).not.toBeNull()
    expect(moved.ran).toEqual(moved.first)
  })
})
