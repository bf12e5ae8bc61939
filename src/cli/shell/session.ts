// A shell on a machine: carries out what was typed, line by line, and keeps what goes on in the background.
import { KernelError } from '../../base/errno.js'
import { EXIT, UsageError } from '../../base/failure.js'
import { Machine } from '../../machine/machine.js'
import type { MachineOptions } from '../../machine/options.js'
import type { Task } from '../../machine/processes.js'
import { MachinePanic } from '../../machine/report.js'
import { ueventLines } from '../../machine/uevents.js'
import { type BackgroundJob, formatLogLine, Interrupted, type Io, type Look, message, type Shell } from './context.js'
import { expand, resolvePath } from './expand.js'
import { abandonable, Streams } from './streams.js'
import { commandOf } from './table.js'
import { TraceBuffer } from './trace-buffer.js'
import { type Job, type Pipeline, parse, type Redirection, ShellSyntaxError, type Simple } from './words.js'

/** Where a shell writes. */
export interface Terminal {
  readonly columns: number | null
  out(text: string): void
  err(text: string): void
  /** what comes by itself, whatever else is being written: whole lines */
  console(text: string): void
}

/** What a shell answers for a command that there is not, for one that was abandoned, and for one that made no sense. */
const STATUS = { notFound: 127, interrupted: 130, usage: 2 } as const

export class Session implements Shell {
  machine: Machine
  cwd = '/'
  status = 0
  look: Look | null = null
  cleared: Shell['cleared'] = null
  trace = new TraceBuffer()
  readonly jobs = new Map<number, BackgroundJob>()
  readonly tasks = new Map<number, Task>()
  /** the shell has been left */
  ended = false
  private readonly options: MachineOptions
  private readonly terminal: Terminal
  /** the panic that has been told */
  private told: MachinePanic | null = null
  private uevents = false

  private constructor(machine: Machine, options: MachineOptions, terminal: Terminal) {
    this.machine = machine
    this.options = options
    this.terminal = terminal
    this.attach()
  }

  static async start(options: MachineOptions, terminal: Terminal): Promise<Session> {
    return new Session(await Machine.boot(options), options, terminal)
  }

  get columns(): number | null {
    return this.terminal.columns
  }

  path(name: string): string {
    return resolvePath(name, this.cwd)
  }

  exit(status: number): void {
    this.status = status
    this.ended = true
  }

  async reboot(): Promise<void> {
    await this.machine.shutdown()
    this.jobs.clear()
    this.tasks.clear()
    this.look = null
    this.cleared = null
    this.told = null
    this.trace = new TraceBuffer()
    this.machine = await Machine.boot(this.options)
    this.attach()
  }

  private attach(): void {
    this.machine.onLog = ({ timeNs, text }) => this.terminal.console(formatLogLine(timeNs, text))
    this.showUevents(this.uevents)
  }

  /** Whether the console says what the kernel tells of devices. */
  showUevents(shown: boolean): void {
    this.uevents = shown
    this.machine.onUevent = shown ? (event) => this.terminal.console(ueventLines(event)) : null
  }

  addJob(text: string, task: Task | null, done: Promise<string>): BackgroundJob {
    const number = Math.max(0, ...this.jobs.keys()) + 1
    const { machine } = this
    const end = async (): Promise<void> => {
      try {
        const said = await done
        if (this.machine === machine) this.terminal.console(`[${number}]  ${said}  ${text}\n`)
      } catch (error) {
        // The end of a machine, by a panic or by order, ends what goes on in it.
        if (machine.failure === null) throw error
        if (error instanceof MachinePanic && this.machine === machine) this.oops(error)
      }
      if (this.machine !== machine) return
      this.jobs.delete(number)
      for (const pid of task?.pids ?? []) this.tasks.delete(pid)
    }
    const job = { number, text, task, done: end() }
    this.jobs.set(number, job)
    for (const pid of task?.pids ?? []) this.tasks.set(pid, task!)
    return job
  }

  /** Carries out what was typed, which may be several lines; `signal` ends waiting. Throws Incomplete when more is to come. */
  async run(text: string, signal: AbortSignal): Promise<void> {
    let jobs: Job[]
    try {
      jobs = parse(text)
    } catch (error) {
      if (!(error instanceof ShellSyntaxError)) throw error
      this.terminal.err(`sh: syntax error: ${error.message}\n`)
      this.status = STATUS.usage
      return
    }
    for (const job of jobs) {
      if (this.ended || signal.aborted) break
      if (job.background) this.background(job)
      else this.status = await this.runJob(job, signal)
      if (this.machine.failure === null) this.trace.collect(this.machine)
    }
  }

  private background(job: Job): void {
    const never = new AbortController().signal
    const done = this.runJob(job, never).then((status) => (status === 0 ? 'Done' : `Exit ${status}`))
    const { number } = this.addJob(job.text, null, done)
    this.terminal.console(`[${number}] ${job.text}\n`)
    this.status = 0
  }

  private async runJob(job: Job, signal: AbortSignal): Promise<number> {
    let { status } = this
    for (const { when, pipeline } of job.pipelines) {
      if (this.ended || signal.aborted) break
      if ((when === 'and' && status !== 0) || (when === 'or' && status === 0)) continue
      this.status = status
      status = await this.runPipeline(pipeline, signal)
    }
    return signal.aborted ? STATUS.interrupted : status
  }

  /** One command after the other: each has the output of the one before as its input. */
  private async runPipeline(pipeline: Pipeline, signal: AbortSignal): Promise<number> {
    let input: string | null = null
    let status = 0
    for (const [n, simple] of pipeline.entries()) {
      let output = ''
      const last = n === pipeline.length - 1
      const keep = (text: string): void => {
        output += text
      }
      status = await this.runSimple(simple, input, last ? this.terminal.out : keep, signal)
      input = output
    }
    return status
  }

  private async runSimple(
    { words, redirections }: Simple,
    piped: string | null,
    out: (text: string) => void,
    signal: AbortSignal,
  ): Promise<number> {
    const { files } = this.machine
    const expanded = words.flatMap((word) => expand(word, files, this.cwd, this.status))
    const [name = 'true', ...rest] = expanded
    const streams = new Streams(piped, out, this.terminal.err)
    const opened = this.redirect(redirections, streams)
    if (!opened) return 1
    const io: Io = {
      input: streams.input ?? '',
      hasInput: streams.input !== null,
      out: (text) => streams.writeOut(text),
      err: (text) => streams.writeErr(text),
      wait: (promise) => abandonable(promise, signal),
    }
    const status = await this.runCommand(name, rest, io)
    try {
      for (const flush of streams.flushes) await io.wait(flush())
    } catch (error) {
      const who = name === 'echo' ? 'sh' : name
      return this.failed(error, (problem) => io.err(`${who}: write error: ${problem}\n`))
    }
    return status
  }

  private async runCommand(name: string, words: readonly string[], io: Io): Promise<number> {
    const command = commandOf(name)
    if (command === null) {
      io.err(`sh: ${name}: not found\n`)
      return STATUS.notFound
    }
    try {
      if (this.machine.failure !== null && command.afterPanic !== true) return this.dead(io)
      return await command.run(this, words, io)
    } catch (error) {
      if (error instanceof UsageError) {
        io.err(`${name}: ${error.message.replace(`${name}: `, '')}\n`)
        return STATUS.usage
      }
      return this.failed(error, (problem) => io.err(`${name}: ${problem}\n`))
    }
  }

  /** What a command answers that failed so. What nobody foresaw goes on. */
  private failed(error: unknown, say: (problem: string) => void): number {
    if (error instanceof KernelError) {
      say(message(error))
      return 1
    }
    if (error instanceof Interrupted) return STATUS.interrupted
    if (!(error instanceof MachinePanic)) throw error
    this.oops(error)
    return EXIT.panic
  }

  /** Tells of a panic, once. */
  private oops(panic: MachinePanic): void {
    if (this.told === panic) return
    this.told = panic
    const [what = '', ...rest] = panic.message.split('\n')
    const lines = [`Kernel panic - not syncing: ${what}`, ...rest, `---[ end Kernel panic - not syncing: ${what} ]---`]
    const timeNs = this.machine.now()
    this.terminal.console(lines.map((line) => formatLogLine(timeNs, line)).join(''))
    this.terminal.console("The machine has died. 'reboot' boots a new one.\n")
  }

  private dead(io: Io): number {
    const { failure } = this.machine
    if (failure instanceof MachinePanic) this.oops(failure)
    io.err("sh: the machine has died; 'reboot' boots a new one\n")
    return EXIT.panic
  }

  /** Opens what the command's streams are redirected to; false, and told, when something can't be. */
  private redirect(redirections: readonly Redirection[], streams: Streams): boolean {
    for (const { descriptor, to } of redirections) {
      if (to === null) {
        streams.mergeErrors()
        continue
      }
      const [name = '', ...others] = expand(to, this.machine.files, this.cwd, this.status)
      const refuse = (what: string, why: string): false => {
        streams.writeErr(`sh: can't ${what} ${name}: ${why}\n`)
        return false
      }
      if (others.length > 0) return refuse('open', 'ambiguous redirect')
      if (this.path(name) === '/dev/null') streams.discard(descriptor)
      else {
        const what = descriptor === 0 ? 'open' : 'create'
        try {
          if (descriptor === 0) streams.input = this.machine.files.read(this.path(name))
          else streams.collect(descriptor, this.open(name))
        } catch (error) {
          if (!(error instanceof KernelError)) throw error
          return refuse(what, error.code === 'ENOENT' && descriptor !== 0 ? 'nonexistent directory' : message(error))
        }
      }
    }
    return true
  }

  /** Opens a file for writing. Nobody can make one: in a directory that there is, that is not permitted. */
  private open(name: string): (text: string) => Promise<void> {
    const { files } = this.machine
    const path = this.path(name)
    try {
      return files.open(path)
    } catch (error) {
      const missing = error instanceof KernelError && error.code === 'ENOENT'
      if (!missing || files.lookup(path.replace(/[^/]*$/, '')).kind !== 'directory') throw error
      throw new KernelError('EACCES', 'open', path)
    }
  }
}
