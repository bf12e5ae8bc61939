import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { UsageError } from '#dist/src/base/failure.js'
import { loadProfile, profileNames } from '#dist/src/profiles/load.js'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cpuhp-profiles-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

function fileWith(name: string, text: string): string {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

describe('the shipped profiles', () => {
  test('are these', () => {
    expect(profileNames()).toEqual(['linux-6.1-debian-cloud', 'linux-6.1-minimal'])
  })

  test.each(profileNames())('%s is sound and bears the name of its file', (name) => {
    expect(loadProfile(name).name).toBe(name)
  })

  test.each(profileNames())('%s has the steps that the scheduler takes part by', (name) => {
    const names = new Map(loadProfile(name).states.map((step) => [step.state, step.name]))
    expect([155, 156, 197, 199, 235].map((state) => names.get(state))).toEqual([
      'sched:waitempty',
      'smpboot/threads:online',
      'workqueue:online',
      'RCU/tree:online',
      'sched:active',
    ])
  })

  test('differ in whether every state may be a target', () => {
    expect(loadProfile('linux-6.1-minimal').stateControl).toBe(true)
    expect(loadProfile('linux-6.1-debian-cloud').stateControl).toBe(false)
  })
})

describe("a user's own profile", () => {
  test('is read from its path', () => {
    const mine = { ...loadProfile('linux-6.1-minimal'), name: 'mine' }
    expect(loadProfile(fileWith('mine.json', JSON.stringify(mine)))).toEqual(mine)
  })

  test('is checked, and errors name the file', () => {
    const file = fileWith('wrong.json', '{"name":"wrong","kernel":"6.1","online":236,"stateControl":true,"states":[]}')
    expect(() => loadProfile(file)).toThrow(`${file}: state 0: it is missing`)
  })

  test('may begin with a byte order mark', () => {
    const mine = { ...loadProfile('linux-6.1-minimal'), name: 'mine' }
    expect(loadProfile(fileWith('marked.json', `\uFEFF${JSON.stringify(mine)}`))).toEqual(mine)
  })

  test('that is a folder is refused', () => {
    mkdirSync(join(folder, 'folder.json'))
    expect(() => loadProfile(join(folder, 'folder.json'))).toThrow(UsageError)
    expect(() => loadProfile(join(folder, 'folder.json'))).toThrow(/folder\.json: can't be read: EISDIR[^\n]+$/)
  })

  test('that is not JSON is refused in one line that names the file', () => {
    const file = fileWith('broken.json', '{"name":\n\n"wrong",\n}')
    expect(() => loadProfile(file)).toThrow(UsageError)
    expect(() => loadProfile(file)).toThrow(/broken\.json: is not JSON: [^\n]+$/)
  })

  test('that is not there is refused', () => {
    expect(() => loadProfile(join(folder, 'nowhere.json'))).toThrow(UsageError)
    expect(() => loadProfile(join(folder, 'nowhere.json'))).toThrow(/nowhere\.json: can't be read: ENOENT/)
  })
})

test('a name that no profile has is refused with the names there are', () => {
  expect(() => loadProfile('linux-2.4')).toThrow(UsageError)
  expect(() => loadProfile('linux-2.4')).toThrow(
    "there is no profile 'linux-2.4'; there are linux-6.1-debian-cloud, linux-6.1-minimal, or the path of a .json file",
  )
  expect(() => loadProfile('../profiles/linux-6.1-minimal')).toThrow(UsageError)
})
