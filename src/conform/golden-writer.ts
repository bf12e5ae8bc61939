// Writes golden files, of what a machine answered. golden.ts reads them.

import type { Found } from './ask.js'
import type { GoldenCommand, GoldenMachine } from './golden.js'

/** The first line of a golden file. */
export function formatMachine({ kernel, profile, cpus, scenario }: GoldenMachine): string {
  return JSON.stringify({ kernel, profile, cpus, scenario })
}

/**
 * A request and what became of it: one line, and one for each warning. Null when the machine died in a way that no kernel
 * does: of a defect of this program, or of a violated invariant.
 */
export function formatRequest(command: GoldenCommand, found: Found): string[] | null {
  const { do: what, cpu, value } = command
  const asked = { do: what, ...(cpu === null ? {} : { cpu }), value }
  if (found.outcome === 'died') {
    const { cause } = found.panic.report
    if (cause.kind === 'bug') return [JSON.stringify({ ...asked, panic: cause.function })]
    return cause.kind === 'deadlock' || cause.kind === 'hang' ? [JSON.stringify({ ...asked, hang: true })] : null
  }
  const { errno, state, target, fail, file, online, offline, trace, warnings } = found
  const answer = { ...asked, errno, state, target, fail, file, online, offline, trace }
  return [answer, ...warnings.map((warn) => ({ warn }))].map((record) => JSON.stringify(record))
}
