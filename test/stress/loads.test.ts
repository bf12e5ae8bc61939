// The ways to be busy that --load asks for: each alone, all at once, and what is said of a list that makes no sense.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { UsageError } from '#dist/src/index.js'
import { runBusy } from '#dist/stress/busy/busy.js'
import type { BusyOptions } from '#dist/stress/busy/options.js'
import type { BusyVerdict } from '#dist/stress/busy/verdict.js'
import { KINDS } from '#dist/stress/loads/kinds.js'
import { formatLoad, parseLoads } from '#dist/stress/loads/setting.js'
import { testsMachine } from '../support/machines.js'

const DETERMINISTIC = { machine: 'deterministic', cpus: 4, tasks: 8, seed: 5, durationNs: 20e6 } as const

async function run(list: string, options: Partial<BusyOptions> = {}): Promise<BusyVerdict> {
  return await runBusy({ ...DETERMINISTIC, ...options, loads: parseLoads(list) })
}

describe('a list of loads', () => {
  test.each([
    ['irq-off', 'irq-off'],
    ['irq-off:us=200,fifo:prio=7,tasks=3', 'irq-off:us=200 | fifo:tasks=3,prio=7'],
    ['hogs:nice=-20,cache', 'hogs:nice=-20 | cache'],
    ['irq-off:us=50', 'irq-off'],
    ['irq-off:us=1,irq-off:gap=7', 'irq-off:us=1,gap=7'],
  ])('%s', (list, formatted) => {
    const loads = parseLoads(list)
    expect(loads.map(formatLoad).join(' | ')).toBe(formatted)
    expect(parseLoads(loads.map(formatLoad).join(','))).toEqual(loads)
  })

  test('all are all, and one of them may be other than usual', () => {
    expect(parseLoads('all').map(({ kind }) => kind.name)).toEqual(KINDS.map(({ name }) => name))
    const changed = parseLoads('all,rr:us=9')
    expect(changed).toHaveLength(KINDS.length)
    expect(changed.map(formatLoad)).toContain('rr:us=9')
  })

  test.each([
    ['', /there is no load ''; there are hogs, /],
    ['bla', /there is no load 'bla'; there are hogs, .*, all$/],
    ['irq-off:us=x', /load irq-off: us is a whole number from 0 to 100000, not 'x'/],
    ['irq-off:us=-1', /us is a whole number from 0/],
    ['irq-off:tasks=-2', /tasks is a whole number from -1 to 1024, not '-2'/],
    ['irq-off:us=', /us is a whole number/],
    ['irq-off:', /takes tasks=N, us=N, gap=N, not ''/],
    ['irq-off:nice=1', /load irq-off: takes tasks=N, us=N, gap=N, not 'nice=1'/],
    ['irq-off:toString=1', /takes tasks=N/],
    ['us=1', /sets a parameter, and no load stands before it/],
    ['all,us=1', /sets a parameter, and no load stands before it/],
    ['fifo:prio=100', /prio is a whole number from 1 to 99/],
  ])("'%s' is refused in a line", (list, words) => {
    const parse = (): unknown => parseLoads(list)
    expect(parse).toThrow(UsageError)
    expect(parse).toThrow(words)
  })
})

test('docs/stress.md tells of every load', () => {
  const text = readFileSync(new URL('../../docs/stress.md', import.meta.url), 'utf8')
  const told = [...text.matchAll(/^\| (`[^|]+`) \|/gm)].flatMap(([, names]) => names!.replaceAll('`', '').split(', '))
  expect(told.sort()).toEqual(KINDS.map(({ name }) => name).sort())
})

describe('on the deterministic machine', () => {
  test.runIf(testsMachine('deterministic')).each(KINDS.map(({ name }) => name))(
    '%s holds',
    { timeout: 60_000 },
    async (name) => {
      const { outcome, findings, loads } = await run(name)
      expect(findings).toEqual([])
      expect(outcome).toBe('success')
      expect(loads).toHaveLength(1)
      const [{ load, counts, wrong }] = loads as [BusyVerdict['loads'][number]]
      expect(load).toBe(name)
      // Whatever a load counts, it has done some of.
      for (const [what, n] of Object.entries(counts))
        if (what !== 'offline') expect([what, n > 0]).toEqual([what, true])
      expect(wrong).toBe(0)
    },
  )

  test.runIf(testsMachine('deterministic'))(
    'all at once hold, and the same seed is the same run',
    { timeout: 120_000 },
    async () => {
      const [one, same, other] = [await run('all'), await run('all'), await run('all', { seed: 6 })]
      for (const { outcome, findings } of [one, same, other]) expect([outcome, findings]).toEqual(['success', []])
      expect(one.loads).toHaveLength(KINDS.length)
      expect(same.digest).toBe(one.digest)
      expect(same.loads).toEqual(one.loads)
      expect(other.digest).not.toBe(one.digest)
    },
  )
})

// As long as a host with other things to do may need; a quiet one needs some seconds.
test.runIf(testsMachine('threads'))('all at once hold on threads', { timeout: 300_000 }, async () => {
  const verdict = await run('all', {
    machine: 'threads',
    workers: 2,
    cpus: 3,
    tasks: 4,
    durationNs: 1e9,
    watchdog: { requestMs: 200_000 },
  })
  expect([verdict.outcome, verdict.findings]).toEqual(['success', []])
  for (const { load, counts } of verdict.loads)
    if ('begun' in counts) expect([load, counts.begun! > 0]).toEqual([load, true])
})
