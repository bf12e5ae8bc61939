// RCU where stores are seen late: what its litmus tests say never happens does not happen with store buffers either.
import { describe, expect, test } from 'vitest'
import { Machine } from '#dist/src/index.js'
import { loadLitmus } from '../support/litmus.js'
import { testsMachine } from '../support/machines.js'

const NEVER = ['rcu-message-passing', 'rcu-deferred-free', 'rcu-grace-period-splits-reader']
const SCHEDULES = 40
const ROUNDS = 4

describe.runIf(testsMachine('deterministic')).each(['tso', 'pso'] as const)('with %s', (memoryModel) => {
  test.each(NEVER)('%s: never', { timeout: 60_000 }, async (name) => {
    const litmus = await loadLitmus(name)
    let seen = 0
    for (let seed = 1; seed <= SCHEDULES; seed++) {
      const machine = await Machine.boot({
        machine: 'deterministic',
        cpus: litmus.cpus,
        modules: [litmus.module],
        memoryModel,
        seed,
      })
      const roles = Array.from({ length: litmus.cpus }, (_, cpu) => machine.run('litmus', { cpu, args: [cpu, ROUNDS] }))
      seen += (await Promise.all(roles))[0]!
      await machine.shutdown()
    }
    expect(seen).toBe(0)
  })
})
