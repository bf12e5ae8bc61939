// `cpuhp bugs`: the historical bugs and the mutations that a machine can be booted with.
import { COLLECTION } from '../explore/bugs.js'
import { out, table } from './output.js'

export interface BugsCommand {
  readonly json: boolean
}

export function bugsCommand({ json }: BugsCommand): void {
  if (json) {
    out(`${JSON.stringify(COLLECTION, null, 2)}\n`)
    return
  }
  const rows = COLLECTION.map(({ name, fix, scenario, mechanism }) => [name, fix ?? '-', scenario, mechanism])
  out(`${table([['bug', 'fix', 'scenario', 'mechanism'], ...rows]).join('\n')}\n`)
}
