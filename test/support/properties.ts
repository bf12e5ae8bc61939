// How properties that boot machines are tried: the same cases every time, so that what passes once passes always.
// CPUHP_TEST_RUNS tries that many of them, CPUHP_TEST_SEED others. A failure prints fast-check's seed and path.
import type { Parameters } from 'fast-check'

export function tries(runs: number): Parameters<unknown> {
  const { CPUHP_TEST_RUNS, CPUHP_TEST_SEED } = process.env
  return { numRuns: Number(CPUHP_TEST_RUNS ?? runs), seed: Number(CPUHP_TEST_SEED ?? 61) }
}
