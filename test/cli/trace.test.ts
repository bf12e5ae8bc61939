// `cpuhp trace` as its users run it.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { parseLine } from '../support/ftrace.js'
import { cantMount, titled } from '../support/mounting.js'
import { cpuhp } from '../support/run.js'

const folder = mkdtempSync(join(tmpdir(), 'cpuhp-trace-'))
afterAll(() => rmSync(folder, { recursive: true }))

const file = (name: string): string => join(folder, name)
const read = (name: string): string => readFileSync(file(name), 'utf8')
const RUN = ['run', 'examples/offline.txt']
const STRESS = ['stress', '--machine', 'deterministic', '--cpus', '3', '--tasks', '6', '--duration', '2ms', '--quiet']

async function trace(args: readonly string[], command: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await cpuhp(['trace', ...args, '--', ...command])
  expect({ code, stderr }).toMatchObject({ code: 0 })
  return stdout
}

describe('around run', () => {
  test('leaves its output as it is, and says what it has written', async () => {
    const plain = await cpuhp(RUN)
    const { code, stdout, stderr } = await cpuhp(['trace', '-o', file('run.txt'), '--', ...RUN])
    expect({ code, stdout }).toEqual({ code: plain.code, stdout: plain.stdout })
    const lines = read('run.txt').trimEnd().split('\n')
    expect(stderr).toBe(
      `trace: ${(lines.length - 12).toLocaleString('en-US')} events of 4 CPUs in ${file('run.txt')}\n`,
    )
    expect(lines[0]).toBe('# tracer: nop')
    expect(lines.slice(12).every((line) => parseLine(line) !== null)).toBe(true)
  })

  test('every callback that run tells of is there', async () => {
    const golden = await trace(['--events', 'cpuhp', '-o', file('callbacks.txt'), '--quiet'], RUN)
    const told = golden
      .split('\n')
      .flatMap((line) => (line === '' ? [] : ((JSON.parse(line).trace as string[] | undefined) ?? [])))
    const written = read('callbacks.txt')
      .split('\n')
      .flatMap((line) => {
        const entry = parseLine(line)
        if (entry === null) return []
        const { cpu, target, idx, fun, state, ret } = entry.fields
        if (entry.name === 'cpuhp_exit') return [`exit ${cpu} ${state} ${idx} ${ret}`]
        return [`${entry.name === 'cpuhp_enter' ? 'enter' : 'multi'} ${cpu} ${target} ${idx} ${fun}`]
      })
    expect(told.length).toBeGreaterThan(100)
    // What is not part of a request is the machine's coming up.
    expect(written.slice(-told.length)).toEqual(told.map((line) => line.replace(/^\S+ \S+ /, '')))
  })

  test('passes its exit code on', async () => {
    const { code } = await cpuhp([
      'trace',
      '-o',
      file('died.txt'),
      '--',
      'conform',
      'test/golden/01-offline-online.jsonl',
      '--profile',
      'linux-6.1-debian-cloud',
    ])
    expect(code).toBe(1)
    expect(read('died.txt')).toContain('cpuhp_enter')
  })
})

test('a run of the same seed has the same file, to the last byte', async () => {
  for (const name of ['a.dat', 'b.dat']) await trace(['-o', file(name)], [...STRESS, '--seed', '5'])
  const [a, b] = ['a.dat', 'b.dat'].map((name) => readFileSync(file(name)))
  expect(a!.length).toBeGreaterThan(10_000)
  expect(a!.equals(b!)).toBe(true)
})

test('a replay of the same token has the same trace', async () => {
  const found = await cpuhp(['explore', '--bug', 'M15', '--until-found', '--quiet'])
  const token = /cpuhp replay (cpuhp1-\S+)/.exec(found.stdout)![1]!
  for (const name of ['one.txt', 'two.txt']) {
    const { code } = await cpuhp(['trace', '-o', file(name), '--', 'replay', token])
    expect(code).toBe(1)
  }
  expect(read('one.txt')).toBe(read('two.txt'))
  expect(read('one.txt')).toContain('sched_switch')
  expect(read('one.txt')).not.toContain('LOST')
})

test('a command that boots several machines has a file for each', async () => {
  await trace(['-o', file('conform.txt')], ['conform', '--quiet', 'test/golden/cloud'])
  const names = readdirSync(folder).filter((name) => name.startsWith('conform.'))
  expect(names.sort()).toEqual(['conform.2.txt', 'conform.3.txt', 'conform.txt'])
  for (const name of names) expect(read(name)).toContain('cpuhp_enter')
})

test('threads are traced as well', async () => {
  await trace(['-o', file('threads.txt')], ['run', '--machine', 'threads', '--workers', '2', 'examples/offline.txt'])
  expect(read('threads.txt')).toMatch(/cpuhp\/1-\d+ +\[001\].*cpuhp_enter: cpu: 0001/)
})

const cant = cantMount()
test.skipIf(cant !== null)(titled('what a tool makes a mounted machine do is traced', cant), async () => {
  await trace(['-o', file('mount.txt')], ['mount', '--', 'sh', '-c', 'echo 0 > /sys/devices/system/cpu/cpu1/online'])
  expect(read('mount.txt')).toMatch(/cpuhp_enter: cpu: 0001 target: {3}0 step: 153 \(takedown_cpu\)/)
})

test('figures are shown, and written as JSON', async () => {
  const stdout = await trace(['--summary', '--json', file('figures.json')], STRESS)
  const { machines } = JSON.parse(read('figures.json'))
  expect(machines).toHaveLength(1)
  expect(machines[0].cpus).toHaveLength(3)
  expect(stdout).toMatch(/^task +runtime +switches +wakeups +delay avg +max +at$/m)
  expect(stdout).toMatch(/^migration\/0-\d+ .*/m)
  expect(stdout).toMatch(/^CPU +busy +idle +stopped +offline$/m)
  expect(stdout).toMatch(/^ +2( +[\d.]+ (ns|us|ms) \([\d.]+ %\)){4}$/m)
})

describe('bad input:', () => {
  test.each([
    [
      ['-o', 'x.txt', '--', 'shell'],
      /^cpuhp: trace goes around run, stress, replay, conform, cycles, mount, not 'shell'$/,
    ],
    [['--', ...RUN], /^cpuhp: what is to come of it\? -o FILE, --summary or --json FILE$/],
    [
      ['-o', 'x.doc', '--', ...RUN],
      /^cpuhp: -o x\.doc: its ending stands for no format; there are ftrace \(\.txt, \.ftrace\), /,
    ],
    [['-o', 'x.txt', '--format', 'elf', '--', ...RUN], /^cpuhp: --format: there is no format 'elf'; there are ftrace /],
    [['--summary', '--format', 'dat', '--', ...RUN], /^cpuhp: --format is for -o FILE$/],
    [['-o', 'no/such/x.txt', '--', ...RUN], /^cpuhp: -o no\/such\/x\.txt: can't be written: ENOENT/],
    [
      ['--events', 'sched,x', '-o', 'x.txt', '--', ...RUN],
      /^cpuhp: --events: there is no event 'x'; there are cpuhp, sched, /,
    ],
    [[], /^cpuhp: missing required argument 'command'; see cpuhp trace --help$/],
  ])('%j', async (args, message) => {
    const { code, stdout, stderr } = await cpuhp(['trace', ...args])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(stderr.trimEnd()).toMatch(message)
    expect(existsSync('x.txt')).toBe(false)
  })

  test('of the command is its own, and leaves no file', async () => {
    const { code, stderr } = await cpuhp(['trace', '-o', file('none.txt'), '--', 'run', file('nothing')])
    expect(code).toBe(2)
    expect(stderr).toMatch(/can't be read: ENOENT.*\ntrace: no machine was booted, so there is nothing to write\n$/)
    expect(existsSync(file('none.txt'))).toBe(false)
  })
})
