// Users' own step tables, on the command line: every command that takes one names what is wrong with it, in one line and
// before anything runs; and one that is sound is run, however small or large it is.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { loadProfile } from '#dist/src/profiles/load.js'
import type { Profile, StepDescription } from '#dist/src/profiles/profile.js'
import { NEEDED } from '../support/profiles.js'
import { cpuhp, ROOT } from '../support/run.js'

const folder = mkdtempSync(join(tmpdir(), 'cpuhp-profile-'))
afterAll(() => rmSync(folder, { recursive: true }))

const MINIMAL = loadProfile('linux-6.1-minimal')

function fileWith(name: string, text: string): string {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

function profileWith(name: string, states: readonly object[]): string {
  return fileWith(`${name}.json`, JSON.stringify({ ...MINIMAL, name, states }))
}

const changed = (state: number, changes: object): object[] =>
  MINIMAL.states.map((step) => (step.state === state ? { ...step, ...changes } : step))

/** Commands that take a profile, with as little to do as they can. */
const COMMANDS: readonly (readonly string[])[] = [
  ['cycles', '--machine', 'deterministic', '--cycles', '1'],
  ['stress', '--machine', 'deterministic', '--cycles', '1'],
  ['conform', join(ROOT, 'test/golden/01-offline-online.jsonl')],
  ['states'],
]

const WRONG: readonly (readonly [string, string, string])[] = [
  ['twice', profileWith('twice', [MINIMAL.states[0]!, ...MINIMAL.states]), 'state 0: it is there twice'],
  ['order', profileWith('order', [...MINIMAL.states].reverse()), 'state 235: it comes after 236; states must ascend'],
  [
    'no name',
    profileWith('name', changed(2, { name: undefined })),
    'state 2: name must be ASCII text on one line, not',
  ],
  [
    'a callback',
    profileWith('callback', changed(2, { startup: 7 })),
    "state 2: startup must be a function's name or null",
  ],
  ['instances', profileWith('many', changed(23, { instances: 1000 })), 'state 23: with its instances there are 1000'],
  [
    'a field',
    profileWith('field', changed(23, { instanes: 1 })),
    'state 23: unknown field "instanes"; known are state,',
  ],
  ['a boundary', profileWith('boundary', changed(153, { state: 154 })), 'state 154: no step can be there'],
  [
    'a needed step',
    profileWith(
      'needed',
      MINIMAL.states.filter(({ state }) => state !== 235),
    ),
    'state 235: it is missing',
  ],
  [
    'its functions',
    profileWith('functions', changed(2, { startup: 'takedown_cpu' })),
    'state 2: its startup can not be',
  ],
  ['no JSON', fileWith('syntax.json', '{"name": "a",, }'), 'is not JSON: '],
  ['nothing', fileWith('empty.json', ''), 'is not JSON: '],
]

describe("a user's own profile that is wrong is named, with its state:", () => {
  const table = COMMANDS.flatMap((command) =>
    WRONG.map(([what, file, message]) => [command[0], what, command, file, message] as const),
  )

  test.concurrent.each(table)('cpuhp %s, %s', async (_name, _what, command, file, message) => {
    const { code, stdout, stderr } = await cpuhp([...command, '--profile', file])
    expect(stderr).toMatch(/^cpuhp: [^\n]+\n$/)
    expect(stderr).toContain(`${file}: ${message}`)
    expect([code, stdout]).toEqual([2, ''])
  })

  test('a folder in place of a file', async () => {
    mkdirSync(join(folder, 'folder.json'))
    const { code, stderr } = await cpuhp(['states', '--profile', join(folder, 'folder.json')])
    expect(stderr).toMatch(/^cpuhp: [^\n]*folder\.json: can't be read: EISDIR[^\n]*\n$/)
    expect(code).toBe(2)
  })

  test("a function of the kernel's own as a callback, when the machine boots", async () => {
    const file = profileWith('kernels', changed(2, { startup: 'take_cpu_down' }))
    const { code, stderr } = await cpuhp(['cycles', '--cycles', '1', '--profile', file])
    expect(stderr).toBe(
      'cpuhp: kernels: state 2: there is a kernel function take_cpu_down already: choose another name\n',
    )
    expect(code).toBe(2)
  })
})

/** Every state that can have a step has one with both callbacks, some of them with many instances. */
const LARGE: readonly StepDescription[] = Array.from({ length: MINIMAL.online + 1 }, (_, state): StepDescription[] => {
  const needed = NEEDED.find((step) => step.state === state)
  if (needed !== undefined) return [needed]
  const multi = state % 60 === 10
  const instances = multi ? 30 : 0
  const step = { state, name: `s/${state}`, startup: `up_${state}`, teardown: `down_${state}`, instances, multi }
  return state === 154 ? [] : [{ ...step, cantStop: false }]
}).flat()

describe("a user's own profile is run:", () => {
  test.each<[string, Profile['states'], string]>([
    ['the least that there can be', NEEDED, '17 states'],
    ['the most', LARGE, '236 states'],
    [
      'callbacks whose names are words of JavaScript',
      changed(204, { startup: 'constructor' }) as StepDescription[],
      '58 states',
    ],
  ])('%s', { timeout: 120_000 }, async (name, states, count) => {
    const file = profileWith(name.replaceAll(' ', '-'), states)
    const listed = await cpuhp(['states', '--profile', file])
    expect(listed.stdout).toContain(count)
    const cycles = await cpuhp(['cycles', '--cycles', '60', '--workers', '2', '--profile', file, '--json', '-'])
    expect(JSON.parse(cycles.stdout)).toMatchObject({
      outcome: 'success',
      verdicts: [
        { machine: 'threads', cycles: 60, untraced: 0 },
        { machine: 'deterministic', cycles: 60, untraced: 0, repeated: 20 },
      ],
    })
    const stress = ['stress', '--machine', 'deterministic', '--cpus', '4', '--tasks', '12', '--cycles', '20']
    const busy = await cpuhp([...stress, '--profile', file, '--json', '-'])
    expect(JSON.parse(busy.stdout)).toMatchObject({ outcome: 'success', findings: [] })
    expect([listed.code, cycles.code, busy.code]).toEqual([0, 0, 0])
  })
})
