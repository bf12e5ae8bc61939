// Step tables that nobody has thought of: what the kernel does not work without, and around it whatever fast-check draws.
import * as fc from 'fast-check'
import { loadProfile } from '#dist/src/profiles/load.js'
import { checkProfile, type Profile, type StepDescription } from '#dist/src/profiles/profile.js'

const MINIMAL = loadProfile('linux-6.1-minimal')

/** The rows that every profile has: those without which the minimal profile is refused. */
export const NEEDED: readonly StepDescription[] = MINIMAL.states.filter(({ state }) => {
  try {
    checkProfile({ ...MINIMAL, states: MINIMAL.states.filter((step) => step.state !== state) }, 'without')
    return false
  } catch {
    return true
  }
})

/** Where other steps can be: in each section alike, and often in the last state with interrupts off, which is a case of its own. */
const FREE = [
  [2, 90],
  [95, 151],
  [152, 152],
  [157, 234],
].map(([low, high]) => {
  const states = Array.from({ length: high! - low! + 1 }, (_, n) => low! + n)
  return fc.constantFrom(...states.filter((state) => !NEEDED.some((step) => step.state === state)))
})

const step = fc
  .record({
    state: fc.oneof(...FREE),
    has: fc.constantFrom('both', 'startup', 'teardown', 'neither'),
    instances: fc.constantFrom(null, null, 0, 1, 2, 3),
    cantStop: fc.nat(9),
  })
  .map(({ state, has, instances, cantStop }): StepDescription => {
    const multi = instances !== null && has !== 'neither'
    return {
      state,
      name: `test:${state}`,
      startup: has === 'both' || has === 'startup' ? `startup_${state}` : null,
      teardown: has === 'both' || has === 'teardown' ? `teardown_${state}` : null,
      instances: multi ? instances : 0,
      cantStop: cantStop === 1,
      multi,
    }
  })

/** A profile with up to `most` steps of its own. It shrinks to fewer of them; a counterexample shows those alone. */
export function anyProfile(most = 30): fc.Arbitrary<Profile> {
  const options = { selector: ({ state }: StepDescription) => state, maxLength: most, size: 'large' } as const
  return fc.uniqueArray(step, options).map((own) => {
    const states = [...NEEDED, ...own].sort((a, b) => a.state - b.state)
    const table = { name: 'drawn', kernel: '6.1', online: MINIMAL.online, stateControl: true, states }
    return Object.defineProperty(checkProfile(table, 'drawn'), fc.toStringMethod, {
      value: () => `the least profile with [${own.map((row) => JSON.stringify(row)).join(', ')}]`,
    })
  })
}
