// What `cpuhp explore` says of memory: data races, weak memory, and that a search has searched something.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { SHARE } from '#dist/test/modules/explore.js'
import { kernelModule } from '../support/machines.js'
import { cpuhp } from '../support/run.js'

const folder = mkdtempSync(join(tmpdir(), 'cpuhp-memory-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A user's scenario: two CPUs, each does its part of explore_share; `expected`: what CPU 1's must return. */
function scenarioFile(name: string, way: keyof typeof SHARE, cpus: number): string {
  const file = join(folder, `${name}.mjs`)
  const step = (cpu: number): string =>
    `{ says: 'part ${cpu}', async do(machine) {
      const answer = await machine.run('explore_share', { cpu: ${cpu}, args: [${SHARE[way]}, ${cpu}] })
      return ${way === 'flagged' && cpu === 1} && answer !== 1 ? 'the flag was seen, and ' + answer + ' where 1 was stored' : undefined
    } }`
  const actors = Array.from({ length: cpus }, (_, cpu) => `{ name: 'CPU ${cpu}', steps: [${step(cpu)}] }`)
  writeFileSync(
    file,
    `export default { name: '${name}', says: '${way}', machine: { cpus: ${cpus}, modules: ['${kernelModule('explore').href}'] }, actors: [${actors}] }`,
  )
  return file
}

const tokenIn = (text: string): string => /cpuhp1-[\w-]+/.exec(text)?.[0] ?? 'none'

test('a data race is told with both accesses, and so it is by its token', async () => {
  const file = scenarioFile('racy', 'plain', 2)
  const args = ['explore', file, '--quiet', '--schedules', '20']
  expect((await cpuhp(args)).stdout).not.toContain('data race')
  const found = await cpuhp([...args, '--races'])
  expect(found.code).toBe(1)
  expect(found.stdout).toContain('data race: scratch+# in explore_share and explore_share')
  const accesses = found.stdout.match(/^ +CPU \d \(\S+\) (reads|writes) scratch\+80 in explore_share.*$/gm)!
  expect(accesses.length).toBe(2)
  const again = await cpuhp(['replay', tokenIn(found.stdout)])
  expect(again.stderr).toBe('')
  expect(again.code).toBe(1)
  for (const access of accesses) expect(again.stdout).toContain(access.trim())
})

test('data that is seen after its flag is found with pso, replayed and minimised', { timeout: 120_000 }, async () => {
  const file = scenarioFile('flagged', 'flagged', 2)
  const args = ['explore', file, '--quiet', '--until-found', '--schedules', '600', '--strategy', 'random,pos']
  for (const memory of ['sc', 'tso']) expect((await cpuhp([...args, '--memory', memory])).code, memory).toBe(0)
  const found = await cpuhp([...args, '--memory', 'pso'])
  expect(found.code).toBe(1)
  expect(found.stdout).toContain('violated: oracle: CPU 1: the flag was seen, and 0 where 1 was stored')
  const again = await cpuhp(['replay', tokenIn(found.stdout)])
  expect(again.code).toBe(1)
  const small = await cpuhp(['minimise', '--quiet', tokenIn(found.stdout)])
  expect(small.stderr).toBe('')
  expect(small.stdout).toContain('(store_buffer)')
  expect(small.stdout).toMatch(/the store buffer of CPU 0 is held up before store scratch\+80 1 \(store_buffer\)/)
})

describe('coverage', () => {
  test('is told, and stands in the JSON', async () => {
    const json = join(folder, 'coverage.json')
    const args = ['explore', 'targets', '--coverage', '--schedules', '30', '--json', json]
    const { code, stdout } = await cpuhp(args)
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /^ {2}\d+ distinct traces; another schedule is a new one with a probability of about \d+ %$/m,
    )
    const [{ coverage }] = JSON.parse(readFileSync(json, 'utf8'))
    expect(coverage.traces).toBeGreaterThan(1)
    expect(coverage.traces).toBeLessThanOrEqual(30)
    expect(coverage.pairs).toBeGreaterThan(10)
  })

  test('of nothing is a failure of its own', async () => {
    const file = scenarioFile('alone', 'plain', 1)
    const { code, stderr } = await cpuhp(['explore', file, '--quiet', '--strategy', 'exhaustive:0,dpor'])
    expect(code).toBe(11)
    expect(stderr).toBe(
      'cpuhp: alone: nothing was interleaved: all its schedules are the same but for what is independent\n',
    )
  })
})

test.each([
  [['--memory', 'best'], "option '--memory <model>' argument 'best' is invalid. Allowed choices are sc, tso, pso."],
  [['--races', '--memory', 'tso'], '--races goes with --memory sc'],
  [['--strategy', 'dpor:100'], 'strategy dpor:N takes a number from 0 to 99 (choices against the default order)'],
])('%j is refused in one line', async (args, message) => {
  const { code, stdout, stderr } = await cpuhp(['explore', 'targets', ...args])
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toContain(message)
  expect(stderr.trimEnd().split('\n').length).toBe(1)
})
