// Campaigns as their users run them: with any number of workers, in parts, with scenarios that misbehave.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { EXIT } from '#dist/src/base/failure.js'
import { cpuhp, type Result } from '../support/run.js'

const folder = mkdtempSync(join(tmpdir(), 'cpuhp-campaign-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

type Reports = { schedules: number; found: { schedule: number; times: number; token: string }[] }[]

/** The reports without how long they took. */
function reportsIn(text: string): Reports {
  return JSON.parse(text).map(({ seconds, ...rest }: { seconds: number }) => {
    expect(seconds).toBeGreaterThan(0)
    return rest
  })
}

const explore = (...args: string[]): Promise<Result> => cpuhp(['explore', ...args, '--quiet', '--json', '-'])

describe('whatever the number of workers', () => {
  test('the same schedules fail', async () => {
    const search = ['readers', 'parking', '--bug', 'M29', '--schedules', '60', '--seed', '3']
    const one = await explore(...search, '--jobs', '1')
    const three = await explore(...search, '--jobs', '3')
    expect(one.code).toBe(1)
    expect(reportsIn(three.stdout)).toEqual(reportsIn(one.stdout))
    const [readers] = reportsIn(one.stdout)
    expect(readers.schedules).toBe(60)
    expect(readers.found.length).toBeGreaterThan(0)
  })

  test('a search until something is found ends with the failure of the lowest number', async () => {
    const search = ['readers', '--bug', 'M29', '--strategy', 'pct:3', '--until-found']
    const [one] = reportsIn((await explore(...search, '--jobs', '1')).stdout)
    const [four] = reportsIn((await explore(...search, '--jobs', '4')).stdout)
    expect(four).toEqual(one)
    expect(one.found.length).toBe(1)
    expect(one.schedules).toBe(one.found[0].schedule + 1)
    expect(one.found[0].schedule).toBeGreaterThan(0)
  })

  test('a strategy that goes by what it has seen sees the same', async () => {
    const search = ['stop-pairs', '--strategy', 'exhaustive:1,random', '--schedules', '60']
    const one = await explore(...search, '--jobs', '1')
    const three = await explore(...search, '--jobs', '3')
    expect(reportsIn(three.stdout)).toEqual(reportsIn(one.stdout))
    expect(one.stdout).toContain('with 1; the last number is not complete')
  })
})

describe('parts of a campaign', () => {
  const search = ['explore', 'readers', 'parking', '--bug', 'M29', '--schedules', '50', '--quiet', '--json']
  const part = async (index: number, count: number, ...more: string[]): Promise<string> => {
    const file = join(folder, `${index}-${count}${more.join('')}.json`)
    expect((await cpuhp([...search, file, '--shard', `${index}/${count}`, ...more])).code).not.toBe(2)
    return file
  }

  test('are merged to what the whole of it reports', async () => {
    const parts = [await part(3, 3), await part(1, 3), await part(2, 3)]
    const whole = await cpuhp([...search, '-'])
    const merged = await cpuhp(['merge', ...parts, '--json', '-'])
    expect(merged.stderr).toBe('')
    expect(merged.code).toBe(whole.code)
    expect(reportsIn(merged.stdout)).toEqual(reportsIn(whole.stdout))
    const counts = parts.map((file) => reportsIn(readFileSync(file, 'utf8'))[0].schedules)
    expect(counts.every((count) => count >= 12)).toBe(true)
    const told = await cpuhp(['merge', ...parts])
    expect(told.stdout).toMatch(/^readers: 50 schedules in /m)
    expect(told.stdout).toMatch(/^ {2}cpuhp replay cpuhp1-/m)
    const incomplete = await cpuhp(['merge', parts[0], parts[2]])
    expect(incomplete.stderr).toBe('cpuhp: part 1 of 3 is missing\n')
    expect(incomplete.code).toBe(2)
    const twice = await cpuhp(['merge', parts[0], parts[0]])
    expect(twice.stderr).toMatch(/: is part 3, and so is /)
    const other = await part(2, 3, '--seed', '8')
    const mixed = await cpuhp(['merge', parts[0], parts[1], other])
    expect(mixed.stderr).toMatch(/: is of another campaign than .*: seed differs\n$/)
    writeFileSync(join(folder, 'whole.json'), whole.stdout)
    const unsharded = await cpuhp(['merge', join(folder, 'whole.json')])
    expect(unsharded.stderr).toMatch(/: is all of a campaign, not a part/)
  })
})

describe('a scenario that', () => {
  const head = "let runs = 0; export default { name: 'mine', says: 'mine', machine: { cpus: 2 }, actors: "
  /** Does something else the twentieth time that a worker runs it, and is found wrong once before. */
  const acting = (act: string): string =>
    `${head}[{ name: 'a', steps: [{ says: 'x', async do(machine) { if (++runs === 20) { ${act} } await machine.offline(1) } }] }],
    check: () => (runs === 12 ? ['wrong'] : []) }`

  test.concurrent.each([
    ['ends its worker', 'process.exit(3)', EXIT.workerDied, /a worker has died in schedule \d+ of seed 1: .*code: 3$/],
    ['throws', "throw new Error('no')", EXIT.scenarioThrows, /^cpuhp: scenario mine has thrown Error: no$/],
    [
      'loops',
      'for (;;);',
      EXIT.scenarioEndless,
      /has kept its worker busy for 20 s in schedule \d+ of seed 1: it loops$/,
    ],
    ['awaits what never comes', 'await new Promise(() => {})', EXIT.scenarioEndless, /mine has not ended after 10 s/],
  ])('%s ends the search, and what had been found is told', { timeout: 55_000 }, async (name, act, exit, message) => {
    const file = join(folder, `${name.replaceAll(' ', '-')}.mjs`)
    writeFileSync(file, acting(act).replace('runs === 12', 'false'))
    const { code, stdout, stderr } = await cpuhp(['explore', file, '--quiet', '--jobs', '1'])
    expect(stderr.trimEnd()).toMatch(message)
    expect(stderr.trimEnd()).not.toContain('\n')
    expect({ code, stdout }).toEqual({ code: exit, stdout: '' })
  })

  test('ends its worker loses nothing of what lies below', async () => {
    const file = join(folder, 'below.mjs')
    const count = join(folder, 'below.count')
    writeFileSync(
      file,
      `import { appendFileSync, readFileSync } from 'node:fs'
      const count = ${JSON.stringify(count)}
      async function act() {
        appendFileSync(count, 'x')
        // The default order and eight trials come first: the third schedule.
        if (readFileSync(count).length === 12) process.exit(3)
      }
      export default { name: 'below', says: 'below', machine: { cpus: 2 },
        actors: [{ name: 'a', steps: [{ says: 'x', do: act }] }], check: () => ['wrong'] }`,
    )
    const { code, stdout, stderr } = await cpuhp(['explore', file, '--quiet', '--jobs', '1'])
    expect(stderr).toMatch(/^cpuhp: a worker has died in schedule 3 of seed 1: /)
    expect(stdout).toMatch(/^below: 3 schedules in .*: 3 failures$/m)
    expect(stdout).toMatch(/^ {2}3 times, first in the default order; 0 deviations/m)
    expect(code).toBe(1)
  })

  test('fails at last has told what it found before', async () => {
    const file = join(folder, 'last.mjs')
    writeFileSync(file, acting("throw new Error('no')"))
    const { code, stdout, stderr } = await cpuhp(['explore', file, '--quiet', '--jobs', '1'])
    expect(stderr).toBe('cpuhp: scenario mine has thrown Error: no\n')
    expect(stdout).toContain('not deterministic: violation oracle at first')
    expect(code).toBe(1)
  })

  test.concurrent.each([
    ['throws while it is loaded', "throw new Error('early')", EXIT.scenarioThrows, /can't be loaded: early$/],
    [
      'throws in prepare',
      `${head}[{ name: 'a', steps: [] }], prepare() { throw new Error('no') } }`,
      EXIT.scenarioThrows,
      /has thrown Error: no$/,
    ],
    [
      'is refused in prepare',
      `${head}[{ name: 'a', steps: [] }], prepare: (m) => m.offline(0) }`,
      EXIT.scenarioThrows,
      /has thrown KernelError: EPERM/,
    ],
    [
      'throws in check',
      `${head}[{ name: 'a', steps: [] }], check() { throw new Error('no') } }`,
      EXIT.scenarioThrows,
      /has thrown Error: no$/,
    ],
    ['is never loaded', 'await new Promise(() => {})', EXIT.scenarioEndless, /is not loaded after 10 s/],
    [
      'loops while it is loaded',
      'for (;;);',
      EXIT.scenarioEndless,
      /busy for 20 s while it loaded the scenario: it loops$/,
    ],
  ])('%s is named in a line', { timeout: 55_000 }, async (name, text, exit, message) => {
    const file = join(folder, `${name.replaceAll(' ', '-')}.mjs`)
    writeFileSync(file, text)
    const { code, stdout, stderr } = await cpuhp(['explore', file, '--quiet'])
    expect(stderr.trimEnd()).toMatch(message)
    expect(stderr.trimEnd()).not.toContain('\n')
    expect({ code, stdout }).toEqual({ code: exit, stdout: '' })
  })
})

test('a token whose scenario loops by now is not replayed for ever', { timeout: 55_000 }, async () => {
  const file = join(folder, 'later.mjs')
  const text = (act: string): string =>
    `export default { name: 'later', says: 'later', machine: { cpus: 2 },
    actors: [{ name: 'a', steps: [{ says: 'x', async do() { ${act} } }] }], check: () => ['wrong'] }`
  writeFileSync(file, text(''))
  const found = await cpuhp(['explore', file, '--quiet', '--until-found', '--json', '-'])
  const [{ found: failures }] = reportsIn(found.stdout)
  const { token } = failures[0]
  expect((await cpuhp(['replay', token])).code).toBe(1)
  writeFileSync(file, text('for (;;);'))
  const { code, stdout, stderr } = await cpuhp(['replay', token])
  expect(stderr).toMatch(/^cpuhp: scenario .* busy for 20 s when it ran the token's schedule: it loops\n$/)
  expect({ code, stdout }).toEqual({ code: EXIT.scenarioEndless, stdout: '' })
})

test('Ctrl-C before anything is found exits with 130, and tells how far it came', { timeout: 60_000 }, async () => {
  let killed = false
  const { code, stdout } = await cpuhp(['explore', 'targets', '--time', '10m', '--jobs', '2'], {
    onOutput: (kill, stderr) => {
      if (killed || !stderr.includes('schedules')) return
      killed = true
      kill('SIGINT')
    },
  })
  expect(code).toBe(130)
  expect(stdout).toMatch(/^targets: [\d,]+ schedules .*: nothing found$/m)
})
