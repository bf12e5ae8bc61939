// Kinds of failure that are never mixed. What the kernel refuses is a KernelError (errno.ts): an answer, and often the
// right one. The classes here are the others: what the model must never do, what this program must never do, and what
// whoever called it should not have asked.
//
// postMessage drops an error's class and its fields, so between threads failures travel as tagged records, and whoever
// receives one builds the error anew.

import { KernelError } from './errno.js'

/** What a process of this package exits with. */
export const EXIT = {
  /** What was asked for was done, and everything held. */
  ok: 0,
  /** An invariant of the model was violated, or the kernel refused what was asked for. */
  violation: 1,
  /** The input makes no sense: an option, a file, a value. */
  usage: 2,
  /** The machine panicked or hung, or this program has a defect. */
  panic: 3,
  /** A token that is none: cut off, mistyped. */
  brokenToken: 4,
  /** A token of another version of this package. */
  otherVersion: 5,
  /** A scenario throws: while it is loaded, in `prepare`, in a step, in `check`. */
  scenarioThrows: 6,
  /** A scenario does not end: it loops, or awaits what is not the machine's. */
  scenarioEndless: 7,
  /** There is no bug of that name. */
  unknownBug: 8,
  /** There is no strategy of that name. */
  unknownStrategy: 9,
  /** A worker that ran schedules has died. */
  workerDied: 10,
  /** Orders were to be tried, and there was only one: nothing has been tested. */
  notInterleaved: 11,
} as const

/** One of the exit codes. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** Something that must hold in the model did not: a task lost, a mask that does not nest. The run found a bug. */
export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation'
  /** Which invariant, by its own words, such as 'tasks-conserved'. */
  readonly invariant: string

  constructor(invariant: string, message: string) {
    super(`${invariant}: ${message}`)
    this.invariant = invariant
  }
}

/** This program contradicts itself. Nothing that a user does may lead to one. */
export class Defect extends Error {
  override readonly name = 'Defect'
}

/** Bad input. The message is one line, names what was given, and says what is allowed. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  /** what kind of bad input, for a program that called this one */
  readonly exitCode: ExitCode

  constructor(message: string, { exitCode = EXIT.usage, ...options }: ErrorOptions & { exitCode?: ExitCode } = {}) {
    super(message, options)
    this.exitCode = exitCode
  }
}

/** A worker thread that ran schedules has died: of too little memory, or because what it ran has ended it. */
export class WorkerDied extends Error {
  override readonly name = 'WorkerDied'
}

/**
 * What a process should exit with when `error` ends it: 1 for a violation or a request that the kernel refused, 2 or a code of
 * its own for bad input, 3 for everything else, since whatever nobody foresaw is a defect.
 */
export function exitCodeFor(error: unknown): ExitCode {
  if (error instanceof InvariantViolation || error instanceof KernelError) return EXIT.violation
  if (error instanceof UsageError) return error.exitCode
  if (error instanceof WorkerDied) return EXIT.workerDied
  return EXIT.panic
}
