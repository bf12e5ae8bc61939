import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cpuhp } from '../support/run.js'

const folder = mkdtempSync(join(tmpdir(), 'cpuhp-compare-'))
afterAll(() => rmSync(folder, { recursive: true }))

const measure = ['profile', '--machine', 'deterministic', '--sweep', 'tasks=0,4', '--cycles', '20', '--quiet']
const compare = (...files: string[]) => cpuhp(['profile', '--compare', ...files], { cwd: folder })

beforeAll(async () => {
  const runs = [
    [...measure, '--cpus', '3', '--json', 'a.json'],
    [...measure, '--cpus', '3', '--seed', '2', '--json', 'same.json'],
    [...measure, '--cpus', '12', '--json', 'large.json'],
    [...measure.slice(0, 3), '--sweep', 'hogs=0', '--cycles', '5', '--json', 'hogs.json'],
  ]
  const codes = await Promise.all(runs.map(async (args) => (await cpuhp(args, { cwd: folder })).code))
  expect(codes).toEqual([0, 0, 0, 0])
  writeFileSync(join(folder, 'other.json'), '{}')
  writeFileSync(join(folder, 'broken.json'), '{')
  writeFileSync(join(folder, 'later.json'), '{"kind":"cpuhp-profile","schemaVersion":99}')
  writeFileSync(join(folder, 'odd.json'), '{"kind":"cpuhp-profile","schemaVersion":1,"points":[{"value":1}]}')
}, 60_000)

describe('cpuhp profile --compare', () => {
  test('finds nothing between a profile and itself, and says the same each time', async () => {
    const [one, other] = await Promise.all([compare('a.json', 'a.json'), compare('a.json', 'a.json')])
    expect(one!.stdout).toMatch(/^ {2}offline takes about as long: 1\.00 times, 95 % interval [\d.]+\.\.[\d.]+$/m)
    expect(one!.stdout).toMatch(/NO DIFFERENCE that is certain \(95 % in all, 4 comparisons\)\n$/)
    expect(one!.code).toBe(0)
    expect(other).toEqual(one)
  })

  test('finds that a larger machine is slower, says by how much, and where', async () => {
    const { code, stdout } = await compare('a.json', 'large.json', '--json', 'c.json')
    expect(stdout).toMatch(
      /^ {2}offline is [\d.]+ times as slow, 95 % interval [\d.]+\.\.[\d.]+; (most of it in [\w: /]+|no phase makes up half of it)$/m,
    )
    expect(stdout).toMatch(/^ {4}stop_machine: gathering( +[+-]?[\d.]+ (ns|us|ms)){3} +\S+ \w+\.\.\S+ \w+ /m)
    expect(stdout).toMatch(/DIFFERENT \(95 % in all, 4 comparisons\)\n$/)
    expect(code).toBe(1)
    const told = JSON.parse(readFileSync(join(folder, 'c.json'), 'utf8'))
    expect(told).toMatchObject({ kind: 'cpuhp-comparison', differ: true, comparisons: [{ label: '0 tasks' }, {}] })
  })

  test('does not take another seed for another machine', async () => {
    const { code, stdout } = await compare('a.json', 'same.json')
    expect([code, stdout.split('\n').at(-2)]).toEqual([0, expect.stringMatching(/^NO DIFFERENCE/)])
  })

  test.each([
    [['a.json'], /--compare takes two files, as in --compare a\.json b\.json, not 1$/],
    [['a.json', 'none.json'], /--compare none\.json: can't be read: ENOENT/],
    [['a.json', 'broken.json'], /--compare broken\.json: can't be read: /],
    [['a.json', 'other.json'], /--compare other\.json: is not what cpuhp profile --json writes$/],
    [['later.json', 'a.json'], /--compare later\.json: is of version 99; version 1 is known$/],
    [['odd.json', 'a.json'], /--compare odd\.json: its points lack what cpuhp profile writes: value, label, samples$/],
    [['a.json', 'hogs.json'], /a\.json is of sweep tasks, hogs\.json of hogs: they can't be compared$/],
  ])('refuses %s in one line', async (files, message) => {
    const { code, stdout, stderr } = await compare(...files)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^cpuhp: [^\n]+\n$/)
    expect(stderr.trim()).toMatch(message)
  })
})
