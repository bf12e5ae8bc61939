// `cpuhp bugs`: the historical bugs and the mutations that a machine can be booted with.
import { EXIT, UsageError } from '../base/failure.js'
import { COLLECTION } from '../explore/bugs.js'
import { type BenchCommand, bugsBench } from './bugs-bench.js'
import { out, table } from './output.js'

export interface BugsCommand extends BenchCommand {
  readonly bench: boolean
}

/** Runs the command; answers the exit code. */
export async function bugsCommand(command: BugsCommand): Promise<number> {
  if (command.bench) return await bugsBench(command)
  const { bug, strategy, seeds, schedules } = command
  const given = Object.entries({ bug, strategy, seeds, schedules }).find(([, value]) => value !== undefined)
  if (given !== undefined) throw new UsageError(`--${given[0]} goes with --bench`)
  if (command.json) {
    out(`${JSON.stringify(COLLECTION, null, 2)}\n`)
    return EXIT.ok
  }
  const rows = COLLECTION.map(({ name, fix, scenario, mechanism }) => [name, fix ?? '-', scenario, mechanism])
  out(`${table([['bug', 'fix', 'scenario', 'mechanism'], ...rows]).join('\n')}\n`)
  return EXIT.ok
}
