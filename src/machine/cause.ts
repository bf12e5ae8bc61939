// What an exception in kernel code means for the machine.
import { InvariantViolation } from '../base/failure.js'
import { KernelBug } from '../ops/bug.js'
import { chainOf, type PanicCause } from './report.js'

/** `callers`: the functions around the one that threw, innermost first. */
export function causeOf(error: unknown, callers: readonly string[]): PanicCause {
  if (error instanceof KernelBug) {
    return { kind: 'bug', function: error.function, message: error.message, chain: [...chainOf(error), ...callers] }
  }
  if (error instanceof InvariantViolation)
    return { kind: 'violation', message: error.message, chain: [...chainOf(error), ...callers] }
  if (error instanceof Error) return { kind: 'defect', message: String(error), chain: [...chainOf(error), ...callers] }
  return { kind: 'defect', message: String(error), chain: callers }
}
