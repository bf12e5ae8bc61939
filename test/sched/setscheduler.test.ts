// Policies that change while tasks run, priorities that are lent, and FIFO tasks that are pushed to other CPUs.
import { expect, test } from 'vitest'
import type { Machine, Task } from '#dist/src/index.js'
import { TASK } from '#dist/src/memory/structs.js'
import { POLICY } from '#dist/src/sched/task.js'
import { kernelModule, onDeterministic, onEveryMachine } from '../support/machines.js'

const MS = 1e6
const spin = { workload: 'sieve', work: 2 ** 31 - 1 } as const

/** Gives the n-th user task another policy; answers what the kernel said. */
async function set(machine: Machine, n: number, policy: number, value: number): Promise<number> {
  return await machine.run('sched_set', { cpu: 0, args: [n, policy * 256 + (value + 20)] })
}

/** How much of a time each of the first `count` user tasks runs. */
async function shares(machine: Machine, count: number, ms: number): Promise<number[]> {
  const { memory } = machine
  const times = () => Array.from({ length: count }, (_, n) => memory.getTime(memory.userTask(n) + TASK.sumExec))
  const before = times()
  await machine.sleep(ms * MS)
  return times().map((time, n) => (time - before[n]!) / (ms * MS))
}

test('a running task that becomes FIFO has the CPU, one that becomes normal again shares it', async () => {
  await onDeterministic({ cpus: 2, seed: 1, modules: [kernelModule('sched')] }, async (machine) => {
    for (let n = 0; n < 2; n++) await machine.spawn({ ...spin, affinity: '1' })
    expect(await set(machine, 1, POLICY.fifo, 10)).toBe(0)
    const [first, second] = await shares(machine, 2, 400)
    expect(second).toBeGreaterThan(0.95)
    expect(first).toBeLessThan(0.05)
    await set(machine, 1, POLICY.normal, 0)
    for (const share of await shares(machine, 2, 400)) expect(Math.abs(share - 0.5)).toBeLessThan(0.1)
    // Three quarters of the weight, by nice.
    await set(machine, 0, POLICY.normal, 5)
    const [light, heavy] = await shares(machine, 2, 600)
    expect(Math.abs(light! / (light! + heavy!) - 335 / (335 + 1024))).toBeLessThan(0.05)
  })
})

test('a priority that is lent counts as long as it is', async () => {
  await onDeterministic({ cpus: 2, seed: 2, modules: [kernelModule('sched')] }, async (machine) => {
    await machine.spawn({ ...spin, affinity: '1' })
    await machine.spawn({ ...spin, affinity: '1', policy: 'fifo', priority: 10 })
    const lend = (level: number) => machine.run('sched_lend', { cpu: 0, args: [0, level] })
    await lend(20)
    expect((await shares(machine, 2, 300))[0]).toBeGreaterThan(0.95)
    await lend(0)
    expect((await shares(machine, 2, 300))[1]).toBeGreaterThan(0.9)
  })
})

test('a FIFO task that waits behind another one is pushed to a CPU that runs none', async () => {
  await onDeterministic({ cpus: 3, seed: 3, modules: [kernelModule('sched')] }, async (machine) => {
    // The third one stands for what has to make room when a FIFO task comes.
    const tasks: Task[] = []
    for (const affinity of ['1', '1', '2']) tasks.push(await machine.spawn({ ...spin, affinity }))
    for (const n of [0, 1]) await set(machine, n, POLICY.fifo, 10)
    for (const task of tasks.slice(0, 2)) await task.setAffinity('1-2')
    const [first, second, third] = await shares(machine, 3, 400)
    expect(Math.min(first!, second!)).toBeGreaterThan(0.9)
    expect(third).toBeLessThan(0.1)
  })
})

test('who has ended has no policy any more, and a stopper keeps its own', async () => {
  await onDeterministic({ cpus: 2, seed: 4, modules: [kernelModule('sched')] }, async (machine) => {
    const task = await machine.spawn({ workload: 'sieve', work: 1 })
    await task.result
    expect(await set(machine, 0, POLICY.fifo, 1)).toBe(-3)
    expect(await machine.run('sched_set_stopper', { cpu: 0, args: [1] })).toBe(-22)
  })
})

onEveryMachine(
  'tasks compute what they should while their policies change and CPUs go',
  { cpus: 3, modules: [kernelModule('sched')], seeds: 4, timeoutMs: 120_000 },
  async (machine) => {
    const tasks: Task[] = []
    for (let seed = 1; seed <= 4; seed++) tasks.push(await machine.spawn({ workload: 'sha256', work: 1000, seed }))
    const changes = async (): Promise<void> => {
      for (let n = 0; n < 24; n++) await set(machine, n % 4, n % 3 === 0 ? POLICY.fifo : POLICY.normal, 1 + (n % 5))
    }
    const cycles = async (): Promise<void> => {
      for (let n = 0; n < 4; n++) {
        await machine.offline(1 + (n % 2))
        await machine.online(1 + (n % 2))
      }
    }
    await Promise.all([changes(), cycles()])
    for (const task of tasks) expect(await task.result).toBe(task.expected)
  },
)
