// `cpuhp bugs --bench` as its users run it.
import { describe, expect, test } from 'vitest'
import { EXIT } from '#dist/src/base/failure.js'
import { cpuhp } from '../support/run.js'

const BENCH = ['bugs', '--bench', '--strategy', 'pct:2,exhaustive:0', '--seeds', '2', '--schedules', '80', '--quiet']

describe('cpuhp bugs --bench', () => {
  test('says how soon each strategy finds each bug', { timeout: 60_000 }, async () => {
    const { code, stdout, stderr } = await cpuhp([...BENCH, '--bug', 'M06,M24,open-stopper', '--json'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const { seeds, schedules, bugs } = JSON.parse(stdout)
    expect({ seeds, schedules }).toEqual({ seeds: 2, schedules: 80 })
    const [race, plain, mutation] = bugs
    expect(race).toMatchObject({ bug: 'M06', fix: 'f0498d2a54e7', scenario: 'sent-away', inDefaultOrder: false })
    const [pct, none] = race.findings
    expect(pct).toMatchObject({ strategy: 'pct:2', found: 2, seeds: 2 })
    expect(pct.schedules).toBeGreaterThan(0)
    expect(pct.schedules).toBeLessThanOrEqual(80)
    expect(pct.seconds).toBeGreaterThan(0)
    // The default order alone does not show a race.
    expect(none).toEqual({ strategy: 'exhaustive:0', found: 0, seeds: 2, schedules: null, seconds: null })
    expect(race.random.schedules).toBe(80)
    expect(race.random.failures).toBeGreaterThan(0)
    expect(race.random.failures).toBeLessThan(40)
    expect(race.minimised.signature).toBe('hang task[#].exited task[#].stopDone.completion')
    expect(race.minimised.deviations).toBeGreaterThan(0)
    expect(race.minimised.rows).toBeLessThanOrEqual(40)
    expect(plain).toMatchObject({ bug: 'M24', inDefaultOrder: true, random: { schedules: 80, failures: 80 } })
    expect(plain.findings).toMatchObject([{ found: 2, schedules: 1 }, { found: 2 }])
    expect(plain.minimised.deviations).toBe(0)
    expect(mutation).toMatchObject({ bug: 'open-stopper', fix: null })
  })

  test('finds the same again, as a table', { timeout: 60_000 }, async () => {
    const run = async (): Promise<string> => (await cpuhp([...BENCH, '--bug', 'M06'])).stdout
    const untimed = (text: string): string => text.replace(/[\d.]+ s /g, 'N s ')
    const first = await run()
    expect(first).toMatch(/^bug +scenario +pct:2 +exhaustive:0 +of random +minimised$/m)
    expect(first).toMatch(/^M06 +sent-away +\d+ [\d.]+ s +- +\d+\.\d % +\d+, \d+ rows$/m)
    expect(untimed(await run())).toBe(untimed(first))
  })

  test.each([
    ['--bench --bug M99', "there is no bug 'M99'; there are M", EXIT.unknownBug],
    ['--bench --bug M16', "M16 can't be found by itself: it hides M15"],
    ['--bench --seeds 0', "--seeds is a whole number from 1 to 1000, not '0'"],
    ['--bench --strategy luck', "there is no strategy 'luck'; there are random,", EXIT.unknownStrategy],
    ['--seeds 3', '--seeds goes with --bench'],
  ] as [string, string, number?][])('refuses %s', async (words, message, exit = EXIT.usage) => {
    const { code, stdout, stderr } = await cpuhp(['bugs', ...words.split(' ')])
    expect({ code, stdout }).toEqual({ code: exit, stdout: '' })
    expect(stderr).toContain(message)
    expect(stderr.trimEnd().split('\n').length).toBe(1)
  })
})
