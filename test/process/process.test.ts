// User processes: what they compute does not depend on where they run, nor on the CPUs that go and come meanwhile.
import { describe, expect, test } from 'vitest'
import { KernelError, type Machine, TaskFault, TaskKilled, UsageError } from '#dist/src/index.js'
import { onEveryMachine, rejection } from '../support/machines.js'

const FIXTURES = new URL('../fixtures/', import.meta.url)
const workload = (name: string): string => new URL(`${name}.mjs`, FIXTURES).href

onEveryMachine(
  'a task whose only CPU goes away computes what it would have computed',
  { cpus: 3, seeds: 6 },
  async (machine) => {
    const task = await machine.spawn({ workload: 'sha256', work: 3000, affinity: '1' })
    expect([task.affinity(), task.cpus()]).toEqual(['1', [1]])
    await machine.offline(1)
    if (!task.ended) expect(task.affinity()).toBe('0-2')
    expect(await task.result).toBe(task.expected)
    expect(task.cpus()[0]).not.toBe(1)
    const log = machine.log.map(({ text }) => text)
    if (task.migrations() > 0) {
      await expect
        .poll(() => machine.log.map(({ text }) => text))
        .toContain(`process ${task.pids[0]} (sha256) no longer affine to cpu1`)
    }
    expect(log.every((text) => !text.startsWith('WARNING'))).toBe(true)
  },
)

onEveryMachine(
  'every workload comes to its result while CPUs go down and come back',
  { cpus: 4, seeds: 3, tasks: 64, userMemory: 16 * 2 ** 20, timeoutMs: 60_000 },
  async (machine, { seed }) => {
    const small: Record<string, number> = { counter: 30, 'ping-pong': 60, sleeper: 8 }
    const tasks = []
    for (const { name } of machine.workloads) {
      for (const affinity of ['0-3', '1-2', '2'] as const) {
        tasks.push(
          await machine.spawn({ workload: name, work: small[name] ?? 400, seed: seed + tasks.length, affinity }),
        )
      }
    }
    for (let round = 0; tasks.some((task) => !task.ended) && round < 200; round++) {
      for (const cpu of [2, 1, 3]) {
        await machine.offline(cpu)
        await machine.online(cpu)
      }
    }
    for (const task of tasks) expect([task.workload, await task.result]).toEqual([task.workload, task.expected])
  },
)

onEveryMachine('tasks change the CPUs that they may use', { cpus: 4, seeds: 5 }, async (machine) => {
  const task = await machine.spawn({ workload: 'sieve', work: 2 ** 31 - 1, affinity: '1' })
  for (const [affinity, allowed] of [
    ['2', [2]],
    ['1,3', [1, 3]],
    ['0', [0]],
  ] as const) {
    await task.setAffinity(affinity)
    await machine.sleep(3e6)
    expect(task.affinity()).toBe(affinity)
    expect(allowed).toContain(task.cpus()[0])
  }
  await machine.offline(3)
  expect(await rejection(task.setAffinity('3'))).toMatchObject({ code: 'EINVAL' })
  expect(await rejection(task.setAffinity('9'))).toMatchObject({ code: 'EINVAL' })
  expect(task.affinity()).toBe('0')
  await task.kill()
  expect(await rejection(task.result)).toBeInstanceOf(TaskKilled)
  expect(await rejection(task.kill())).toMatchObject({ code: 'ESRCH' })
})

onEveryMachine(
  'a CPU that comes back has work soon, taken from the busy ones',
  { cpus: 3, seeds: 5 },
  async (machine) => {
    const tasks = []
    for (let n = 0; n < 6; n++) tasks.push(await machine.spawn({ workload: 'sieve', work: 2 ** 31 - 1, seed: n }))
    await machine.offline(2)
    expect(tasks.flatMap((task) => task.cpus())).not.toContain(2)
    await machine.online(2)
    const limit = 200
    for (let n = 0; !tasks.some((task) => task.cpus().includes(2)); n++) {
      expect(n).toBeLessThan(limit)
      await machine.sleep(1e6)
    }
    for (const task of tasks) await task.kill()
    for (const task of tasks) expect(await rejection(task.result)).toBeInstanceOf(TaskKilled)
  },
)

onEveryMachine(
  'a task that throws fails by name, with the others of its process, and the machine goes on',
  { cpus: 2, seeds: 4, workloads: [workload('throws')] },
  async (machine) => {
    const other = await machine.spawn({ workload: 'sha256', work: 500 })
    const task = await machine.spawn({ workload: 'throws', work: 20 })
    const error = await rejection(task.result)
    expect(error).toBeInstanceOf(TaskFault)
    expect((error as Error).message).toMatch(/^task \d+ \(throws\) has failed: Error: no more of this$/)
    expect(await other.result).toBe(other.expected)
    await machine.offline(1)
    expect(await machine.read('online')).toBe('0')
  },
)

onEveryMachine(
  'sections in which a task may not change CPU hold a CPU up, and are not broken',
  { cpus: 3, seeds: 5, workloads: [workload('stays')] },
  async (machine) => {
    const task = await machine.spawn({ workload: 'stays', work: 300, affinity: '1-2' })
    for (let n = 0; n < 4; n++) {
      await machine.offline(1)
      await machine.online(1)
    }
    expect(await task.result).toBe(task.expected)
  },
)

describe('a process that can not be', () => {
  const boot = async (body: (machine: Machine) => Promise<void>): Promise<void> => {
    const { Machine } = await import('#dist/src/index.js')
    const machine = await Machine.boot({ cpus: 2, machine: 'deterministic', tasks: 5, userMemory: 65_536 })
    try {
      await body(machine)
    } finally {
      await machine.shutdown()
    }
  }

  test('is refused in words that say what is allowed', async () => {
    await boot(async (machine) => {
      const problem = async (options: Record<string, unknown>): Promise<string> => {
        const error = await rejection(machine.spawn({ workload: 'sha256', ...options }))
        expect(error).toBeInstanceOf(UsageError)
        return (error as Error).message
      }
      expect(await problem({ workload: 'nonsense' })).toMatch(
        /^there is no workload nonsense; this machine has sha256,/,
      )
      expect(await problem({ work: 0 })).toBe('work is a whole number from 1 to 2147483647, not 0')
      expect(await problem({ nice: 20 })).toBe('nice is a whole number from -20 to 19, not 20')
      expect(await problem({ policy: 'fast' })).toBe('policy is normal, fifo or rr, not fast')
      expect(await problem({ policy: 'fifo', priority: 100 })).toMatch(/^priority is a whole number from 1 to 99/)
      expect(await problem({ affinity: '1-' })).toMatch(/'1-'/)
    })
  })

  test('for want of an active CPU, of task structs, or of memory, says which', async () => {
    await boot(async (machine) => {
      const code = async (options: Record<string, unknown>): Promise<string> => {
        const error = await rejection(machine.spawn({ workload: 'sha256', work: 1_000_000_000, ...options }))
        expect(error).toBeInstanceOf(KernelError)
        return (error as KernelError).code
      }
      await machine.offline(1)
      expect(await code({ affinity: '1' })).toBe('EINVAL')
      expect(await code({ workload: 'chase' })).toBe('ENOMEM')
      const tasks = [await machine.spawn({ workload: 'counter', work: 1_000_000 })]
      expect(await code({ workload: 'ping-pong' })).toBe('EAGAIN')
      tasks.push(await machine.spawn({ workload: 'sha256', work: 1_000_000_000 }))
      expect(await code({})).toBe('EAGAIN')
      // What has ended leaves its room to others.
      for (const task of tasks) await task.kill()
      for (const task of tasks) expect(await rejection(task.result)).toBeInstanceOf(TaskKilled)
      const last = await machine.spawn({ workload: 'counter', work: 10 })
      expect(await last.result).toBe('40')
    })
  })
})
