// The shell on a terminal, which `script` of util-linux makes.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { CLI } from '../support/run.js'

const state = mkdtempSync(join(tmpdir(), 'cpuhp-terminal-'))
afterAll(() => rmSync(state, { recursive: true }))

const probe = spawnSync('script', ['--version'], { encoding: 'utf8' })
const hasScript = probe.stdout?.includes('util-linux') === true

/** Types keys, each when the screen has shown what stands before them since the last ones. */
function type(
  steps: readonly (readonly [shown: string, keys: string])[],
): Promise<{ code: number | null; screen: string }> {
  return new Promise((resolve, reject) => {
    const command = `'${process.execPath}' '${CLI}' shell --workers 1`
    const env = { ...process.env, XDG_STATE_HOME: state, TERM: 'xterm' }
    const child = spawn('script', ['-qec', command, '/dev/null'], { env })
    const limit = setTimeout(() => child.kill('SIGKILL'), 40_000)
    const left = [...steps]
    let screen = ''
    let seen = 0
    child.stdout.on('data', (data: Buffer) => {
      screen += data.toString()
      for (;;) {
        const [shown, keys] = left[0] ?? ['', '']
        const at = screen.indexOf(shown, seen)
        if (at < 0 || left.shift() === undefined) return
        seen = at + shown.length
        child.stdin.write(keys)
      }
    })
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(limit)
      resolve({ code, screen })
    })
  })
}

describe.runIf(hasScript)('a shell on a terminal', () => {
  test('completes paths, shows the log above the prompt, gives up waiting, remembers lines, and ends', async () => {
    const { code, screen } = await type([
      ['root@cpuhp:/# ', 'cd /sys/dev\t'],
      ['/sys/devices/', 's\t'],
      ['system/', 'c\t'],
      ['cpu/', '\r'],
      ['root@cpuhp:/sys/devices/system/cpu# ', 'echo 0 > cpu1/online &\r'],
      ['Done  echo 0 > cpu1/online', 'sleep 100\r'],
      ['sleep 100', '\x03'],
      ['cpu# ', 'half a line\x03'],
      ['^C', 'echo "status\r'],
      ['> ', '$?"\r'],
      ['status\r\n130\r\n', 'nproc\r'],
      ['\r\n3\r\n', '\x1b[A'],
      ['nproc', '\x03'],
      ['^C', ''],
      ['cpu# ', '\x04'],
    ])
    expect(screen).toMatch(/\[ +\d+\.\d{6}\] smpboot: CPU 1 is now offline\r\n/)
    expect(code, screen).toBe(0)
    const history = readFileSync(join(state, 'cpuhp/history'), 'utf8').split('\n')
    expect(history.slice(0, 4)).toEqual([
      'cd /sys/devices/system/cpu/',
      'echo 0 > cpu1/online &',
      'sleep 100',
      'echo "status',
    ])
  })
})
