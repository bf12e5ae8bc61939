// The events of a run in which CPUs are busy in every way, out of the same run twice: as text and as trace.dat.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Entry } from '#dist/src/export/entry.js'
import { handlerEnds } from '#dist/src/export/handlers.js'
import { parseLine } from '../support/ftrace.js'
import { hasTool } from '../support/mounting.js'
import { cpuhp } from '../support/run.js'
import { commonLine } from '../support/trace-cmd.js'

const RUN = ['stress', '--machine', 'deterministic', '--cpus', '3', '--load', 'all', '--duration', '5ms', '--seed', '3']
const folder = mkdtempSync(join(tmpdir(), 'cpuhp-busy-'))
afterAll(() => rmSync(folder, { recursive: true }))

let lines: string[]
let entries: Omit<Entry, 'mark' | 'lost'>[]
beforeAll(async () => {
  const { code, stderr } = await cpuhp(['trace', '-o', join(folder, 'run.txt'), '--', ...RUN])
  expect({ code, stderr }).toMatchObject({ code: 0 })
  const text = readFileSync(join(folder, 'run.txt'), 'utf8')
  lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  entries = lines.map((line) => parseLine(line)!)
  expect(entries).not.toContain(null)
}, 60_000)

const named = (...names: string[]): typeof entries => entries.filter(({ name }) => names.includes(name))

describe('timers', () => {
  test.each([
    ['timer', 'timer_start', 'timer_expire_entry', 'timer_expire_exit', 'timer_cancel'],
    ['hrtimer', 'hrtimer_start', 'hrtimer_expire_entry', 'hrtimer_expire_exit', 'hrtimer_cancel'],
  ])(
    '%s: what expires had been started, for no later than that, and its function is the one that is called',
    (timer, ...names) => {
      const [start, entry, exit] = names
      const started = new Map<number, (typeof entries)[number]>()
      let expired = 0
      for (const event of named(...names)) {
        const which = Number(event.fields[timer])
        if (event.name === start) started.set(which, event)
        if (event.name === entry) {
          const before = started.get(which)
          expect(before, `${which} at ${event.timeNs}`).toBeDefined()
          expect(event.fields.function).toBe(before!.fields.function)
          expect(Number(before!.fields.expires)).toBeLessThanOrEqual(Number(event.fields.now))
          expired++
        }
        if (event.name === exit) expect(started.has(which)).toBe(true)
      }
      expect(expired).toBeGreaterThan(10)
    },
  )
})

test('softirqs are raised before they are served, each kind that the loads have', () => {
  const raised = new Map<string, number>()
  const served = new Set<string>()
  for (const { name, cpu, fields } of named('softirq_raise', 'softirq_entry')) {
    const which = `${cpu} ${fields.vec}`
    const times = (raised.get(which) ?? 0) + (name === 'softirq_raise' ? 1 : -1)
    // Raised again before it is served, it is served once.
    expect(times, which).toBeGreaterThanOrEqual(0)
    raised.set(which, times)
    if (name === 'softirq_entry') served.add(String(fields.vec))
  }
  // HI, TIMER, TASKLET, RCU.
  expect([...served]).toEqual(expect.arrayContaining(['0', '1', '6', '9']))
})

test('handlers of all kinds end as they began, one within the other, and softirqs say that they are', () => {
  const open = Array.from({ length: 3 }, (): string[] => [])
  for (const event of entries) {
    const { cpu, name } = event
    if (name.endsWith('_entry')) open[cpu]!.push(name.replace('_entry', '_exit'))
    else if (handlerEnds({ ...event, mark: null, lost: 0 })) expect(open[cpu]!.pop()).toBe(name)
  }
  const flags = (name: string): Set<string | undefined> =>
    new Set(lines.filter((line) => line.includes(` ${name}: `)).map((line) => /\] \S\S(\S)/.exec(line)?.[1]))
  expect([...flags('softirq_entry')]).toEqual(['s'])
  expect([...flags('hrtimer_expire_entry')].sort()).toEqual(expect.arrayContaining(['h']))
})

test('a task has one name, a kworker that has the place of another as well', () => {
  const comms = new Map<number, string>()
  for (const { pid, comm } of entries) {
    if (!comms.has(pid)) comms.set(pid, comm)
    expect(comm, `of ${pid}`).toBe(comms.get(pid))
  }
  const born = named('sched_process_fork').map(({ fields }) => String(fields.child_comm))
  expect(born.filter((comm) => /^kworker\/u?\d+:\d+$/.test(comm)).length).toBeGreaterThan(3)
})

describe.skipIf(!hasTool('trace-cmd'))('trace-cmd, of the same run', () => {
  const file = join(folder, 'run.dat')
  beforeAll(async () => {
    expect((await cpuhp(['trace', '-o', file, '--', ...RUN])).code).toBe(0)
  }, 60_000)

  const report = (...options: string[]): string[] => {
    const { stdout, stderr } = spawnSync('trace-cmd', ['report', '-N', ...options, '-i', file], {
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    })
    expect(stderr).toBe('')
    return stdout.split('\n').slice(1, -1)
  }

  test('prints all of it as we do', () => {
    const printed = report()
    expect(printed.length).toBe(lines.length)
    // Where two CPUs have events of the same time, it has an order of its own.
    for (let cpu = 0; cpu < 3; cpu++) {
      const of = (all: readonly string[]): string[] =>
        all.filter((line) => line.includes(`[00${cpu}]`)).map((line) => commonLine(line))
      expect(of(printed)).toEqual(of(lines))
    }
  })

  test('says how CPUs stood as we do, also while they serve softirqs', () => {
    const flags = (pattern: RegExp, all: readonly string[]): string[] =>
      all.flatMap((line) => pattern.exec(line)?.[1] ?? []).sort()
    const ours = flags(/\] (\S{5}) /, lines)
    expect(ours.some((one) => one[2] === 's')).toBe(true)
    // It does not know yet that softirqs are held off.
    const known = ours.map((one) => one.replace('D', 'd').replace('b', '.')).sort()
    expect(flags(/^.{8}-\d+ +\d(\S{5}) /, report('-l'))).toEqual(known)
  })
})
