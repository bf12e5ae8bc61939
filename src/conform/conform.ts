// Compares a machine with what a real kernel answered: asks it for everything in a golden file, request by request.

import type { Machine } from '../machine/machine.js'
import type { MachinePanic } from '../machine/report.js'
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
}

/**
 * Asks the machine, freshly booted and of the file's profile and number of CPUs, for everything in the file.
 * Answers the first deviation, null when there is none: after one, nothing can be expected of what follows.
 */
export async function conform(machine: Machine, golden: GoldenFile): Promise<Deviation | null> {
  // What happened at boot is not part of any request.
  machine.trace()
  for (const request of golden.requests) {
    const { differences, traces } = await compare(machine, request, isBugItself(golden))
    if (machine.lostEvents > 0)
      differences.push(`trace: ${machine.lostEvents} events were overwritten before they were read`)
    if (differences.length > 0) {
      return { line: request.line, request: describeCommand(request), differences, traces }
    }
  }
  return null
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
