import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { cpuhp, ROOT } from '../support/run.js'

const folder = mkdtempSync(join(tmpdir(), 'cpuhp-conform-'))
afterAll(() => rmSync(folder, { recursive: true }))

const GOLDEN = join(ROOT, 'test/golden')
const FIRST = join(GOLDEN, '01-offline-online.jsonl')

function changed(name: string, change: (lines: string[]) => unknown): string {
  const lines = readFileSync(FIRST, 'utf8').trimEnd().split('\n')
  change(lines)
  const file = join(folder, name)
  writeFileSync(file, `${lines.join('\n')}\n`)
  return file
}

describe('cpuhp conform', () => {
  test('meets every golden file on the deterministic machine, in seconds', async () => {
    const { code, stdout } = await cpuhp(['conform', GOLDEN])
    expect(stdout).toMatch(/\n39 files, 4,673 requests, 94,446 trace events: all equal\n$/)
    expect(stdout.match(/^equal {2}/gm)).toHaveLength(39)
    expect(stdout).not.toContain('\x1b')
    expect(code).toBe(0)
  })

  test('runs on both machines, and says it as JSON', async () => {
    const args = ['conform', '--machine', 'both', '--workers', '2', '--json', '-', FIRST, join(GOLDEN, 'hangs')]
    const { code, stdout } = await cpuhp(args)
    const told = JSON.parse(stdout) as { outcome: string; results: { machine: string; deviation: null }[] }
    expect(told.outcome).toBe('equal')
    expect(told.results.map(({ machine }) => machine)).toEqual(['deterministic', 'deterministic', 'threads', 'threads'])
    expect(code).toBe(0)
  })

  test('runs again and again, with busy tasks beside the requests', async () => {
    const args = ['conform', '--repeat', '3', '--busy', '8', '--json', '-', FIRST]
    const { code, stdout } = await cpuhp(args)
    const told = JSON.parse(stdout) as { outcome: string; results: { run: number; requests: number; starved: null }[] }
    expect(told.results.map(({ run, requests, starved }) => [run, requests, starved])).toEqual([
      [1, 6, null],
      [2, 6, null],
      [3, 6, null],
    ])
    expect([code, told.outcome]).toEqual([0, 'equal'])
    const text = await cpuhp(['conform', '--repeat', '2', '--busy', '8', FIRST])
    expect(text.stdout).toContain('deterministic, run 2, 6 requests, 402 events\n')
    expect(text.stdout).toMatch(/\n1 file 2 times, 12 requests, 804 trace events: all equal\n$/)
  })

  test('says the last words of a machine that died where none should', async () => {
    const file = changed('dies.jsonl', (lines) => {
      lines[1] = lines[1]!.replace('"do":"online","cpu":1,"value":"0"', '"do":"target","cpu":1,"value":"94"')
    })
    const { code, stdout, stderr } = await cpuhp(['conform', file])
    expect(stderr).toMatch(/^kernel BUG in cpuhp_report_idle_dead on CPU 1: CPU 1 is dead in state 94\n/)
    expect(stdout).toContain('outcome: an answer expected, a BUG in cpuhp_report_idle_dead found')
    expect(code).toBe(1)
  })

  test('shows the first difference in full: the request, what was expected, and both traces', async () => {
    const file = changed('other-trace.jsonl', (lines) => {
      lines[1] = lines[1]!.replace('sched_cpu_deactivate', 'sched_cpu_activate')
    })
    const { code, stdout } = await cpuhp(['conform', file])
    expect(stdout).toContain(`DIFFERENT  ${file}  deterministic\n${file}:2: 0 to cpu1/online\n`)
    expect(stdout).toMatch(
      /trace: event \d+ of \d+: '1 cpuhp\/1 enter 1 153 235 sched_cpu_activate' expected, '.*sched_cpu_deactivate' found/,
    )
    expect(stdout).toMatch(/^ {4} +expected +found$/m)
    expect(stdout).toMatch(
      /^ {4}! +1 cpuhp\/1 enter 1 153 235 sched_cpu_activate +1 cpuhp\/1 enter 1 153 235 sched_cpu_deactivate$/m,
    )
    expect(stdout).toMatch(/1 file, 6 requests, [\d,]+ trace events: 1 file different\n$/)
    expect(code).toBe(1)
  })

  test('can be told another step table, which a file may not fit', async () => {
    const { code, stdout } = await cpuhp(['conform', '--profile', 'linux-6.1-debian-cloud', '--quiet', FIRST])
    expect(stdout).toContain('DIFFERENT')
    expect(code).toBe(1)
  })

  test.each([
    [
      'a line that is no JSON',
      'broken.jsonl',
      (lines: string[]) => lines.splice(3, 1, '{'),
      /broken\.jsonl:4: is not JSON/,
    ],
    [
      'a request that there is not',
      'unknown.jsonl',
      (lines: string[]) => lines.splice(2, 1, lines[2]!.replace('"online","cpu"', '"remove","cpu"')),
      /unknown\.jsonl:3: .*remove/,
    ],
  ])('names file and line of %s, and runs nothing', async (_what, name, change, message) => {
    const { code, stdout, stderr } = await cpuhp(['conform', FIRST, changed(name, change)])
    expect(stderr).toMatch(/^cpuhp: [^\n]+\n$/)
    expect(stderr).toMatch(message)
    expect([code, stdout]).toEqual([2, ''])
  })

  test('needs something to hold the machine against', async () => {
    const empty = join(folder, 'empty')
    mkdirSync(empty)
    expect(await cpuhp(['conform', empty])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('no .jsonl file'),
    })
    expect(await cpuhp(['conform', join(folder, 'nowhere')])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('there is no such'),
    })
    expect(await cpuhp(['conform'])).toMatchObject({ code: 2, stdout: '' })
  })
})
