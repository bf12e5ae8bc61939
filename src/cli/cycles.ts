// `cpuhp cycles`: CPUs go down and come up again, on one machine or on both, and everything about it is checked.
import { runCycles } from '../../stress/cycles.js'
import type { Verdict } from '../../stress/verdict.js'
import { EXIT, UsageError } from '../base/failure.js'
import { loadProfile } from '../profiles/load.js'
import { openJson } from './json-file.js'
import { err, grouped, out } from './output.js'
import { Progress } from './progress.js'
import { withSignals } from './signals.js'
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

/** Runs the command; answers the exit code. */
export async function cyclesCommand(command: CyclesCommand): Promise<number> {
  checkTogether(command)
  const json = command.json === undefined ? null : openJson(command.json)
  const { result: verdicts, signalled } = await withSignals(async (signal) => {
    const done: Verdict[] = []
    for (const machine of command.machine === 'both' ? (['threads', 'deterministic'] as const) : [command.machine]) {
      if (signal.aborted) break
      done.push(await runOn(machine, command, signal, json === null || !json.isStdout))
    }
    return done
  })
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

function exitCode(verdicts: readonly Verdict[], signalled: number | null): number {
  const outcome = worst(verdicts)
  if (outcome === 'panic') return EXIT.panic
  if (outcome === 'violation') return EXIT.violation
  return signalled ?? EXIT.ok
}
