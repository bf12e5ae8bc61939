import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { BusyVerdict } from '#dist/stress/busy/verdict.js'
import { cpuhp, ROOT } from '../support/run.js'

type Told = BusyVerdict & { readonly command: string; readonly flightDirectory: string | null }

const folder = mkdtempSync(join(tmpdir(), 'cpuhp-stress-'))
afterAll(() => rmSync(folder, { recursive: true }))

const DETERMINISTIC = ['stress', '--machine', 'deterministic', '--cpus', '3', '--tasks', '9']

describe('cpuhp stress', () => {
  test('takes busy CPUs down on threads, says all about it, and ends with success', async () => {
    const args = ['stress', '--cpus', '3', '--workers', '2', '--tasks', '12', '--duration', '1500ms', '--seed', '4']
    const { code, stdout, stderr } = await cpuhp(args, { cwd: folder })
    expect(stdout).toMatch(/^threads: 3 CPUs on 2 workers, \d+ busy tasks in \d+ processes, seed 4, [\d.]+ s$/m)
    expect(stdout).toMatch(/^onoff: \d+\/\d+:\d+\/\d+ \d+,\d+:\d+,\d+ \d+:\d+ \(HZ=1000\)$/m)
    for (const line of [
      'offline',
      'waiting for cpuhp/N',
      'grace period',
      'stop_machine: gathering',
      'death',
      'online',
    ]) {
      expect(stdout).toMatch(new RegExp(`^ *${line}( +[\\d.]+ (ns|us|ms|s)){5} +\\d+$`, 'm'))
    }
    expect(stdout).toMatch(/^bystanders stopped/m)
    expect(stdout).toMatch(/^\d[\d,]* migrations: wakeup \d/m)
    expect(stdout).toMatch(/^victims with a runnable task: \d+ of \d+ \([\d.]+ %\)/m)
    expect(stdout).toMatch(/^\d+ results compared, 0 wrong$/m)
    expect(stdout).toMatch(/^ {2}masks-nest +\d+ +/m)
    expect(stdout).toMatch(/\nSUCCESS: \d+ times down, \d+ times up, nothing was violated; seed 4\n$/)
    expect(stdout).not.toContain('\x1b')
    expect(stderr).not.toContain('\x1b')
    expect(code).toBe(0)
    expect(readdirSync(folder)).toEqual([])
  })

  test('does the same things each time on the deterministic machine', async () => {
    const args = [...DETERMINISTIC, '--cycles', '15', '--seed', '6', '--json', '-', '--quiet']
    const runs = await Promise.all([cpuhp(args), cpuhp(args)])
    const [one, other] = runs.map(({ stdout }) => {
      const told = JSON.parse(stdout) as Told
      return { ...told, elapsedMs: 0, host: { ...told.host, load: [], memory: [] } }
    })
    expect(one).toEqual(other)
    expect(one).toMatchObject({
      schemaVersion: 1,
      outcome: 'success',
      machine: 'deterministic',
      workers: null,
      findings: [],
    })
    expect(one!.command).toBe('cpuhp stress --cpus 3 --tasks 9 --seed 6 --machine deterministic --cycles 15')
    expect(one!.done.offline).toBeGreaterThanOrEqual(15)
    expect(one!.busy.busy).toBeGreaterThanOrEqual(0.95 * one!.busy.offlines)
    expect(one!.digest).toBeGreaterThan(0)
  })

  test('is quiet when it is told to be and all is well', async () => {
    const { code, stdout, stderr } = await cpuhp([...DETERMINISTIC, '--cycles', '5', '--quiet'])
    expect([code, stdout, stderr]).toEqual([0, '', ''])
  })

  test("runs a user's workload, beside one of its own", async () => {
    const args = [...DETERMINISTIC, '--cycles', '5', '--workload', 'sha256,examples/own-workload.mjs']
    const { code, stdout } = await cpuhp(args)
    expect(stdout).toContain('SUCCESS')
    expect(code).toBe(0)
  })

  test('names a workload that throws, goes on, and leaves the flight recorder of every CPU', async () => {
    const workload = join(ROOT, 'test/fixtures/late-fault.mjs')
    const args = [...DETERMINISTIC, '--cycles', '10', '--workload', `sha256,${workload}`, '--json', 'v.json']
    const { code, stdout } = await cpuhp(args, { cwd: folder })
    expect(code).toBe(1)
    expect(stdout).toMatch(/VIOLATION results: task \d+ \(late-fault\) has failed: Error: too much/)
    expect(stdout).toMatch(
      /FAILURE: \d+ times down, .*; seed 1, digest [0-9a-f]{8}\n {2}to see it again: cpuhp stress /,
    )
    const told = JSON.parse(readFileSync(join(folder, 'v.json'), 'utf8')) as Told
    expect(told.done.offline).toBeGreaterThanOrEqual(10)
    const directory = /the flight recorder of every CPU: (\S+)\//.exec(stdout)?.[1] ?? ''
    expect(directory).toBe(told.flightDirectory)
    for (const file of ['cpu000.txt', 'cpu002.txt', 'verdict.json']) {
      expect(existsSync(join(folder, directory, file)), file).toBe(true)
    }
    expect(readFileSync(join(folder, directory, 'cpu001.txt'), 'utf8')).toMatch(/sched_switch: /)
  })

  test('does not pass for busy when it is not', async () => {
    const args = [...DETERMINISTIC.slice(0, -1), '1', '--workload', 'sleeper', '--cycles', '20']
    const { code, stdout } = await cpuhp(args, { cwd: folder })
    expect(stdout).toMatch(
      /NOT BUSY busy: of \d+ ways down only \d+ \([\d.]+ %\) found a runnable task; 95 % are wanted/,
    )
    expect(code).toBe(1)
  })

  test('tells how far it is, and ends in order when it is interrupted', async () => {
    const args = ['stress', '--cpus', '3', '--workers', '2', '--tasks', '9', '--duration', '5m']
    let sent = false
    const { code, stdout, stderr } = await cpuhp(args, {
      cwd: folder,
      onOutput(kill, told) {
        if (!sent && told.includes('cycles')) {
          sent = true
          kill('SIGINT')
        }
      },
    })
    expect(stderr).toMatch(/^ +\d+ % {2}[\d,]+ cycles? {2}[\d,]+ migrations? {2}online [o.]{3}$/m)
    expect(stdout).toMatch(/INTERRUPTED: \d+ times? down, /)
    expect(code).toBe(130)
  })
})
