// Task structs are used again as soon as a process has ended, while others may still be looking at the task that was there.
import { expect } from 'vitest'
import { KernelError, type Machine } from '#dist/src/index.js'
import { onEveryMachine } from '../support/machines.js'

/** Starts one process after the other, and changes the affinity of each while it ends. */
async function chain(machine: Machine, rounds: number): Promise<void> {
  const asked: Promise<void>[] = []
  for (let round = 0; round < rounds; round++) {
    const task = await machine.spawn({ workload: 'counter', work: 2, seed: round })
    const changes = ['1', '0-2', '2'].map((cpus) =>
      task.setAffinity(cpus).catch((error: unknown) => {
        if (!(error instanceof KernelError && error.code === 'ESRCH')) throw error
      }),
    )
    expect(await task.result).toBe('8')
    // The next one has the same structs; what was asked of the last one may still be under way.
    if (round % 3 === 0) await Promise.all(changes)
    asked.push(...changes)
  }
  await Promise.all(asked)
}

onEveryMachine(
  'a request for a process that ends does not meet the one that comes after it',
  { cpus: 3, seeds: 30, tasks: 8, timeoutMs: 60_000 },
  async (machine) => {
    await Promise.all([chain(machine, 25), chain(machine, 25)])
  },
)
