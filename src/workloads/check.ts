// Looking at a workload before a machine runs it: whether it is one, and whether it does what it says.

import { UsageError } from '../base/failure.js'
import { Prng } from '../base/prng.js'
import { NativeRun } from './native.js'
import { BUILT_IN } from './table.js'
import type { Workload } from './workload.js'

const MOST_TASKS = 16
const MOST_BYTES = 8 * 2 ** 20
/** Units of a trial, each with a seed, and the pieces that they are cut into. */
const TRIALS = [
  [1, 1],
  [7, 0],
  [50, 2 ** 32 - 1],
] as const
const TRIAL_BUDGETS = [1, 3, 1000] as const

const METHODS = ['bytes', 'prepare', 'step', 'result', 'expected'] as const

/** The workload that a module exports, as `default` or as `workload`. `source` is the module, for what is wrong with it. */
export function workloadOf(module: Readonly<Record<string, unknown>>, source: string): Workload {
  const found = [module.default, module.workload].find((value) => typeof value === 'object' && value !== null)
  if (found === undefined) {
    throw new UsageError(`${source}: exports no workload; it must export one as default, or by the name 'workload'`)
  }
  const fields = found as Readonly<Record<string, unknown>>
  const wrong = (field: string, expected: string): never => {
    throw new UsageError(`${source}: ${field} must be ${expected}, not ${describe(fields[field])}`)
  }
  if (typeof fields.name !== 'string' || !/^[a-z0-9-]{1,15}$/.test(fields.name)) {
    wrong('name', '1 to 15 of a-z, 0-9 and -')
  }
  // Workloads are found by their names: this one would never be.
  if (BUILT_IN.some(({ name }) => name === fields.name)) wrong('name', 'none of a built-in workload')
  if (typeof fields.description !== 'string') wrong('description', 'a text')
  const isCount = (value: unknown, most: number): boolean =>
    Number.isInteger(value) && Number(value) >= 1 && Number(value) <= most
  if (fields.tasks !== undefined && !isCount(fields.tasks, MOST_TASKS)) wrong('tasks', `1 to ${MOST_TASKS}`)
  if (!(typeof fields.unitNs === 'number' && fields.unitNs > 0)) wrong('unitNs', 'a number of nanoseconds above 0')
  if (!isCount(fields.typicalWork, 2 ** 31 - 1)) wrong('typicalWork', 'a whole number of units from 1 on')
  for (const method of METHODS) if (typeof fields[method] !== 'function') wrong(method, 'a function')
  return found as Workload
}

function describe(value: unknown): string {
  if (typeof value === 'function') return 'a function'
  return value === undefined ? 'missing' : JSON.stringify(value)
}

/**
 * Runs a little of it without a machine, cut up in several ways, and compares what comes out with what it expects. A
 * UsageError says what does not fit. With `elsewhere`, another copy of its module, also as if it changed threads.
 */
export function tryWorkload(workload: Workload, source: string, elsewhere?: Workload): void {
  checkBytes(workload, source, workload.typicalWork)
  for (const [work, seed] of TRIALS) {
    checkBytes(workload, source, work)
    const expected = trial(source, `expected(${work}, ${seed})`, () => workload.expected(work, seed))
    if (typeof expected !== 'string')
      throw new UsageError(`${source}: expected() must answer a text, not ${describe(expected)}`)
    for (const budget of TRIAL_BUDGETS) {
      const what = `${work} units in steps of ${budget}`
      const compare = (how: string, other?: Workload): void => {
        const prng = new Prng(budget)
        const pick = (ready: number): number => prng.below(ready)
        const result = trial(source, how, () => new NativeRun(workload, work, seed, other).finish(() => budget, pick))
        if (result === expected) return
        throw new UsageError(`${source}: ${how}: the result is ${describe(result)}, expected is ${describe(expected)}`)
      }
      compare(what)
      if (elsewhere !== undefined) compare(`${what}, in two threads by turns`, elsewhere)
    }
  }
}

function checkBytes(workload: Workload, source: string, work: number): void {
  const bytes = trial(source, `bytes(${work})`, () => workload.bytes(work))
  if (Number.isInteger(bytes) && bytes >= 0 && bytes <= MOST_BYTES) return
  throw new UsageError(`${source}: bytes(${work}) must be 0 to ${MOST_BYTES}, not ${describe(bytes)}`)
}

function trial<T>(source: string, what: string, run: () => T): T {
  try {
    return run()
  } catch (error) {
    throw new UsageError(`${source}: ${what}: ${reasonOf(error)}`, { cause: error })
  }
}

/** The first line of what an error says. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.split('\n')[0]!
}
