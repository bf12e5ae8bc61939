// `cpuhp cycles`: CPUs go down and come up again, on one machine or on both, and everything about it is checked.
import { closeSync, openSync, writeSync } from 'node:fs'
import { runCycles } from '../../stress/cycles.js'
import type { Verdict } from '../../stress/verdict.js'
import { EXIT, UsageError } from '../base/failure.js'
import { loadProfile } from '../profiles/load.js'
import { err, grouped, out } from './output.js'
import { Progress } from './progress.js'
import { oneLine } from './values.js'
import { describeEnd, describeVerdict } from './verdict.js'

export interface CyclesCommand {
  readonly cycles: number
  readonly cpus: number
  readonly workers?: number
  readonly seed: number
  readonly machine: 'threads' | 'deterministic' | 'both'
  readonly profile?: string
  /** where the verdict goes as JSON; '-' is standard output */
  readonly json?: string
  readonly quiet: boolean
}

/** What a process that a signal ended exits with. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const
type Signal = keyof typeof SIGNALS

/** Runs the command; answers the exit code. */
export async function cyclesCommand(command: CyclesCommand): Promise<number> {
  checkTogether(command)
  // Looked at before anything runs: a file that can't be written is not to cost a minute's work.
  const json = command.json === undefined ? null : openJson(command.json)
  const controller = new AbortController()
  let signalled: Signal | null = null
  const onSignal = (signal: Signal): void => {
    signalled = signal
    controller.abort()
  }
  const signals = Object.keys(SIGNALS) as Signal[]
  for (const signal of signals) process.once(signal, onSignal)
  const verdicts: Verdict[] = []
  try {
    for (const machine of command.machine === 'both' ? (['threads', 'deterministic'] as const) : [command.machine]) {
      if (controller.signal.aborted) break
      verdicts.push(await runOn(machine, command, controller.signal, json === null || !json.isStdout))
    }
  } finally {
    for (const signal of signals) process.removeListener(signal, onSignal)
  }
  if (json !== null)
    json.write(`${JSON.stringify({ outcome: worst(verdicts), node: process.version, verdicts }, null, 2)}\n`)
  if (json === null || !json.isStdout) out(describeEnd(verdicts))
  return exitCode(verdicts, signalled)
}

function checkTogether({ machine, workers, cpus, profile }: CyclesCommand): void {
  if (workers !== undefined && machine === 'deterministic') {
    throw new UsageError('--workers is for --machine threads or both; the deterministic machine has none')
  }
  if (workers !== undefined && workers > cpus) {
    throw new UsageError(`--workers is a whole number from 1 to ${cpus}, the number of CPUs, not '${workers}'`)
  }
  if (profile !== undefined) loadProfile(profile)
}

async function runOn(
  machine: 'threads' | 'deterministic',
  { cycles, cpus, workers, seed, profile, quiet }: CyclesCommand,
  signal: AbortSignal,
  tell: boolean,
): Promise<Verdict> {
  const progress = new Progress(quiet)
  const verdict = await runCycles({
    machine,
    cycles,
    cpus,
    seed,
    signal,
    ...(workers === undefined || machine === 'deterministic' ? {} : { workers }),
    ...(profile === undefined ? {} : { profile }),
    onCycle: (done) => progress.update(() => `${machine}: ${grouped(done)} of ${grouped(cycles)} cycles`),
  })
  progress.clear()
  if (verdict.panic !== null) err(`${verdict.panic}\n`)
  if (tell && !(quiet && verdict.outcome === 'success')) out(describeVerdict(verdict))
  return verdict
}

function worst(verdicts: readonly Verdict[]): Verdict['outcome'] {
  const outcomes = verdicts.map(({ outcome }) => outcome)
  return (['panic', 'violation', 'interrupted'] as const).find((outcome) => outcomes.includes(outcome)) ?? 'success'
}

function exitCode(verdicts: readonly Verdict[], signalled: Signal | null): number {
  const outcome = worst(verdicts)
  if (outcome === 'panic') return EXIT.panic
  if (outcome === 'violation') return EXIT.violation
  return signalled === null ? EXIT.ok : SIGNALS[signalled]
}

function openJson(file: string): { readonly isStdout: boolean; write(text: string): void } {
  if (file === '-') return { isStdout: true, write: out }
  try {
    const descriptor = openSync(file, 'w')
    return {
      isStdout: false,
      write(text) {
        writeSync(descriptor, text)
        closeSync(descriptor)
      },
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError(`--json ${oneLine(file)}: can't be written: ${oneLine(reason)}`, { cause: error })
  }
}
