// What a terminal adds to the shell: completion and history.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { complete } from '#dist/src/cli/shell/complete.js'
import { historyFile, loadHistory, saveHistory } from '#dist/src/cli/shell/history.js'
import { onDeterministic } from '../../support/machines.js'

const folder = mkdtempSync(join(tmpdir(), 'cpuhp-history-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('completion', () => {
  test.each<[line: string, candidates: string[], word: string]>([
    ['lsc', ['lscpu '], 'lsc'],
    ['pwd; ta', ['tail ', 'taskset '], 'ta'],
    ['cat online | he', ['head ', 'help '], 'he'],
    ['cat cpu1/hotplug/', ['cpu1/hotplug/fail ', 'cpu1/hotplug/state ', 'cpu1/hotplug/target '], 'cpu1/hotplug/'],
    ['cd cpu1/t', ['cpu1/topology/'], 'cpu1/t'],
    ['cat /sys/d', ['/sys/devices/'], '/sys/d'],
    ['echo 0 > cpu2/o', ['cpu2/online '], 'cpu2/o'],
    ['echo 0 >cpu2/o', ['cpu2/online '], 'cpu2/o'],
    ['nproc > o', ['offline ', 'online '], 'o'],
    ['spawn sh', ['sha256 '], 'sh'],
    ['spawn sha256 --af', ['--affinity '], '--af'],
    ['nproc x', [], 'x'],
    ['nobody x', [], 'x'],
    ['cat no/such/', [], 'no/such/'],
  ])('%j', async (line, candidates, word) => {
    await onDeterministic({ cpus: 3 }, ({ files }) => {
      expect(complete(line, files, '/sys/devices/system/cpu')).toEqual([candidates, word])
    })
  })
})

describe('history', () => {
  test('is where the XDG specification has it', () => {
    expect(historyFile({ XDG_STATE_HOME: '/var/state' })).toBe('/var/state/cpuhp/history')
    expect(historyFile({})).toBe(join(homedir(), '.local/state/cpuhp/history'))
    expect(historyFile({ XDG_STATE_HOME: 'relative' })).toBe(historyFile({}))
  })

  test('is a file of lines, the latest last, that nobody else may read', () => {
    const file = join(folder, 'below/history')
    expect(loadHistory(file)).toEqual([])
    expect(saveHistory(file, ['third', 'second', 'first'])).toBe(true)
    expect(readFileSync(file, 'utf8')).toBe('first\nsecond\nthird\n')
    expect(loadHistory(file)).toEqual(['third', 'second', 'first'])
    if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  test('is done without where it can not be written', () => {
    writeFileSync(join(folder, 'file'), '')
    expect(saveHistory(join(folder, 'file/history'), ['line'])).toBe(false)
  })
})
