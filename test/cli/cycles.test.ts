import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { Verdict } from '#dist/stress/verdict.js'
import { cpuhp, type Result } from '../support/run.js'

const WRONG_KERNEL = new URL('../fixtures/wrong-kernel.mjs', import.meta.url).href

interface Told {
  readonly outcome: string
  readonly node: string
  readonly verdicts: readonly Verdict[]
}

const folder = mkdtempSync(join(tmpdir(), 'cpuhp-cli-'))

afterAll(() => rmSync(folder, { recursive: true }))

describe('cpuhp cycles', () => {
  test('runs both machines, says what it saw, and ends with success', async () => {
    const { code, stdout } = await cpuhp(['cycles', '--cycles', '30', '--cpus', '3'])
    expect(stdout).toMatch(/^threads: 30 cycles of 3 CPUs on 3 workers, seed 1$/m)
    expect(stdout).toMatch(/^deterministic: 30 cycles of 3 CPUs, seed 1$/m)
    expect(stdout).toMatch(/^ {2}offline +min .* median .* p99 .* max .* of \d+$/m)
    expect(stdout).toMatch(/^ {2}online +min .* of \d+, virtual time$/m)
    expect(stdout).toMatch(/^ {2}digest [0-9a-f]{8}; the first 20 cycles repeated, with the same digest$/m)
    expect(stdout).toMatch(/SUCCESS: 60 cycles on threads and deterministic, nothing was violated\n$/)
    expect(stdout).not.toContain('\x1b')
    expect(code).toBe(0)
  })

  test('says the same things each time on the deterministic machine', async () => {
    const args = ['cycles', '--cycles', '25', '--machine', 'deterministic', '--seed', '9', '--json', '-']
    const runs = await Promise.all([cpuhp(args), cpuhp(args)])
    const [one, other] = runs.map(({ stdout }) => ({ ...(JSON.parse(stdout) as Told).verdicts[0], elapsedMs: 0 }))
    expect(one).toEqual(other)
    expect(one).toMatchObject({ outcome: 'success', cycles: 25, repeated: 20, findings: [], panic: null })
  })

  test('writes its verdict as JSON to a file, and text to the terminal', async () => {
    const file = join(folder, 'verdict.json')
    const args = ['cycles', '--cycles', '20', '--machine', 'threads', '--workers', '2', '--seed', '3', '--json', file]
    const { code, stdout } = await cpuhp(args)
    expect(stdout).toContain('SUCCESS: 20 cycles on threads')
    const told = JSON.parse(readFileSync(file, 'utf8')) as Told
    expect(told).toMatchObject({ outcome: 'success', node: process.version })
    expect(told.verdicts).toHaveLength(1)
    expect(told.verdicts[0]).toMatchObject({
      machine: 'threads',
      workers: 2,
      cpus: 4,
      cycles: 20,
      seed: 3,
      digest: null,
    })
    expect(told.verdicts[0]!.command).toBe('cpuhp cycles --machine threads --cpus 4 --workers 2 --seed 3 --cycles 20')
    expect(code).toBe(0)
  })

  test('shows one line when it is told to be quiet and all is well', async () => {
    const { stdout } = await cpuhp(['cycles', '--cycles', '5', '--machine', 'deterministic', '--quiet'])
    expect(stdout).toBe('SUCCESS: 5 cycles on deterministic, nothing was violated\n')
  })

  test('runs the step table that it is given', async () => {
    const args = ['cycles', '--cycles', '20', '--machine', 'deterministic', '--profile', 'linux-6.1-debian-cloud']
    const { code, stdout } = await cpuhp(args)
    expect(stdout).toContain('SUCCESS')
    expect(code).toBe(0)
  })

  test.skipIf(process.platform === 'win32').each([
    ['SIGINT', 'threads', 130],
    ['SIGINT', 'deterministic', 130],
    ['SIGTERM', 'threads', 143],
  ] as const)('ends on %s with what was done so far, on the %s machine', async (signal, machine, expected) => {
    let sent = false
    const { code, stdout } = await cpuhp(['cycles', '--cycles', '1000000', '--machine', machine], {
      // The first line about progress says that the machine is up.
      onOutput: (kill) => {
        if (!sent) kill(signal)
        sent = true
      },
    })
    expect(code).toBe(expected)
    expect(stdout).toMatch(new RegExp(`^${machine}: [\\d,]+ of 1,000,000 cycles`, 'm'))
    expect(stdout).toMatch(/INTERRUPTED: [\d,]+ cycles? on \w+, nothing wrong so far\n$/)
  })
})

/** Runs a program whose kernel has a callback that does what another one is there for. */
function cpuhpWith(callback: string, other: string, args: readonly string[]): Promise<Result> {
  const env = { NODE_OPTIONS: `--import=${WRONG_KERNEL}`, TEST_WRONG_CALLBACK: `${callback}=${other}` }
  return cpuhp(args, { env })
}

describe('when the kernel is wrong, cpuhp cycles', () => {
  test('says what was violated, in which cycle, and the command that shows it again, and exits with 1', async () => {
    // On its way down a CPU becomes active again: it dies active.
    const wrong = ['cacheinfo_cpu_pre_down', 'sched_cpu_activate'] as const
    const { code, stdout } = await cpuhpWith(...wrong, ['cycles', '--machine', 'deterministic', '--cycles', '50'])
    expect(stdout).toMatch(/VIOLATION in cycle 1 \(plain\), masks-nest: CPU \d is active and not online/)
    expect(stdout).toMatch(/\nFAILURE: 0 cycles on deterministic\n {2}seed 1; to see it again: cpuhp cycles .*\n$/)
    const again = /to see it again: cpuhp (.*)\n/.exec(stdout)![1]!.split(' ')
    expect(again.slice(-4)).toEqual(['--seed', '1', '--cycles', '1'])
    expect(code).toBe(1)
    const second = await cpuhpWith(...wrong, again)
    expect(second.stdout.match(/VIOLATION.*/g)).toEqual(stdout.match(/VIOLATION.*/g))
    expect(second.code).toBe(1)
  })

  test.each(['deterministic', 'threads'])('prints the report of a panic, and exits with 3: %s', async (machine) => {
    // A dead CPU is taken down once more.
    const wrong = ['topology_remove_dev', 'takedown_cpu'] as const
    const { code, stdout, stderr } = await cpuhpWith(...wrong, ['cycles', '--machine', machine])
    expect(stderr).toMatch(/^kernel BUG in kthread_park on CPU \d: a thread is parked twice\n/)
    expect(stderr).toContain('CPUs:\n')
    expect(stdout).toMatch(/PANIC in cycle 1: see above/)
    expect(stdout).toMatch(/FAILURE: .*\n {2}seed 1; to see it again: cpuhp cycles /)
    expect(code).toBe(3)
  })
})
