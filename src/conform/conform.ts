// Compares a machine with what a real kernel answered: asks it for everything in a golden file, request by request.

import type { Machine } from '../machine/machine.js'
import { MachinePanic } from '../machine/report.js'
import { bitsOf } from '../ops/mask.js'
import { type Answer, askFor, describeCommand } from './ask.js'
import { formatEvent, type GoldenAnswer, type GoldenFile, type GoldenRequest } from './golden.js'

/** The first request of a golden file that a machine did not meet. */
export interface Deviation {
  /** in the golden file */
  readonly line: number
  /** '0 to cpu1/online' */
  readonly request: string
  /** what is not as it was, a line each: 'errno: null expected, EBUSY found' */
  readonly differences: readonly string[]
  /** the events that were expected and those that were found, where they differ; null elsewhere */
  readonly traces: { readonly expected: readonly string[]; readonly found: readonly string[] } | null
  /** the machine's last words, when it died of the request; null otherwise */
  readonly panic: string | null
}

/** How a machine met a golden file. */
export interface Conformance {
  /** null: it met everything that it was asked */
  readonly deviation: Deviation | null
  /**
   * The line of the request that left the busy tasks no active CPU: the machine died of it, as Linux does, and was asked
   * nothing more. The recorded kernel had nobody to place, and went on. Null when that did not happen.
   */
  readonly starved: number | null
}

/** Units of work that take a task half an hour. */
const NEVER_DONE = 2 ** 31 - 1

/**
 * Asks the machine, freshly booted and of the file's profile and number of CPUs, for everything in the file, with `busy` user
 * tasks beside it that compute all the time and may go anywhere. Ends at the first deviation: after one, nothing can be
 * expected of what follows.
 */
export async function conform(machine: Machine, golden: GoldenFile, busy = 0): Promise<Conformance> {
  for (let n = 1; n <= busy; n++) await machine.spawn({ workload: 'sha256', work: NEVER_DONE, seed: n })
  // What happened so far is not part of any request.
  machine.trace()
  for (const request of golden.requests) {
    const { differences, traces } = await compare(machine, request, isBugItself(golden))
    if (differences.length > 0 && busy > 0 && hasStarved(machine)) return { deviation: null, starved: request.line }
    if (machine.lostEvents > 0)
      differences.push(`trace: ${machine.lostEvents} events were overwritten before they were read`)
    if (differences.length > 0) {
      const panic = machine.failure instanceof MachinePanic ? machine.failure.message : null
      return {
        deviation: { line: request.line, request: describeCommand(request), differences, traces, panic },
        starved: null,
      }
    }
  }
  return { deviation: null, starved: null }
}

/** Whether the machine has died because no CPU was left that user tasks may run on. */
function hasStarved({ failure, memory }: Machine): boolean {
  if (!(failure instanceof MachinePanic)) return false
  const { cause } = failure.report
  const { done } = bitsOf(memory, memory.active).next()
  return cause.kind === 'bug' && cause.function === 'select_fallback_rq' && done === true
}

/** In the files whose names begin with 30- the function is that of the BUG; elsewhere it may be a consequence of it. */
function isBugItself({ machine }: GoldenFile): boolean {
  return machine.scenario.startsWith('30-')
}

/** A deviation as text; `source` is the golden file's name. */
export function formatDeviation(deviation: Deviation, source: string): string {
  const { line, request, differences } = deviation
  return [`${source}:${line}: ${request}`, ...differences.map((difference) => `  ${difference}`)].join('\n')
}

interface Comparison {
  readonly differences: string[]
  readonly traces: Deviation['traces']
}

async function compare(machine: Machine, request: GoldenRequest, sameFunction: boolean): Promise<Comparison> {
  const found = await askFor(machine, request)
  if (found.outcome === 'died') return { differences: comparePanic(found.panic, request, sameFunction), traces: null }
  if (request.outcome !== 'answered') {
    return { differences: [`outcome: ${request.outcome} expected, the machine answered`], traces: null }
  }
  const expected = request.trace.map(formatEvent)
  const unlike = compareTraces(expected, found.trace)
  return {
    differences: [...compareFields(request, found), ...unlike],
    traces: unlike.length === 0 ? null : { expected, found: found.trace },
  }
}

function comparePanic(panic: MachinePanic, request: GoldenRequest, sameFunction: boolean): string[] {
  const { cause } = panic.report
  const what = cause.kind === 'bug' ? `a BUG in ${cause.function}` : `a machine ${cause.kind}: ${cause.message}`
  if (request.outcome === 'answered') return [`outcome: an answer expected, ${what} found`]
  const dead = request.outcome === 'panic' ? cause.kind === 'bug' : cause.kind === 'deadlock' || cause.kind === 'hang'
  if (!dead) return [`outcome: ${request.outcome} expected, ${what} found`]
  const other = sameFunction && request.outcome === 'panic' && cause.kind === 'bug' && cause.function !== request.panic
  return other ? [`outcome: a BUG in ${request.panic} expected, ${what} found`] : []
}

function compareFields(expected: GoldenAnswer, found: Answer): string[] {
  const fields = ['errno', 'state', 'target', 'fail', 'file', 'online', 'offline'] as const
  const differences = fields
    .filter((field) => expected[field] !== found[field])
    .map((field) => `${field}: ${show(expected[field])} expected, ${show(found[field])} found`)
  // Not every recording has them: those that are there must have been given here too.
  if (found.warnings.length < expected.warnings.length) {
    differences.push(`warnings: ${JSON.stringify(expected.warnings)} expected, ${JSON.stringify(found.warnings)} found`)
  }
  return differences
}

/** Two traces that differ: the first place where they do. */
function compareTraces(expected: readonly string[], found: readonly string[]): string[] {
  const length = Math.max(expected.length, found.length)
  for (let n = 0; n < length; n++) {
    const [a, b] = [expected[n], found[n]]
    if (a !== undefined && b !== undefined && sameEvent(a, b)) continue
    const count = `event ${n + 1} of ${expected.length}`
    return [`trace: ${count}: '${a ?? 'the end'}' expected, '${b ?? 'the end'}' found`]
  }
  return []
}

/** '*' stands for any CPU. */
export function sameEvent(expected: string, found: string): boolean {
  return expected.startsWith('* ') ? expected.slice(2) === found.replace(/^\S+ /, '') : expected === found
}

function show(value: string | number | null): string {
  return value === null ? 'null' : `'${value}'`
}
