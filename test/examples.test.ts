// Every example runs, as it stands, and says what it promises.
import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ROOT, runNode } from './support/run.js'

/** Programs by the line that each must print. */
const SAYS: Readonly<Record<string, readonly string[]>> = {
  'offline-one-cpu.mjs': [
    'online: 0-3',
    'after offline(1): 0,2-3, state 0',
    "refused: EPERM: operation not permitted, offline 'cpu0'",
    "refused: EINVAL: invalid argument, write 'cpu1/hotplug/target'",
    'at 155: 0-3, state 155',
    'back: 0-3, state 236',
  ],
  'deterministic-replay.mjs': ['same seed, same run: true', 'other seed, same run: false'],
  'kernel-module/run.mjs': [
    'threads:',
    'deterministic:',
    '  CPU 1 counts 3 others',
    '  with CPU 3 offline, 2',
    '  CPUs that came up through state 210: 1',
  ],
}

function programs(): string[] {
  const files = readdirSync(`${ROOT}/examples`, { recursive: true, encoding: 'utf8' })
  return files
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.mjs') && !/(module|workload|scenario)\.mjs$/.test(file))
}

test('every example is known here', () => {
  expect(programs().sort()).toEqual(Object.keys(SAYS).sort())
})

test.each(Object.entries(SAYS))('examples/%s runs', async (file, lines) => {
  const { code, stdout, stderr } = await runNode([`examples/${file}`])
  expect(stderr).toBe('')
  expect(stdout.split('\n')).toEqual(expect.arrayContaining([...lines]))
  expect(code).toBe(0)
})
