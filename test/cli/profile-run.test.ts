import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { ProfileResult } from '#dist/stress/profile/result.js'
import { cpuhp } from '../support/run.js'

const folder = mkdtempSync(join(tmpdir(), 'cpuhp-profile-run-'))
afterAll(() => rmSync(folder, { recursive: true }))

const DETERMINISTIC = ['profile', '--machine', 'deterministic', '--cpus', '3', '--cycles', '6', '--quiet']

/** The result without what differs from run to run. */
function told(stdout: string): ProfileResult {
  const result = JSON.parse(stdout) as ProfileResult
  const points = result.points.map((point) => ({ ...point, elapsedMs: 0 }))
  return { ...result, points, host: { ...result.host, load: [] } }
}

describe('cpuhp profile', () => {
  test('measures one load after the other, and the same each time on the deterministic machine', async () => {
    const args = [...DETERMINISTIC, '--sweep', 'tasks=0,6', '--seed', '4', '--json', '-']
    const [one, other] = (await Promise.all([cpuhp(args), cpuhp(args)])).map(({ stdout }) => told(stdout))
    expect(one).toEqual(other)
    expect(one).toMatchObject({ kind: 'cpuhp-profile', schemaVersion: 1, outcome: 'success', sweep: 'tasks', seed: 4 })
    const [idle, busy] = one!.points
    expect([idle, busy]).toMatchObject([
      { value: 0, label: '0 tasks', cpus: 3, tasks: 0, cycles: 6, busy: 0, lostEvents: 0 },
      { value: 6, label: '6 tasks', cpus: 3, tasks: 6, cycles: 6, busy: 6, lostEvents: 0 },
    ])
    for (const { offline, online, bystanders, samples, details } of one!.points) {
      expect([offline.total?.count, online.total?.count]).toEqual([6, 6])
      // Two others are stopped each time.
      expect(bystanders?.count).toBe(12)
      expect([samples.offline.total, samples.online.total].map((times) => times?.length)).toEqual([6, 6])
      // Histograms keep three digits.
      expect(offline.total!.maxNs / Math.max(...samples.offline.total!)).toBeCloseTo(1, 2)
      const steps = details!.steps.filter(({ way }) => way === 'offline').map(({ fn }) => fn)
      expect(steps.slice(0, 1)).toEqual(['sched_cpu_deactivate'])
      expect(steps).toEqual(expect.arrayContaining(['smpboot_park_threads', 'takedown_cpu', 'sched_cpu_wait_empty']))
    }
    // Who is idle has nothing to push away, and whoever stays runs nothing.
    expect([idle!.details!.migrations.causes.push, idle!.throughput!.quiet]).toEqual([0, 0])
    expect(busy!.details!.migrations.causes.push).toBeGreaterThan(0)
    expect(busy!.throughput!.quiet).toBeGreaterThan(0.8)
    expect(busy!.samples.offline.push!.length).toBeGreaterThan(0)
  })

  test('binds hogs to the CPU that goes: every one of them has to be pushed away', async () => {
    const { code, stdout } = await cpuhp([...DETERMINISTIC, '--sweep', 'hogs=1,5', '--tasks', '0', '--json', '-'])
    const { points } = told(stdout)
    expect(points.map(({ hogs, busy }) => [hogs, busy])).toEqual([
      [1, 6],
      [5, 6],
    ])
    for (const { hogs, details } of points) expect(details!.migrations.causes.push).toBeGreaterThanOrEqual(6 * hogs)
    expect(code).toBe(0)
  })

  test('sweeps what can be set of a load, beside others that stay: who has its interrupts off holds up the rest', async () => {
    const args = ['--sweep', 'irq-off.us=0,3000', '--load', 'irq-off:gap=500,work:tasks=1', '--json', '-']
    const { code, stdout } = await cpuhp([...DETERMINISTIC, ...args])
    expect(code).toBe(0)
    const { sweep, points } = told(stdout)
    expect(sweep).toBe('irq-off.us')
    expect(points.map(({ label }) => label)).toEqual(['us=0', 'us=3000'])
    for (const [n, { loads }] of points.entries()) {
      expect(loads).toMatchObject([
        { load: 'work', parameters: { tasks: 1, gap: 200 }, tasks: 1, wrong: 0 },
        { load: 'irq-off', parameters: { tasks: -1, us: [0, 3000][n], gap: 500 }, tasks: 3, wrong: 0 },
      ])
      for (const { counts } of loads) expect(counts.done).toBeGreaterThan(0)
    }
    const [short, long] = points.map(({ details }) => details!.interrupts!.maxNs)
    expect(short).toBeLessThan(1e6)
    expect(long).toBeGreaterThan(1e6)
  })

  test('sweeps the number of CPUs on threads, and says it as a table', async () => {
    const args = [
      'profile',
      '--sweep',
      'cpus=2,3',
      '--tasks',
      '4',
      '--cycles',
      '3',
      '--workers',
      '2',
      '--json',
      'r.json',
    ]
    const { code, stdout } = await cpuhp(args, { cwd: folder })
    expect(stdout).toMatch(/^latency +2 CPUs +3 CPUs$/m)
    for (const row of [
      'offline p50',
      'offline p99',
      ' {2}stop_machine: gathering p50',
      'online max',
      'IPI on its way max',
    ]) {
      expect(stdout).toMatch(new RegExp(`^${row}( +[\\d.]+ (ns|us|ms|s)){2}$`, 'm'))
    }
    expect(stdout).toMatch(/^2 CPUs: 3 cycles; \d with a runnable task$/m)
    expect(stdout).toMatch(/^ {2}the others ran tasks [\d.]+ % of their time; during an offline [\d.]+ %, an online/m)
    expect(stdout).toMatch(/^ {2}slowest steps offline: \w+ [\d.]+ \w+, /m)
    expect(code).toBe(0)
    const { points } = JSON.parse(readFileSync(join(folder, 'r.json'), 'utf8')) as ProfileResult
    expect(points.map(({ cpus, workers }) => [cpus, workers])).toEqual([
      [2, 2],
      [3, 2],
    ])
  })

  test('ends when its time is up, with fewer cycles', async () => {
    const args = ['profile', '--sweep', 'tasks=2', '--cpus', '2', '--cycles', '1000000', '--limit', '500ms']
    const { code, stdout, stderr } = await cpuhp(args)
    expect(stdout).toMatch(/^2 tasks: [\d,]+ cycles? of 1,000,000: the time was up; /m)
    expect(stderr).not.toContain('\x1b')
    expect(code).toBe(0)
  })

  test('keeps what it has when it is interrupted', async () => {
    let sent = false
    const args = ['profile', '--sweep', 'tasks=2', '--cpus', '2', '--cycles', '1000000', '--limit', '5m']
    const { code, stdout } = await cpuhp(args, {
      onOutput(kill, stderr) {
        if (sent || !stderr.includes('cycle')) return
        sent = true
        kill('SIGINT')
      },
    })
    expect(stdout).toMatch(/^2 tasks: [\d,]+ cycles? of/m)
    expect(stdout).toMatch(/INTERRUPTED: the last value is not complete\n$/)
    expect(code).toBe(130)
  })

  test.each([
    [
      '--sweep nice=1',
      "--sweep is one of tasks=..., cpus=..., hogs=..., LOAD.PARAMETER=... with values, as in tasks=0,2,8, not 'nice=1'",
    ],
    [
      '--sweep irq-off.nice=1',
      "--sweep is one of tasks=..., cpus=..., hogs=..., LOAD.PARAMETER=... with values, as in tasks=0,2,8, not 'irq-off.nice=1'",
    ],
    ['--sweep irq-off.us=-1', "--sweep irq-off.us: a value is a whole number from 0 to 100000, not '-1'"],
    ['--load irq-off:x=1', "--load irq-off: takes tasks=N, us=N, gap=N, not 'x=1'"],
    ['--sweep tasks=', "--sweep tasks: a value is a whole number from 0 to 10000, not ''"],
    ['--sweep cpus=1', "--sweep cpus: a value is a whole number from 2 to 4096, not '1'"],
    ['--sweep tasks=2,2', "--sweep takes each value once, not '2,2'"],
    ['--limit 0s', "--limit is a duration above 0, as in 60s, not '0s'"],
    ['--workers 3 --sweep cpus=2,4', "--workers is a whole number from 1 to 2, the number of CPUs, not '3'"],
    ['--workers 1 --machine deterministic', '--workers is for --machine threads'],
  ])('refuses %s in one line', async (words, message) => {
    const { code, stdout, stderr } = await cpuhp(['profile', ...words.split(' ')])
    expect([code, stdout, stderr]).toEqual([2, '', `cpuhp: ${message}\n`])
  })
})
