// Looking at a workload before a machine runs it: whether it is one, and whether it does what it says.

import { UsageError } from '../base/failure.js'
import { Prng } from '../base/prng.js'
import { NativeRun } from './native.js'
import type { Workload } from './workload.js'

const MOST_TASKS = 16
const MOST_BYTES = 8 * 2 ** 20
/** Units of a trial, and the pieces that they are cut into. */
const TRIAL_WORK = [1, 7, 50] as const
const TRIAL_BUDGETS = [1, 3, 1000] as const

const METHODS = ['bytes', 'prepare', 'step', 'result', 'expected'] as const

/** The workload that a module exports, as `default` or as `workload`. `source` is the module, for what is wrong with it. */
export function workloadOf(module: Readonly<Record<string, unknown>>, source: string): Workload {
  const found = module.default ?? module.workload
  if (typeof found !== 'object' || found === null) {
    throw new UsageError(`${source}: exports no workload; it must export one as default, or by the name 'workload'`)
  }
  const fields = found as Readonly<Record<string, unknown>>
  const wrong = (field: string, expected: string): never => {
    throw new UsageError(`${source}: ${field} must be ${expected}, not ${describe(fields[field])}`)
  }
  if (typeof fields.name !== 'string' || !/^[a-z0-9-]{1,15}$/.test(fields.name)) {
    wrong('name', '1 to 15 of a-z, 0-9 and -')
  }
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
 * UsageError says what does not fit.
 */
export function tryWorkload(workload: Workload, source: string): void {
  for (const work of TRIAL_WORK) {
    const expected = trial(source, `expected(${work}, 1)`, () => workload.expected(work, 1))
    if (typeof expected !== 'string')
      throw new UsageError(`${source}: expected() must answer a text, not ${describe(expected)}`)
    const bytes = trial(source, `bytes(${work})`, () => workload.bytes(work))
    if (!(Number.isInteger(bytes) && bytes >= 0 && bytes <= MOST_BYTES)) {
      throw new UsageError(`${source}: bytes(${work}) must be 0 to ${MOST_BYTES}, not ${describe(bytes)}`)
    }
    for (const budget of TRIAL_BUDGETS) {
      const prng = new Prng(budget)
      const what = `${work} units in steps of ${budget}`
      const result = trial(source, what, () =>
        new NativeRun(workload, work, 1).finish(
          () => budget,
          (ready) => prng.below(ready),
        ),
      )
      if (result === expected) continue
      throw new UsageError(`${source}: ${what}: the result is ${describe(result)}, expected is ${describe(expected)}`)
    }
  }
}

function trial<T>(source: string, what: string, run: () => T): T {
  try {
    return run()
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error)
    throw new UsageError(`${source}: ${what}: ${reason}`, { cause: error })
  }
}
