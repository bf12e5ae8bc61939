import { expect } from 'vitest'
import { UsageError } from '#dist/src/index.js'
import { onEveryMachine, rejection } from '../support/machines.js'

onEveryMachine(
  'time passes as long as it is asked to, also on a CPU that goes down',
  { cpus: 3, seeds: 4 },
  async (machine) => {
    const clock = (): number => machine.counters().timeNs ?? performance.now() * 1e6
    const begin = clock()
    const sleeps = [1, 3, 5, 7].map((ms) => machine.sleep(ms * 1e6).then(() => clock() - begin))
    await machine.offline(1)
    await machine.offline(2)
    await machine.online(1)
    const slept = await Promise.all(sleeps)
    for (const [n, ns] of slept.entries()) expect(ns).toBeGreaterThanOrEqual([1, 3, 5, 7][n]! * 1e6)
    expect(await rejection(machine.sleep(-1))).toBeInstanceOf(UsageError)
  },
)

onEveryMachine(
  'one that waits for time to pass is no hang',
  { cpus: 2, seeds: 2, watchdog: { requestMs: 150 } },
  async (machine) => {
    await machine.sleep(400e6)
    await machine.offline(1)
  },
)
