import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { loadProfile } from '#dist/src/profiles/load.js'
import { CLI, cpuhp } from '../support/run.js'

describe('cpuhp states', () => {
  test('lists every step with its section, its callbacks, and whether it is modelled', async () => {
    const { code, stdout, stderr } = await cpuhp(['states'])
    expect(stderr).toBe('')
    expect(code).toBe(0)
    const lines = stdout.split('\n').map((line) => line.trim().split(/ {2,}/).join(' | '))
    expect(lines).toEqual(
      expect.arrayContaining([
        'state | section | name | startup | teardown | instances | stop | behind it',
        "1 | PREPARE | threads:prepare | smpboot_create_threads | - | - | can't | modelled",
        '23 | PREPARE | block/bio:dead | - | bio_cpu_dead | 2 | named step',
        '46 | PREPARE | smpcfd:prepare | smpcfd_prepare_cpu | smpcfd_dead_cpu | - | modelled',
        '43 | PREPARE | hrtimers:prepare | hrtimers_prepare_cpu | - | - | modelled',
        '68 | PREPARE | timers:prepare | timers_prepare_cpu | timers_dead_cpu | - | modelled',
        "91 | PREPARE | cpu:bringup | bringup_cpu | finish_cpu | - | can't | modelled",
        '92 | STARTING | idle:dead | - | - | - | modelled',
        "153 | TEARDOWN | cpu:teardown | - | takedown_cpu | - | can't | modelled",
        '200 | ONLINE | base/cacheinfo:online | cacheinfo_cpu_online | cacheinfo_cpu_pre_down | - | named step',
        '236 | - | online | - | - | - | modelled',
      ]),
    )
    expect(lines.length).toBe(loadProfile('linux-6.1-minimal').states.length + 4)
  })

  test('says the same as JSON', async () => {
    const { code, stdout } = await cpuhp(['states', '--json', '--profile', 'linux-6.1-debian-cloud'])
    expect(code).toBe(0)
    const listed = JSON.parse(stdout) as { name: string; states: { state: number; depth: string; section: string }[] }
    const profile = loadProfile('linux-6.1-debian-cloud')
    expect(listed.name).toBe('linux-6.1-debian-cloud')
    expect(listed.states.map(({ state }) => state)).toEqual(profile.states.map(({ state }) => state))
    expect(listed.states.find(({ state }) => state === 235)).toMatchObject({ depth: 'modelled', section: 'ONLINE' })
  })

  test('takes a profile from a file', async () => {
    const { code, stdout } = await cpuhp(['states', '--profile', 'src/profiles/linux-6.1-minimal.json'])
    expect(stdout).toContain('linux-6.1-minimal (Linux 6.1.192): 58 states')
    expect(code).toBe(0)
  })

  test.skipIf(process.platform === 'win32')('ends quietly when whoever reads it has had enough', () => {
    const command = `'${process.execPath}' '${CLI}' states --json | head -1`
    const { stdout, stderr, status } = spawnSync('sh', ['-c', command], { encoding: 'utf8' })
    expect({ stdout, stderr, status }).toEqual({ stdout: '{\n', stderr: '', status: 0 })
  })
})

describe('cpuhp', () => {
  test('without arguments, with --help and with help shows what there is, with examples', async () => {
    const [bare, option, command] = await Promise.all([cpuhp([]), cpuhp(['--help']), cpuhp(['help'])])
    expect(bare.stdout).toContain('$ cpuhp cycles')
    expect(bare.stdout).toContain('Exit codes: 0 all held')
    expect(option).toEqual(bare)
    expect(command).toEqual(bare)
    expect(bare).toMatchObject({ code: 0, stderr: '' })
  })

  test('shows the help of a command', async () => {
    const { code, stdout } = await cpuhp(['cycles', '--help'])
    expect(stdout).toContain('--workers <n>')
    expect(stdout).toContain('(default: 1000)')
    expect(code).toBe(0)
  })

  test('shows its version', async () => {
    const { default: manifest } = await import('../../package.json', { with: { type: 'json' } })
    expect(await cpuhp(['--version'])).toMatchObject({ code: 0, stdout: `${manifest.version}\n`, stderr: '' })
  })
})
