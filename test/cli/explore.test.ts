// `cpuhp explore`, `replay`, `minimise` and `bugs` as their users run them.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EXIT, type ExitCode } from '#dist/src/base/failure.js'
import { decodeToken, encodeToken } from '#dist/src/explore/token.js'
import { cpuhp, type Result } from '../support/run.js'

const folder = mkdtempSync(join(tmpdir(), 'cpuhp-explore-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const EXAMPLE = 'examples/broken-wakeup/scenario.mjs'
const tokenIn = ({ stdout }: Result): string => /cpuhp1-[\w-]+/.exec(stdout)?.[0] ?? 'none'

describe('a historical bug', () => {
  let found: Result
  beforeAll(async () => {
    found = await cpuhp(['explore', '--bug', 'M10', '--until-found', '--quiet'])
  })

  test('is found, and told with a token', () => {
    expect(found.stderr).toBe('')
    expect(found.code).toBe(1)
    expect(found.stdout).toMatch(
      /^stop-pairs: \d+ schedules in [\d.]+ s \([\d,]+\/s\), \d+ interleaved, .* 1 failure$/m,
    )
    expect(found.stdout).toContain('hang: CPU 0 (migration/0) spins in multi_cpu_stop:wait')
    expect(found.stdout).toMatch(
      /^ +requester\/0 \(D, CPU \d\) waits for task\[\d+\]\.exited, in wait_for_completion$/m,
    )
    expect(found.stdout).toMatch(/probability of at least .* \(1\/\(n\*k\^\(d-1\)\), n = 6, k = \d+\)/)
    expect(tokenIn(found).length).toBeLessThan(400)
  })

  test('is seen again by its token, with where its tasks sleep, and every operation in a file', async () => {
    const trace = join(folder, 'trace.jsonl')
    const again = await cpuhp(['replay', tokenIn(found), '--trace', trace])
    expect(again.stderr).toBe('')
    expect(again.code).toBe(1)
    expect(again.stdout).toMatch(/^stop-pairs with M10: hang: /)
    expect(again.stdout).toMatch(/waits for task\[\d+\]\.exited, in wait_for_completion$/m)
    const lines = readFileSync(trace, 'utf8').trimEnd().split('\n')
    expect(lines.length).toBe(Number(/^(\d+) operations/m.exec(again.stdout)![1]))
    expect(JSON.parse(lines[0])).toMatchObject({ cpu: 0, nth: 0, task: expect.any(String), place: expect.any(String) })
  })

  test('is minimised to a table that a person can read', async () => {
    const small = await cpuhp(['minimise', tokenIn(found), '--quiet'])
    expect(small.stderr).toBe('')
    expect(small.code).toBe(1)
    const rows = small.stdout.split('\n').filter((line) => /^ *\d+ {2}/.test(line))
    expect(rows.length).toBeGreaterThanOrEqual(10)
    expect(rows.length).toBeLessThanOrEqual(40)
    expect(small.stdout).toMatch(/^ +CPU 0 +CPU 1 +CPU 2$/m)
    expect(small.stdout).toMatch(/^CPU \d \(runner\/\d\) is held up before .*M10\); CPU \d goes on meanwhile\.$/m)
    const again = await cpuhp(['replay', tokenIn(small)])
    expect(again.code).toBe(1)
  })

  test('is not there without its switch: the replay says where it differs', async () => {
    const recipe = decodeToken(tokenIn(found))
    const other = encodeToken({ ...recipe, bugs: [] })
    const { code, stdout, stderr } = await cpuhp(['replay', other])
    expect(stdout).toBe('')
    expect(stderr).toMatch(
      /^cpuhp: the replay diverges: .* operation \d+ of CPU \d \(.*; the code has changed; --best-effort/,
    )
    expect(stderr.trimEnd()).not.toContain('\n')
    expect(code).toBe(2)
    const effort = await cpuhp(['replay', other, '--best-effort', '--then', 'random'])
    expect(effort.stdout).toMatch(/^stop-pairs: ok$/m)
    expect(effort.stdout).toMatch(/^diverged: before operation \d+ of CPU \d/m)
    expect(effort.code).toBe(0)
  })

  test('of another version is refused, and tried when one insists', async () => {
    const recipe = decodeToken(tokenIn(found))
    const old = encodeToken({ ...recipe, version: '0.0.1', hash: 'other' })
    const { code, stderr } = await cpuhp(['replay', old])
    expect(code).toBe(EXIT.otherVersion)
    expect(stderr).toMatch(/^cpuhp: this token is of cpuhp 0\.0\.1, and this is \d+\.\d+\.\d+; --best-effort tries it/)
    const insisted = await cpuhp(['replay', old, '--best-effort'])
    expect(insisted.stderr).toBe('note: stop-pairs has changed since this token was made\n')
    expect(insisted.code).toBe(1)
  })
})

describe("a user's own scenario", () => {
  test('is searched, and its broken wakeup found', async () => {
    const found = await cpuhp(['explore', EXAMPLE, '--until-found', '--quiet'])
    expect(found.stderr).toBe('')
    expect(found.code).toBe(1)
    expect(found.stdout).toMatch(/hang: .*runner\/0 waits for scratch\+16/)
    const again = await cpuhp(['replay', tokenIn(found)])
    expect(again.stdout).toMatch(/runner\/0 \(D, CPU 0\) waits for scratch\+16, in prepare_to_wait/)
  })

  test('is walked through by commands, forwards and backwards', async () => {
    const whole = await cpuhp(['explore', EXAMPLE, '--until-found', '--quiet'])
    // What is found first may have deviations that matter nothing.
    const found = await cpuhp(['minimise', tokenIn(whole), '--quiet'])
    const walk = (commands: string[]): Promise<Result> =>
      cpuhp(['replay', tokenIn(found), '--step'], { input: commands.join('\n') })
    const { code, stdout, stderr } = await walk(['deviation', 's', '', 'cpu', 'back 2', 'go 3', 'jump', 'e', 'q', 's'])
    expect(code).toBe(1)
    expect(stderr).toBe(
      "cpuhp: 'jump' is no command; there are step, cpu, deviation, end, back, go, look, help, quit\n",
    )
    expect(stdout).toMatch(/^\d+ operations, 1 place where the order deviates\nbefore operation 0 of \d+\n/)
    const places = [...stdout.matchAll(/^before operation (\d+) of/gm)].map((match) => Number(match[1]))
    const [start, deviation, one, two, turn, back, third] = places
    expect([start, one, two, back, third]).toEqual([0, deviation + 1, deviation + 2, turn - 2, 3])
    expect(places.length).toBe(7)
    expect(stdout).toMatch(/^ {2}deviates: before operation \d+ of CPU 0 \(prepare_to_wait\) CPU 1 goes on$/m)
    expect(stdout).toMatch(
      /^ {3}CPU 0 {2}\[runner\/0\] +lock scratch\+16 \(prepare_to_wait\)\n> {2}CPU 1 {2}\[swapper\/1\]/m,
    )
    expect(stdout.split(/^end, after \d+ operations$/m)[1]).toMatch(
      /^\n.*: hang: .*\n(?: .*\n)+\d+ operations, digest \d+\n$/,
    )
    const both = await cpuhp(['replay', tokenIn(found), '--step', '--best-effort'])
    expect(both.stderr).toMatch(/^cpuhp: --step walks through the run of the token itself/)
    expect(both.code).toBe(2)
  })

  test('that throws, or never was one, is bad input', async () => {
    const own = async (name: string, text: string, exit: ExitCode): Promise<string> => {
      const file = join(folder, name)
      writeFileSync(file, text)
      const { code, stdout, stderr } = await cpuhp(['explore', file, '--quiet'])
      expect({ code, stdout }).toEqual({ code: exit, stdout: '' })
      return stderr
    }
    const head = "export default { name: 'mine', says: 'mine', machine: { cpus: 2 }, actors: "
    const step = "[{ name: 'a', steps: [{ says: 'x', do() { throw new TypeError('no\\nway') } }] }] }"
    expect(await own('throws.mjs', head + step, EXIT.scenarioThrows)).toBe(
      'cpuhp: scenario mine has thrown TypeError: no\n',
    )
    expect(await own('empty.mjs', '', EXIT.usage)).toMatch(/empty\.mjs: it must export a scenario/)
    expect(await own('actors.mjs', `${head}[] }`, EXIT.usage)).toMatch(/actors is a list of \{ name, steps \}/)
    expect(await own('syntax.mjs', 'export default {', EXIT.scenarioThrows)).toMatch(/syntax\.mjs: can't be loaded: /)
  })
})

test('all schedules with one deviation are gone through, and then it ends', async () => {
  const { code, stdout } = await cpuhp(['explore', 'targets', '--strategy', 'exhaustive:0', '--quiet', '--json', '-'])
  expect(code).toBe(EXIT.notInterleaved)
  const [report] = JSON.parse(stdout)
  // Nothing was interleaved: a search that tries nothing is none.
  expect(report).toMatchObject({ scenario: 'targets', schedules: 2, interleaved: 0, exhausted: true, found: [] })
})

test('the same seed finds the same, whatever the time', async () => {
  const run = async (): Promise<object> => {
    const { stdout } = await cpuhp([
      'explore',
      'readers',
      '--bug',
      'M29',
      '--schedules',
      '40',
      '--json',
      '-',
      '--quiet',
    ])
    const [{ seconds, ...rest }] = JSON.parse(stdout)
    expect(seconds).toBeGreaterThan(0)
    return rest
  }
  const first = await run()
  const seen = expect.objectContaining({ kind: 'violation', invariant: 'hotplug-lock-free' })
  expect(first).toMatchObject({ schedules: 40, found: expect.arrayContaining([seen]) })
  expect(await run()).toEqual(first)
})

test('Ctrl-C ends a search, and what it has found is told', { timeout: 60_000 }, async () => {
  let killed = false
  const { code, stdout } = await cpuhp(['explore', 'targets', '--bug', 'M25', '--time', '10m'], {
    onOutput: (kill, stderr) => {
      if (killed || !stderr.includes('schedules')) return
      killed = true
      kill('SIGINT')
    },
  })
  expect(code).toBe(1)
  expect(stdout).toMatch(/^targets: [\d,]+ schedules .* failures$/m)
  expect(stdout).toContain('CPU 1 is fully up and dying')
})

test('cpuhp bugs lists them all, as a table and as JSON', async () => {
  const { code, stdout } = await cpuhp(['bugs'])
  expect(code).toBe(0)
  expect(stdout).toMatch(/^M15 +8d056c48e486 +cross-calls +a dying CPU does not run the function calls/m)
  expect(stdout).toMatch(/^lost-load +- +busy /m)
  const json = JSON.parse((await cpuhp(['bugs', '--json'])).stdout)
  expect(json.length).toBe(stdout.trimEnd().split('\n').length - 1)
})
