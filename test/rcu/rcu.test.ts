// RCU: what a grace period waits for, and what it leaves alone.
import { afterEach, describe, expect, test } from 'vitest'
import { Machine, type MachineOptions } from '#dist/src/index.js'
import { checkInvariants } from '#dist/src/invariants/check.js'
import { RCU } from '#dist/src/memory/structs/rcu-state.js'
import { PERCPU } from '#dist/src/memory/structs.js'
import { VECTOR } from '#dist/src/ops/vectors.js'
import { checkAtRest, settle } from '#dist/stress/settle.js'
import { BY } from '#dist/test/modules/rcu.js'
import { testsMachine } from '../support/machines.js'

const MODULE = new URL('../../dist/test/modules/rcu.js', import.meta.url)
const KINDS = Object.entries(BY).slice(0, 2)

let machine: Machine
async function boot(options: Partial<MachineOptions> = {}): Promise<Machine> {
  machine = await Machine.boot({ cpus: 4, machine: 'deterministic', modules: [MODULE], ...options })
  return machine
}
afterEach(async () => await machine.shutdown())

const texts = (): string[] => machine.log.map(({ text }) => text)

describe('a grace period waits for', () => {
  describe.each(KINDS)('%s:', (_, by) => {
    test.each(['rcu_hold', 'rcu_preempt_off'])('whoever is in %s', async (name) => {
      await boot()
      const reader = machine.run(name, { cpu: 2, args: [30_000] })
      expect(await machine.run('rcu_wait', { cpu: 0, args: [by] })).toBe(1)
      await reader
      expect((await checkAtRest(machine)).violations).toEqual([])
    })

    test('a reader that has been preempted', async () => {
      await boot()
      const reader = machine.run('rcu_hold', { cpu: 2, args: [30_000] })
      const others = [1, 2].map(() => machine.run('rcu_spin', { cpu: 2, args: [60_000] }))
      expect(await machine.run('rcu_wait', { cpu: 0, args: [by] })).toBe(1)
      await Promise.all([reader, ...others])
      expect((await checkAtRest(machine)).violations).toEqual([])
    })
  })
})

describe('an idle CPU', () => {
  test('is not interrupted for an expedited grace period', async () => {
    await boot({ cpus: 20 })
    await settle(machine)
    const taken = (): number[] =>
      Array.from({ length: 20 }, (_, cpu) =>
        machine.memory.get(machine.memory.percpu(cpu) + PERCPU.interrupts + VECTOR.callFunction),
      )
    const before = taken()
    await machine.run('rcu_synchronize', { cpu: 0, args: [BY.expedited, 10] })
    expect(taken()).toEqual(before)
  })

  test.each(KINDS)('has nothing to do when a %s grace period is over', async (_, by) => {
    await boot()
    await machine.run('rcu_synchronize', { cpu: 0, args: [by, 3] })
    await settle(machine)
    expect(machine.step(1000)).toBe(0)
    expect(checkInvariants(machine).violations).toEqual([])
  })

  test('that is dead is not waited for', async () => {
    await boot()
    await machine.offline(1)
    await machine.offline(3)
    await machine.run('rcu_synchronize', { cpu: 2, args: [BY.normal, 2] })
    await machine.run('rcu_synchronize', { cpu: 2, args: [BY.expedited, 2] })
    const { rcu } = machine.memory
    expect(machine.memory.get(rcu + RCU.gpSeq)).toBe(8)
  })
})

describe('callbacks', () => {
  test.each([1, 10, 60])('are called in their order, %i of them', async (count) => {
    await boot()
    expect(await machine.run('rcu_calls', { cpu: 1, args: [count] })).toBe(count)
    expect(texts()).toEqual([])
  })

  test.runIf(testsMachine('threads'))('are called on threads, while CPUs come and go', async () => {
    await boot({ machine: 'threads', workers: 2 })
    const cycles = (async () => {
      for (let n = 0; n < 10; n++) {
        await machine.offline(1)
        await machine.online(1)
      }
    })()
    expect(await machine.run('rcu_calls', { cpu: 2, args: [40] })).toBe(40)
    await cycles
    expect((await checkAtRest(machine)).violations).toEqual([])
  })
})

describe('whoever sleeps in a read side', () => {
  test('is told so', async () => {
    await boot()
    await machine.run('rcu_sleep_inside', { cpu: 1 })
    expect(texts().join('\n')).toMatch(/Voluntary context switch within RCU read-side critical section!/)
  })
})

describe('a grace period that does not end', () => {
  test.each([
    ['the CPU', 'rcu_preempt_off', 30e6, /^rcu: \t2-\.\.\.: fqs=\d+$/],
    ['the task', 'rcu_hold', 15e6, /^rcu: \tTasks blocked on level-0 rcu_node \(CPUs 0-3\): P\d+$/],
  ])('normal: is said to stall after 21 s, with %s that it waits for', async (_, name, us, says) => {
    await boot()
    const reader = machine.run(name, { cpu: 2, args: [us] })
    expect(await machine.run('rcu_wait', { cpu: 0, args: [BY.normal] })).toBe(1)
    await reader
    const [first, who, , ...rest] = machine.log
    expect(first?.text).toBe('rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:')
    expect(who?.text).toMatch(says)
    expect(first!.timeNs).toBeGreaterThan(21e9)
    expect(first!.timeNs).toBeLessThan(21.1e9)
    expect(rest).toEqual([])
  })

  test('expedited: likewise', async () => {
    await boot()
    const reader = machine.run('rcu_hold', { cpu: 2, args: [15e6] })
    expect(await machine.run('rcu_wait', { cpu: 0, args: [BY.expedited] })).toBe(1)
    await reader
    expect(texts()).toEqual([
      expect.stringMatching(
        /^rcu: INFO: rcu_preempt detected expedited stalls on CPUs\/tasks: \{ 2-\.\.\. \} 52\d\d jiffies s: 1$/,
      ),
    ])
  })
})

test.each(['deterministic', 'threads'] as const)('a machine with normal grace periods only (%s)', async (kind) => {
  await boot({ machine: kind, rcuExpedited: false, ...(kind === 'threads' ? { workers: 2 } : {}) })
  for (const cpu of [1, 2, 1]) {
    await machine.offline(cpu)
    await machine.online(cpu)
  }
  expect(machine.memory.get(machine.memory.rcu + RCU.gpSeq)).toBe(12)
  expect(machine.memory.get(machine.memory.rcu + RCU.expSequence)).toBe(0)
  expect((await checkAtRest(machine)).violations).toEqual([])
})

test('an expedited grace period asks all CPUs at once: one that does not listen does not keep those of other nodes waiting', async () => {
  await boot({ cpus: 40 })
  const deaf = machine.run('rcu_irq_off', { cpu: 1, args: [5000] })
  const other = machine.run('rcu_spin', { cpu: 20, args: [20_000] })
  const begun = machine.now()
  expect(await machine.run('rcu_wait', { cpu: 0, args: [BY.expedited] })).toBe(1)
  await Promise.all([deaf, other])
  const asked = machine
    .trace()
    .find(
      ({ event, cpu, a, timeNs }) => event === 'irq_entry' && cpu === 20 && a === VECTOR.callFunction && timeNs > begun,
    )
  expect(asked!.timeNs - begun).toBeLessThan(1e6)
})
