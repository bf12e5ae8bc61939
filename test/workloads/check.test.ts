import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { UsageError } from '#dist/src/base/failure.js'
import { tryWorkload, workloadOf } from '#dist/src/workloads/check.js'
import { loadWorkload } from '#dist/src/workloads/load.js'
import { BUILT_IN } from '#dist/src/workloads/table.js'
import type { UserTask, Workload } from '#dist/src/workloads/workload.js'

const folder = mkdtempSync(join(tmpdir(), 'cpuhp-workload-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Adds one for each unit. */
const GOOD: Workload = {
  name: 'adder',
  description: 'adds one for each unit',
  unitNs: 10,
  typicalWork: 1000,
  bytes: () => 8,
  prepare: () => undefined,
  step(task, budget) {
    const { words, work } = task.process
    task.used = Math.min(budget, work - words[0]!)
    words[0]! += task.used
    return words[0] === work ? task.done() : 0
  },
  result: ({ words }) => String(words[0]),
  expected: (work) => String(work),
}

function problemOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError)
    return (error as Error).message
  }
  return 'none'
}

describe('a module', () => {
  test.each([
    ['exports a workload as default', { default: GOOD }, 'none'],
    ['exports it by its name', { workload: GOOD }, 'none'],
    ['exports nothing', {}, "own.mjs: exports no workload; it must export one as default, or by the name 'workload'"],
    ['has no name', { default: { ...GOOD, name: 'No Name' } }, 'name must be 1 to 15 of a-z, 0-9 and -, not "No Name"'],
    [
      'has the name of a built-in one',
      { default: { ...GOOD, name: 'counter' } },
      'name must be none of a built-in workload, not "counter"',
    ],
    ['has no description', { default: { ...GOOD, description: 3 } }, 'description must be a text, not 3'],
    ['exports it by its name, and something else', { default: () => 0, workload: GOOD }, 'none'],
    ['has no step', { default: { ...GOOD, step: undefined } }, 'step must be a function, not missing'],
    ['has too many tasks', { default: { ...GOOD, tasks: 17 } }, 'tasks must be 1 to 16, not 17'],
    [
      'has units of no length',
      { default: { ...GOOD, unitNs: 0 } },
      'unitNs must be a number of nanoseconds above 0, not 0',
    ],
    ['has no typical work', { default: { ...GOOD, typicalWork: 0.5 } }, 'typicalWork must be a whole number of units'],
  ])('that %s', (_what, module, problem) => {
    expect(problemOf(() => workloadOf(module, 'own.mjs'))).toContain(problem)
  })
})

/** The adder, which remembers how far it is, outside of its process's memory. */
function forgetful(): Workload {
  let added = 0
  return {
    ...GOOD,
    prepare: () => {
      added = 0
    },
    step(task, budget) {
      const { words, work } = task.process
      task.used = Math.min(budget, work - words[1]!)
      words[1]! += task.used
      added += task.used
      words[0] = added
      return words[1] === work ? task.done() : 0
    },
  }
}

function idle(task: UserTask): number {
  task.used = 0
  return 0
}

function boastful(task: UserTask, budget: number): number {
  task.used = budget + 1
  return 0
}

describe('the trial of a workload', () => {
  const broken = (change: Partial<Workload>): string => problemOf(() => tryWorkload({ ...GOOD, ...change }, 'own.mjs'))

  test('finds nothing wrong with the built-in ones', () => {
    for (const workload of BUILT_IN) expect(problemOf(() => tryWorkload(workload, workload.name))).toBe('none')
  })

  test.each<[string, Partial<Workload>, string]>([
    [
      'a step that throws',
      {
        step: () => {
          throw new Error('oh dear')
        },
      },
      '1 units in steps of 1: oh dear',
    ],
    ['a step that answers nonsense', { step: () => 77 }, 'its step answered 77, which is no system call'],
    ['a step that answers nothing', { step: () => undefined as unknown as number }, 'its step answered undefined'],
    ['a step that does nothing', { step: idle }, 'its step has done nothing 10000 times in a row'],
    ['a step that claims too much', { step: boastful }, 'says that it did 2 of 1 units'],
    ['a wrong result', { expected: () => '42' }, 'the result is "1", expected is "42"'],
    [
      'an expectation that is no text',
      { expected: () => 1 as unknown as string },
      'expected() must answer a text, not 1',
    ],
    ['too much memory', { bytes: () => 2 ** 30 }, 'bytes(1000) must be 0 to 8388608'],
    ['memory that is no number', { bytes: () => 0.5 }, 'bytes(1000) must be 0 to 8388608, not 0.5'],
    ['an expectation that throws', { expected: () => JSON.parse('{') }, 'expected(1, 1): '],
    ['a task that waits for nobody', { step: (task) => task.wait(0, 0) }, 'its tasks wait for each other, or for what'],
    ['a lock that there is not', { step: (task) => task.lock(3) }, 'it locks 3; there are locks 0 to 0'],
  ])('finds %s', (_what, change, problem) => {
    const message = broken(change)
    expect(message).toContain('own.mjs: ')
    expect(message).toContain(problem)
    expect(message).not.toContain('\n')
  })
})

describe('the trial with another copy of the module', () => {
  test('finds a program that remembers what is not in its memory', () => {
    expect(problemOf(() => tryWorkload(forgetful(), 'own.mjs'))).toBe('none')
    expect(problemOf(() => tryWorkload(forgetful(), 'own.mjs', forgetful()))).toMatch(
      /^own.mjs: \d+ units in steps of \d+, in two threads by turns: the result is "\d+", expected is "\d+"$/,
    )
  })

  test('finds nothing wrong with one that does not', () => {
    expect(problemOf(() => tryWorkload(GOOD, 'own.mjs', { ...GOOD }))).toBe('none')
  })
})

describe('a file', () => {
  const problemOfFile = async (name: string, text?: string, mostMs?: number): Promise<string> => {
    const path = join(folder, name)
    if (text !== undefined) writeFileSync(path, text)
    const error = await loadWorkload(path, mostMs).then(
      () => null,
      (reason: unknown) => reason,
    )
    expect(error).toBeInstanceOf(UsageError)
    return (error as Error).message
  }

  test('that is missing', async () => {
    expect(await problemOfFile('missing.mjs')).toContain('there is no such file')
  })

  test('that is no JavaScript', async () => {
    expect(await problemOfFile('broken.mjs', 'export default {')).toMatch(
      /can't be loaded: SyntaxError: .*; node --check .*broken.mjs shows where$/,
    )
  })

  test('that is a folder', async () => {
    expect(await problemOfFile('.')).toContain('is no file; a workload is a .mjs or .js file')
  })

  test('that waits for what never happens', async () => {
    expect(await problemOfFile('waits.mjs', 'await new Promise(() => {})', 50)).toContain('is not loaded after 50 ms')
  })

  test('that exports nothing', async () => {
    expect(await problemOfFile('nothing.mjs', 'export const step = 1')).toContain('exports no workload')
  })

  /** A module with a workload whose step is `step`, which may use a variable `kept`. */
  const withStep = (step: string): string => `
    let kept = 0
    export const workload = {
      name: 'own', description: 'counts its units', unitNs: 10, typicalWork: 1000,
      bytes: () => 16, prepare() {}, step: ${step},
      result: ({ words }) => String(words[0]), expected: (work) => String(work),
    }`

  test('with a step that does not return', async () => {
    expect(await problemOfFile('endless.mjs', withStep('() => { for (;;); }'), 200)).toContain(
      'a little of its work is not done after 200 ms: one of its functions does not return',
    )
  })

  test('with a step that remembers what is not in its memory', async () => {
    const step = `(task) => {
      const { words, work } = task.process
      if (words[1] === 0) kept = 0
      task.used = 1
      words[0] = ++kept
      return ++words[1] === work ? task.done() : 0
    }`
    expect(await problemOfFile('keeps.mjs', withStep(step))).toContain('in two threads by turns: the result is')
  })

  test('that throws when it is loaded', async () => {
    expect(await problemOfFile('throws.mjs', "throw new Error('not today')")).toMatch(
      /can't be loaded: Error: not today/,
    )
  })

  test('that is a workload', async () => {
    const { workload, url } = await loadWorkload('examples/own-workload.mjs')
    expect(workload.name).toBe('collatz')
    expect(url).toMatch(/^file:.*own-workload\.mjs$/)
  })
})
