// How often a busy run looks at its machine, and that it ends when it is to.
import { expect, test } from 'vitest'
import { runBusy } from '#dist/stress/busy/busy.js'

/** How often an invariant that holds of busy machines was checked in a short run. */
async function checksOf(checkIntervalNs: number): Promise<number> {
  const options = { machine: 'deterministic', cpus: 3, tasks: 6, seed: 1, durationNs: 120e6 } as const
  const { outcome, checked } = await runBusy({ ...options, checkIntervalNs })
  expect(outcome).toBe('success')
  return checked['masks-nest']!
}

test('a run is checked as often as it is told, and does not wait for a check that is due after its end', async () => {
  // At its end it is checked at rest, whatever the interval.
  expect(await checksOf(3600e9)).toBe(1)
  const [often, seldom] = [await checksOf(1e6), await checksOf(30e6)]
  expect(seldom).toBeGreaterThan(1)
  // A look that has to wait behind the tasks makes the next one late: in some orders one in three comes to pass.
  expect(often).toBeGreaterThan(2 * seldom)
})
