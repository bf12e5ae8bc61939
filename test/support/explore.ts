// Running schedules in tests.
import { type Explored, explore, type Progress } from '#dist/src/explore/explore.js'
import type { Failure } from '#dist/src/explore/outcome.js'
import type { Scenario } from '#dist/src/explore/scenario.js'
import { SCENARIOS } from '#dist/src/explore/scenarios/table.js'
import type { Setup } from '#dist/src/explore/schedule.js'
import { searchNamed } from '#dist/src/explore/strategies/table.js'
import type { BugName } from '#dist/src/ops/switches.js'
import { loadProfile } from '#dist/src/profiles/load.js'

const profile = loadProfile('linux-6.1-minimal')

export function setupOf(scenario: string | Scenario, bugs: readonly BugName[] = []): Setup {
  const found = typeof scenario === 'string' ? SCENARIOS.find(({ name }) => name === scenario) : scenario
  if (found === undefined) throw new Error(`there is no scenario ${scenario}`)
  return { scenario: found, profile, bugs, without: new Set() }
}

export interface SearchOptions {
  readonly schedules: number
  readonly strategies?: readonly string[]
  readonly seed?: number
  /** end with the first failure of that kind */
  readonly until?: Failure['kind']
  /** go on when something has been found (default: end) */
  readonly goOn?: boolean
}

/** A campaign; ends with the first failure unless it is to go on. */
export async function search(setup: Setup, options: SearchOptions): Promise<Explored> {
  const { schedules, strategies = ['random', 'pct:2', 'pct:3', 'pos', 'surw'], seed = 1, until, goOn = false } = options
  const isOver = ({ found }: Progress): boolean => {
    return !goOn && found.some(({ failure }) => until === undefined || failure.kind === until)
  }
  return await explore({ setup, seed, searches: strategies.map(searchNamed), schedules, isOver })
}
