import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { readGolden } from '#dist/src/conform/golden.js'
import { cpuhp, ROOT } from '../support/run.js'

const folder = mkdtempSync(join(tmpdir(), 'cpuhp-run-'))
afterAll(() => rmSync(folder, { recursive: true }))

function script(name: string, ...lines: string[]): string {
  const file = join(folder, name)
  writeFileSync(file, `${lines.join('\n')}\n`)
  return file
}

/** Everything that a script may say, and tasks that are busy meanwhile. */
const MIXED = [
  '# down and up, with tasks that are in the way',
  'spawn sha256 --work 300000 --affinity 1 --name busy',
  'spawn counter --work 200 --nice -5   # four tasks',
  'spawn sieve --affinity 2 --policy rr --priority 10',
  'online 1 0',
  'sleep 2ms',
  'online 1 "1\\n"',
  'fail 2 155',
  'online 2 0',
  'online 2 0',
  'target 3 200',
  'target 3 x',
  'online 9 0',
  'online 0 0',
  'suspend core',
  'target 3 236',
  'wait',
]

const GOLDEN = join(ROOT, 'test/golden')

/** The requests of a golden file as a script. */
function scriptOf(file: string): string {
  const lines = readGolden(file).requests.map(({ do: what, cpu, value }) =>
    [what, cpu, what === 'suspend' ? value : JSON.stringify(value)].filter((word) => word !== null).join(' '),
  )
  return script(`${basename(file, '.jsonl')}.txt`, ...lines)
}

/** A golden file's lines without the machine's and without warnings, whose texts are addresses of the real kernel. */
function answersIn(text: string): string[] {
  const lines = text.trimEnd().split('\n').slice(1)
  return lines.filter((line) => !line.startsWith('{"warn"'))
}

describe('cpuhp run', () => {
  test.each(['deterministic', 'threads'])(
    'writes what a %s machine answered as a golden file, which both machines meet',
    { timeout: 120_000 },
    async (machine) => {
      const { code, stdout, stderr } = await cpuhp(['run', '--machine', machine, script('mixed.txt', ...MIXED)])
      expect([code, stderr]).toEqual([0, ''])
      const [head, ...answers] = stdout.trimEnd().split('\n')
      expect(JSON.parse(head!)).toMatchObject({ profile: 'linux-6.1-minimal', cpus: 4, scenario: 'mixed' })
      expect(answers.filter((line) => line.includes('"do"'))).toHaveLength(11)
      const file = join(folder, `${machine}.jsonl`)
      writeFileSync(file, stdout)
      const held = await cpuhp(['conform', '--machine', 'both', '--workers', '2', file])
      expect(held.stdout).toMatch(/all equal\n$/)
      expect(held.code).toBe(0)
    },
  )

  test.each(readdirSync(GOLDEN).filter((name) => /^(0|20).*\.jsonl$/.test(name)))(
    'asked for what is asked for in %s, writes what a real kernel answered, letter for letter',
    async (name) => {
      const file = join(GOLDEN, name)
      const { code, stdout } = await cpuhp(['run', scriptOf(file)])
      expect(answersIn(stdout)).toEqual(answersIn(readFileSync(file, 'utf8')))
      expect(code).toBe(0)
    },
  )

  test('writes a panic as golden files do, with the report on standard error', async () => {
    const file = script('panic.txt', 'online 2 0', 'target 1 94', 'online 2 1')
    const { code, stdout, stderr } = await cpuhp(['run', file])
    const lines = stdout.trimEnd().split('\n')
    expect(lines).toHaveLength(3)
    expect(lines[2]).toBe('{"do":"target","cpu":1,"value":"94","panic":"cpuhp_report_idle_dead"}')
    expect(stderr).toContain(`${file}:2: kernel BUG in cpuhp_report_idle_dead on CPU 1`)
    for (const part of ['call chain: ', 'CPU 0 (', 'CPU 3 (']) expect(stderr).toContain(part)
    expect(code).toBe(3)
  })

  test('writes a hang as golden files do, on both machines', async () => {
    const [hang] = readdirSync(join(GOLDEN, 'hangs'))
    const file = scriptOf(join(GOLDEN, 'hangs', hang!))
    for (const where of [[], ['--machine', 'threads', '--workers', '2', '--watchdog', '4s']]) {
      const { code, stdout, stderr } = await cpuhp(['run', ...where, file])
      expect(stdout).toMatch(/\n\{"do":"target","cpu":1,"value":"236","hang":true\}\n$/)
      expect(stderr).toContain('waits for')
      expect(code).toBe(3)
    }
  })

  test('is the same every time for the same seed, and may be told so from standard input', async () => {
    const runs = await Promise.all([1, 2].map(() => cpuhp(['run', '--seed', '7', script('same.txt', ...MIXED)])))
    expect(runs[0]).toEqual(runs[1])
    const { stdout, code } = await cpuhp(['run', '--cpus', '2', '-'], { input: 'online 1 0 # off' })
    expect(code).toBe(0)
    expect(stdout.split('\n')[0]).toMatch(/"cpus":2,"scenario":"stdin"}$/)
  })

  test('says it for reading', async () => {
    const file = script('text.txt', 'online 1 0', 'spawn sha256 --work 100', 'sleep 1ms', 'wait', 'online 9 1')
    const { code, stdout } = await cpuhp(['run', '--text', file])
    const lines = stdout.split('\n').map((line) => line.replace(`${file}:`, ''))
    expect(lines).toEqual(
      expect.arrayContaining([
        '4 CPUs, deterministic, seed 1, linux-6.1-minimal',
        '1: 0 to cpu1/online: ok',
        '    cpu1: state 0, target 0, fail -1, online 0; CPUs online 0,2-3, offline 1',
        '    0 kworker enter 1 153 236 cpuhp_kick_ap_work',
        '3: sleep 1 ms',
        '5: 1 to cpu9/online: ENOENT',
      ]),
    )
    expect(lines).toContainEqual(expect.stringMatching(/^2: sha256: [0-9a-f]{64}$/))
    expect(code).toBe(0)
  })

  test('tells what spawn is refused for, and goes on', async () => {
    const file = script('refused.txt', 'online 1 0', 'spawn sha256 --affinity 1', 'online 1 1')
    const { code, stdout, stderr } = await cpuhp(['run', file])
    expect(stderr).toBe(`${file}:2: spawn sha256: EINVAL\n`)
    expect(stdout.trimEnd().split('\n')).toHaveLength(3)
    expect(code).toBe(0)
  })
})

describe('a malformed script is named by file and line, and nothing is booted:', () => {
  test.concurrent.each([
    ['offline 1', "'offline' is none of online, target, fail, suspend, sleep, spawn, wait"],
    ['online 1', 'too few words; write online CPU VALUE'],
    ['online 1 0 0', "'0' is too much; write online CPU VALUE"],
    ['online one 0', "CPU is a whole number from 0 to 99999, not 'one'"],
    ['online 1 "0', '"0 is no text in quotes; write it as in JSON'],
    ['suspend deep', "the level is freezer, devices, platform, processors or core, not 'deep'"],
    ['sleep', 'too few words; write sleep TIME'],
    ['sleep 10', "'10' is not a duration"],
    ['wait 1', "'1' is too much; write wait"],
    ['spawn', 'spawn: needs a workload; there are sha256, sieve'],
    ['spawn md5', "spawn: there is no workload 'md5'; there are sha256, sieve"],
    ['spawn sha256 --cpus 1', "spawn: unknown option '--cpus'; there are --affinity, --work"],
    ['spawn sha256 --nice', 'spawn: --nice needs a value'],
    ['spawn sha256 --nice 20', "--nice is a whole number from -20 to 19, not '20'"],
    ['spawn sha256 --affinity 4', "cpu list '4': '4' goes beyond the last CPU, which is 3"],
    ['spawn sha256 --affinity ,', '--affinity is a list of CPUs, as in 0,2-3'],
    ['spawn sha256 --policy idle', "--policy is normal, fifo or rr, not 'idle'"],
    ['spawn sha256 --priority 5', 'spawn: --priority is for --policy fifo and rr'],
    ['spawn sha256 --name a-name-of-16-char', '--name is 1 to 15 printable characters without blanks'],
  ])('%s', async (line, message) => {
    const file = script(`${line.replaceAll(/[^a-z0-9]/g, '_')}.txt`, '', 'online 1 0', line)
    const { code, stdout, stderr } = await cpuhp(['run', file])
    expect(stderr).toMatch(/^cpuhp: [^\n]+\n$/)
    expect(stderr).toContain(`${file.slice(0, 80)}:3: `)
    expect(stderr).toContain(message)
    expect([code, stdout]).toEqual([2, ''])
  })
})
