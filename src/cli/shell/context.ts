// What a command of the shell is, and what it is given.
import { errnoMessage, type KernelError } from '../../base/errno.js'
import { NS_PER_S } from '../../base/time.js'
import type { Machine } from '../../machine/machine.js'
import type { Task } from '../../machine/processes.js'
import type { KernelLogLine } from '../../machine/report.js'
import type { CpuTimes } from '../../vfs/accounting.js'
import type { TraceBuffer } from './trace-buffer.js'

export interface Io {
  /** what a pipe or < gives it; '' without one */
  readonly input: string
  readonly hasInput: boolean
  out(text: string): void
  err(text: string): void
  /** Waits for something that may take long; rejects with Interrupted when the user does not want to any more. */
  wait<T>(promise: Promise<T>): Promise<T>
}

/** When CPUs and tasks were last looked at, and what they had run until then. */
export interface Look {
  readonly atNs: number
  readonly cpus: readonly CpuTimes[]
  /** ns, by pid */
  readonly tasks: ReadonlyMap<number, number>
}

/** A process that was spawned, or a command in the background. */
export interface BackgroundJob {
  readonly number: number
  readonly text: string
  readonly task: Task | null
  readonly done: Promise<void>
}

/** The shell as its commands see it. */
export interface Shell {
  readonly machine: Machine
  cwd: string
  /** how the last command ended */
  readonly status: number
  readonly trace: TraceBuffer
  readonly jobs: ReadonlyMap<number, BackgroundJob>
  /** processes that were spawned here and live, by the pids of their tasks */
  readonly tasks: ReadonlyMap<number, Task>
  /** of `top` */
  look: Look | null
  /** the kernel log has been cleared up to this line */
  cleared: KernelLogLine | null
  /** columns of the terminal; null when there is none */
  readonly columns: number | null
  /** a path as the machine's tree takes it */
  path(name: string): string
  /** makes a job of something that goes on by itself; `done` resolves to what is said of its end */
  addJob(text: string, task: Task | null, done: Promise<string>): BackgroundJob
  showUevents(shown: boolean): void
  exit(status: number): void
  reboot(): Promise<void>
}

export interface Command {
  /** what it is called with: 'cat FILE...' */
  readonly usage: string
  readonly summary: string
  /** what its words are, for completion */
  readonly takes: 'paths' | 'workloads' | 'nothing'
  /** it needs no machine that lives */
  readonly afterPanic?: boolean
  /** Answers its exit status. A KernelError or UsageError that it throws is told in its name. */
  run(shell: Shell, words: readonly string[], io: Io): number | Promise<number>
}

/** The user does not want to wait any longer (Ctrl-C). */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
}

/** A line of the kernel log as a console shows it. */
export function formatLogLine(timeNs: number, text: string): string {
  return `[${(timeNs / NS_PER_S).toFixed(6).padStart(12)}] ${text}\n`
}

export function message(error: KernelError): string {
  return errnoMessage(error.code)
}
