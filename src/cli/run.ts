// `cpuhp run`: a script of requests on a freshly booted machine, answered as golden files are written.
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { KernelError } from '../base/errno.js'
import { EXIT, UsageError } from '../base/failure.js'
import { formatNs } from '../base/time.js'
import { type Answer, askFor, describeCommand } from '../conform/ask.js'
import type { GoldenCommand } from '../conform/golden.js'
import { formatMachine, formatRequest } from '../conform/golden-writer.js'
import { Machine } from '../machine/machine.js'
import { type SpawnOptions, type Task, TaskFault, TaskKilled } from '../machine/processes.js'
import { MachinePanic } from '../machine/report.js'
import { type MachineChoice, machineOptions } from './machine-choice.js'
import { counted, err, out, styled } from './output.js'
import { parseScript, type Step } from './script.js'
import { withSignals } from './signals.js'
import { oneLine } from './values.js'
import { version } from './version.js'

export interface RunCommand extends MachineChoice {
  readonly text: boolean
}

/** Runs the command on a script, '-' is standard input; answers the exit code. */
export async function runCommand(file: string, command: RunCommand): Promise<number> {
  const source = file === '-' ? 'standard input' : oneLine(file)
  const options = machineOptions(command)
  const steps = parseScript(readScript(file, source), source, command.cpus)
  const machine = await Machine.boot(options)
  try {
    const { result, signalled } = await withSignals(async (signal) => {
      signal.addEventListener('abort', () => void machine.shutdown())
      const run = new Run(machine, source, command.text)
      run.begin(command, file === '-' ? 'stdin' : basename(file).replace(/\.[^.]*$/, ''))
      return await run.all(steps, signal)
    })
    return signalled ?? result
  } finally {
    await machine.shutdown()
  }
}

function readScript(file: string, source: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError(`${source}: can't be read: ${oneLine(reason)}`, { cause: error })
  }
}

class Run {
  private readonly machine: Machine
  private readonly source: string
  private readonly text: boolean
  private readonly tasks: { readonly task: Task; readonly line: number }[] = []
  private code: number = EXIT.ok

  constructor(machine: Machine, source: string, text: boolean) {
    this.machine = machine
    this.source = source
    this.text = text
  }

  begin({ profile, cpus, machine, seed }: RunCommand, scenario: string): void {
    if (this.text) {
      const how = machine === 'deterministic' ? `deterministic, seed ${seed}` : machine
      out(`${counted(cpus, 'CPU')}, ${how}, ${profile}\n`)
    } else out(`${formatMachine({ kernel: `cpuhp ${version()}`, profile, cpus, scenario })}\n`)
  }

  /** Carries the steps out, one after the other. Answers the exit code. */
  async all(steps: readonly Step[], signal: AbortSignal): Promise<number> {
    for (const step of steps) {
      try {
        await this.step(step)
      } catch (error) {
        if (signal.aborted) break
        if (!(error instanceof MachinePanic)) throw error
        err(`${this.source}:${step.line}: ${error.message}\n`)
        return EXIT.panic
      }
    }
    return this.code
  }

  private async step(step: Step): Promise<void> {
    switch (step.kind) {
      case 'request':
        return await this.request(step.command, step.line)
      case 'sleep':
        this.say(step.line, `sleep ${formatNs(step.ns)}`)
        return await this.machine.sleep(step.ns)
      case 'spawn':
        return await this.spawn(step.options, step.line)
      case 'wait':
        for (const { task, line } of this.tasks.splice(0)) await this.wait(task, line)
    }
  }

  private async request(command: GoldenCommand, line: number): Promise<void> {
    const { machine } = this
    // What has happened meanwhile is not part of the request.
    machine.trace()
    const lost = machine.lostEvents
    const found = await askFor(machine, command)
    if (this.text) {
      const answer = found.outcome === 'died' ? styled('red', 'the machine died of it') : found.errno
      this.say(line, `${describeCommand(command)}: ${answer ?? 'ok'}`)
      if (found.outcome === 'answered') out(describeAnswer(command, found))
    } else for (const record of formatRequest(command, found) ?? []) out(`${record}\n`)
    if (found.outcome === 'died') throw found.panic
    if (machine.lostEvents === lost) return
    this.fail(
      line,
      `the trace is not complete: ${machine.lostEvents - lost} events were overwritten before they were read`,
    )
  }

  private async spawn(options: SpawnOptions, line: number): Promise<void> {
    try {
      const task = await this.machine.spawn(options)
      this.tasks.push({ task, line })
      this.say(line, `spawn ${options.workload}: pid ${task.pids.join(', ')}`)
    } catch (error) {
      if (!(error instanceof KernelError)) throw error
      // An answer, and no line of a golden file.
      err(`${this.source}:${line}: spawn ${options.workload}: ${error.code}\n`)
    }
  }

  private async wait(task: Task, line: number): Promise<void> {
    try {
      const result = await task.result
      const right = result === task.expected
      if (right) this.say(line, `${task.workload}: ${result}`)
      else this.fail(line, `${task.workload}: the result is ${result}, and should be ${task.expected}`)
    } catch (error) {
      if (!(error instanceof TaskFault || error instanceof TaskKilled)) throw error
      this.fail(line, `${task.workload}: ${error.message}`)
    }
  }

  private say(line: number, text: string): void {
    if (this.text) out(`${this.source}:${line}: ${text}\n`)
  }

  private fail(line: number, text: string): void {
    err(`${this.source}:${line}: ${text}\n`)
    this.code = EXIT.violation
  }
}

function describeAnswer({ cpu }: GoldenCommand, answer: Answer): string {
  const { state, target, fail, file, online, offline, trace, warnings } = answer
  const of = cpu ?? 1
  const files = `cpu${of}: state ${state}, target ${target}, fail ${fail}, online ${file ?? '-'}`
  const lines = [`${files}; CPUs online ${online}, offline ${offline || '-'}`, ...warnings, ...trace]
  return lines.map((line) => `    ${line}\n`).join('')
}
