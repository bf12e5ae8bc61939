// Historical bugs and mutations are found by searching, with the general checks alone: with the switch on within so many
// schedules, and with it off nothing in ten times as many.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { COLLECTION } from '#dist/src/explore/bugs.js'
import { Playback } from '#dist/src/explore/playback.js'
import { SCENARIOS } from '#dist/src/explore/scenarios/table.js'
import { runSchedule } from '#dist/src/explore/schedule.js'
import { BUG_NAMES, type BugName } from '#dist/src/ops/switches.js'
import { search, setupOf } from '../support/explore.js'

interface Case {
  readonly bug: BugName
  /** schedules in which it is found, with its seed */
  readonly schedules: number
  readonly as: RegExp
  /** the default order does not show it */
  readonly race?: true
  /** default 1 */
  readonly seed?: number
  /** default: several in turn */
  readonly strategies?: readonly string[]
}

const CASES: readonly Case[] = [
  { bug: 'M01', schedules: 10, as: /^hang / },
  { bug: 'M02', schedules: 10, as: /^panic partition_sched_domains_locked/ },
  { bug: 'M03', schedules: 10, as: /^hang / },
  { bug: 'M04', schedules: 10, as: /^violation hrtimer-bases-open$/ },
  { bug: 'M05', schedules: 10, as: /^violation hrtimer-bases-open$/ },
  { bug: 'M06', schedules: 40, as: /^hang task\[#\]\.exited task\[#\]\.stopDone\.completion$/, race: true },
  { bug: 'M07', schedules: 200, seed: 7, as: /^hang cpuhp\[#\]\.doneDown /, race: true },
  { bug: 'M08', schedules: 60, seed: 2, as: /^panic __list_add_valid: list_add double add/, race: true },
  { bug: 'M09', schedules: 10, as: /^hang cpuhp\[#\]\.doneDown /, race: true },
  { bug: 'M10', schedules: 40, seed: 6, as: /^hang multi_cpu_stop:wait$/, race: true },
  { bug: 'M11', schedules: 40, as: /^panic __list_add_valid: list_add double add/, race: true },
  { bug: 'M12', schedules: 10, as: /^violation workers-bound$/ },
  { bug: 'M15', schedules: 60, as: /^violation no-warnings$/, race: true },
  { bug: 'M17', schedules: 30, as: /^violation no-warnings$/, race: true },
  { bug: 'M18', schedules: 10, as: /^violation no-warnings$/ },
  { bug: 'M20', schedules: 60, strategies: ['pos'], seed: 1, as: /^violation no-warnings$/, race: true },
  { bug: 'M21', schedules: 10, as: /^violation no-warnings$/ },
  { bug: 'M24', schedules: 10, as: /^panic cpuhp_report_idle_dead/ },
  { bug: 'M25', schedules: 10, as: /^violation states-agree-with-masks$/ },
  { bug: 'M26', schedules: 10, as: /^violation records-at-rest$/ },
  { bug: 'M27', schedules: 10, as: /^violation oracle$/ },
  { bug: 'M29', schedules: 50, as: /^violation hotplug-lock-free$|^hang /, race: true },
  { bug: 'M34', schedules: 10, as: /^violation vectors-owned$/ },
  { bug: 'M30', schedules: 10, as: /^lock-order global.hotplugLock global.threadgroupLock$/ },
  { bug: 'M31', schedules: 10, as: /^violation domain-spans$/ },
  { bug: 'M32', schedules: 10, as: /^hang rcu\.barrierDone task\[#\]\.barrier\.done$/ },
  { bug: 'short-grace', schedules: 40, seed: 5, as: /^violation oracle$/, race: true },
  {
    bug: 'lost-callbacks',
    schedules: 10,
    as: /^hang rcu\.barrierDone task\[#\]\.exited$|^violation rcu-callbacks-adopted$/,
  },
  { bug: 'lost-wakeup', schedules: 40, seed: 3, as: /^hang futex/, race: true },
  { bug: 'no-exclusion', schedules: 40, as: /^violation oracle$/, race: true },
  { bug: 'late-mask', schedules: 10, as: /^violation states-agree-with-masks$/ },
  { bug: 'miscounted-cpus', schedules: 10, as: /^violation masks-counted$/ },
  { bug: 'left-behind', schedules: 10, as: /^violation vacated$/ },
  { bug: 'double-enqueue', schedules: 10, as: /^violation / },
  { bug: 'lost-load', schedules: 10, as: /^violation runqueues-sound$/ },
  { bug: 'lost-timer', schedules: 10, as: /^violation sleepers-can-wake$/ },
  { bug: 'dropped-ipi', schedules: 10, as: /^hang / },
  { bug: 'ignored-affinity', schedules: 10, as: /^violation affinity$/ },
  { bug: 'unpinned-frames', schedules: 10, as: /^violation pinned-tasks-counted$/ },
  { bug: 'forgotten-target', schedules: 10, as: /^violation targets-reached$/ },
  { bug: 'early-death', schedules: 10, as: /^violation power-follows-masks$/ },
  { bug: 'eternal-wait', schedules: 20, seed: 2, as: /^violation runqueues-open$/, race: true },
  { bug: 'unbound-worker', schedules: 10, as: /^violation workers-bound$/ },
  { bug: 'deaf-pool', schedules: 20, as: /^hang /, race: true },
  { bug: 'twin-work', schedules: 60, seed: 2, as: /^violation oracle$/, race: true },
  { bug: 'hasty-flush', schedules: 60, seed: 6, as: /^violation oracle$/, race: true },
  { bug: 'stranded-work', schedules: 60, as: /^violation work-attended$|^hang / },
  { bug: 'unparked-thread', schedules: 10, as: /^violation threads-parked$/ },
  { bug: 'open-stopper', schedules: 10, as: /^violation stoppers-enabled$/ },
  { bug: 'hasty-timers', schedules: 10, as: /^violation oracle$/ },
  { bug: 'kept-throttled', schedules: 10, as: /^violation / },
  { bug: 'stopped-period', schedules: 10, as: /^hang / },
  { bug: 'unpaid-runtime', schedules: 10, as: /^violation oracle$/ },
  { bug: 'unmoved-tasks', schedules: 10, as: /^violation tasks-in-cpusets$/ },
  { bug: 'stale-domain', schedules: 10, as: /^violation domain-spans$/ },
  { bug: 'lost-tasklet', schedules: 10, as: /^violation tasklets-taken-over$/ },
  { bug: 'stranded-timers', schedules: 10, as: /^violation timers-taken-over$/ },
  { bug: 'early-timers', schedules: 10, as: /^violation timers-not-early$/ },
  { bug: 'kept-jiffies', schedules: 10, as: /^violation timekeeper-online$/ },
  { bug: 'unsorted-timers', schedules: 10, as: /^violation hrtimers-sound$/ },
  { bug: 'lost-interrupt', schedules: 20, as: /^violation interrupts-arrive$/ },
  { bug: 'lost-completions', schedules: 200, as: /^hang /, race: true },
  { bug: 'barging-writer', schedules: 10, as: /^violation oracle$/ },
  { bug: 'left-loaded', schedules: 20, as: /^violation (virtualisation-enabled|vcpus-loaded-once)$/, race: true },
  {
    bug: 'unready-hardware',
    schedules: 20,
    as: /^violation virtualisation-enabled$|^panic .*kvm_spurious_fault/,
    race: true,
  },
]

const scenarioOf = (bug: BugName): string => COLLECTION.find(({ name }) => name === bug)!.scenario

describe('a search with the switch on finds', () => {
  test.each(CASES)('$bug', { timeout: 120_000 }, async ({ bug, schedules, as, race = false, seed = 1, strategies }) => {
    const setup = setupOf(scenarioOf(bug), [bug])
    const { found } = await search(setup, { schedules, seed, ...(strategies && { strategies }) })
    expect(found.length).toBe(1)
    expect(found[0].signature).toMatch(as)
    expect(found[0].schedule > 0).toBe(race)
    const again = await runSchedule(setup, new Playback(found[0].deviations))
    expect(again.digest).toBe(found[0].digest)
    // A person can follow that many switches.
    expect(found[0].deviations.length).toBeLessThan(20)
  })
})

describe('a search with all switches off finds nothing in ten times as many schedules:', () => {
  const longest = new Map<string, number>()
  for (const { bug, schedules } of CASES) {
    longest.set(scenarioOf(bug), Math.max(longest.get(scenarioOf(bug)) ?? 0, 10 * schedules))
  }
  test.each([...longest])('%s, %i schedules', { timeout: 300_000 }, async (name, schedules) => {
    const { found, interleaved } = await search(setupOf(name), { schedules })
    expect(found).toEqual([])
    expect(interleaved).toBe(schedules - 1)
  })

  test.each(SCENARIOS.map(({ name }) => name).filter((name) => !longest.has(name)))('%s', async (name) => {
    expect((await search(setupOf(name), { schedules: 60 })).found).toEqual([])
  })
})

test('M01 is found by what it is itself: with the timers alone where they were then, nothing goes wrong', async () => {
  expect((await search(setupOf('limited-controller', ['M03']), { schedules: 40 })).found).toEqual([])
})

test('M30 is more than an order of locks: in some schedules nobody gets on', { timeout: 120_000 }, async () => {
  const { found } = await search(setupOf('attach', ['M30']), { schedules: 600, until: 'hang' })
  const hang = found.find(({ failure }) => failure.kind === 'hang')
  expect(hang?.signature).toMatch(/global.hotplugLock.waiters global.threadgroupLock.waiters/)
})

test('M16 hides what shows M15: the same schedule passes', async () => {
  const setup = setupOf('cross-calls', ['M15'])
  const { found } = await search(setup, { schedules: 100, strategies: ['pos'], seed: 5 })
  expect(found[0].failure).toMatchObject({ kind: 'violation', message: expect.stringMatching(/IPI on offline CPU/) })
  const blind = await runSchedule({ ...setup, bugs: ['M15', 'M16'] }, new Playback(found[0].deviations))
  expect(blind.digest).toBe(found[0].digest)
  expect(blind.outcome.kind).toBe('ok')
})

describe('the collection', () => {
  test('has every switch, the fixes of the historical ones, and scenarios that there are', () => {
    expect(COLLECTION.map(({ name }) => name).sort()).toEqual([...BUG_NAMES].sort())
    // M28 shows with weak memory only: memory-models.test.ts has it.
    const found = COLLECTION.filter(({ hides }) => hides === null)
    expect([...CASES.map(({ bug }) => bug), 'M28'].sort()).toEqual(found.map(({ name }) => name).sort())
    for (const { name, fix, scenario } of COLLECTION) {
      expect(fix !== null, name).toBe(/^M\d\d$/.test(name))
      expect(SCENARIOS.map((one) => one.name)).toContain(scenario)
    }
  })
})

describe('docs/bugs.md', () => {
  const text = readFileSync(new URL('../../docs/bugs.md', import.meta.url), 'utf8')
  const SECTION = /^### (M\d\d): (.+)\n\n`([0-9a-f]{12}|in tree)`, in `([\w-]+)`(?:, as `([^`]+)`)?\.\n\n\S/gm
  const sections = [...text.matchAll(SECTION)].map(([, name, mechanism, fix, scenario, as]) => {
    return { name, mechanism, fix, scenario, as }
  })

  test('has a section for each bug that Linux had, with its fix, scenario and failure', () => {
    const historical = COLLECTION.filter(({ fix }) => fix !== null)
    expect(sections).toEqual(
      historical.map(({ name, mechanism, fix, scenario }) => {
        return { name, mechanism, fix, scenario, as: sections.find((one) => one.name === name)?.as }
      }),
    )
    for (const { name, as } of sections) {
      const found = CASES.find(({ bug }) => bug === name)
      if (found === undefined) expect(as, name).toBeUndefined()
      else expect(as, name).toMatch(found.as)
    }
  })
})
