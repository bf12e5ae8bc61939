// CFS bandwidth: a group gets its quota, not more, and not less while it wants it; on CPUs that go and come too.
import { describe, expect, test } from 'vitest'
import { Machine, type Task } from '#dist/src/index.js'
import { checkStopped } from '#dist/src/invariants/check.js'
import type { TaskGroup } from '#dist/src/machine/groups.js'
import { CFS_RQ } from '#dist/src/memory/structs/task-groups.js'
import { TASK } from '#dist/src/memory/structs.js'
import { checkAtRest } from '#dist/stress/settle.js'
import { onEveryMachine } from '../support/machines.js'

const MS = 1e6
const QUOTA_MS = 20
const PERIOD_MS = 100
/** A CPU finds out at its tick that it has run too long, and keeps up to a slice. */
const SLACK_MS = 4 * (4 + 5)

/** How long the first `count` tasks have run, ms. */
function ranMs({ memory }: Machine, count: number): number {
  let ns = 0
  for (let n = 0; n < count; n++) ns += memory.getTime(memory.userTask(n) + TASK.sumExec)
  return ns / MS
}

async function wrongOf(tasks: readonly Task[]): Promise<string[]> {
  const results = await Promise.all(tasks.map(({ result }) => result))
  return results.filter((result, n) => result !== tasks[n]!.expected)
}

/** Three tasks in a group compute while CPUs go down and come up. */
async function groupAndCycles(machine: Machine): Promise<TaskGroup> {
  const group = await machine.createGroup({ quotaUs: QUOTA_MS * 1000, periodUs: PERIOD_MS * 1000 })
  const tasks: Task[] = []
  for (const seed of [1, 2, 3]) tasks.push(await machine.spawn({ workload: 'sha256', work: 8000, seed, group }))
  const cycles = (async () => {
    for (const cpu of [1, 2, 3]) {
      await machine.sleep(30 * MS)
      await machine.offline(cpu)
      expect((await machine.freeze(() => checkStopped(machine))).violations).toEqual([])
      await machine.online(cpu)
    }
  })()
  expect(await wrongOf(tasks)).toEqual([])
  await cycles
  const { nr_periods, nr_throttled, throttled_usec } = group.stat
  expect(nr_periods).toBeGreaterThan(0)
  expect(nr_throttled).toBeGreaterThan(0)
  expect(nr_throttled).toBeLessThanOrEqual(nr_periods)
  expect(throttled_usec).toBeGreaterThan(0)
  return group
}

onEveryMachine('a group is throttled, and let go, on CPUs that go and come', { cpus: 4 }, async (machine) => {
  const group = await groupAndCycles(machine)
  await group.destroy()
  // Its period timer goes on for a while.
  expect((await checkAtRest(machine)).violations).toEqual([])
})

describe('on the deterministic machine', () => {
  const boot = (cpus: number): Promise<Machine> => Machine.boot({ cpus, machine: 'deterministic', seed: 5 })

  test('a group runs for its quota in each period, wherever its tasks are', async () => {
    const machine = await boot(4)
    const { nr_periods } = (await groupAndCycles(machine)).stat
    expect(ranMs(machine, 3)).toBeLessThanOrEqual((nr_periods + 1) * QUOTA_MS + SLACK_MS)
    await machine.shutdown()
  })

  test('what a CPU owes when it goes down is let off, and counted; a new group begins with nothing', async () => {
    const machine = await boot(2)
    const { memory } = machine
    const group = await machine.createGroup({ quotaUs: 1000, periodUs: 1_000_000 })
    const cfs = memory.cfsRq(group.number, 1)
    const task = await machine.spawn({ workload: 'sha256', work: 20_000, group })
    await task.setAffinity('1')
    await machine.sleep(50 * MS)
    const owed = -memory.getTime(cfs + CFS_RQ.runtimeRemaining)
    expect(owed).toBeGreaterThan(0)
    await machine.offline(1)
    expect(memory.getTime(cfs + CFS_RQ.letOff)).toBe(owed)
    expect(memory.getTime(cfs + CFS_RQ.runtimeRemaining)).toBeGreaterThanOrEqual(0)
    await task.kill()
    await Promise.allSettled([task.result])
    await machine.sleep(1500 * MS)
    expect(group.stat.nr_periods).toBeGreaterThan(0)
    const { number } = group
    await group.destroy()
    const next = await machine.createGroup({ quotaUs: null })
    expect(next.number).toBe(number)
    expect(next.stat).toMatchObject({ nr_periods: 0, nr_throttled: 0, throttled_usec: 0 })
    expect(memory.getTime(cfs + CFS_RQ.letOff)).toBe(0)
    await machine.shutdown()
  })

  test('a group that always wants to run gets all of its quota', async () => {
    const machine = await boot(2)
    const group = await machine.createGroup({ quotaUs: 30_000, periodUs: 100_000 })
    const tasks = [
      await machine.spawn({ workload: 'sha256', work: 20_000, group }),
      await machine.spawn({ workload: 'sha256', work: 20_000, seed: 2, group }),
    ]
    await machine.sleep(700 * MS)
    const ran = ranMs(machine, 2)
    expect(ran).toBeGreaterThanOrEqual(0.9 * 7 * 30)
    expect(ran).toBeLessThanOrEqual(8 * 30 + SLACK_MS)
    for (const task of tasks) await task.kill()
    await Promise.allSettled(tasks.map(({ result }) => result))
    await machine.shutdown()
  })

  test('a limit that is lifted lets everybody go, one that is set holds at once', async () => {
    const machine = await boot(2)
    const group = await machine.createGroup({ quotaUs: 1000, periodUs: 1_000_000 })
    const task = await machine.spawn({ workload: 'sha256', work: 4000, group })
    await machine.sleep(100 * MS)
    const before = ranMs(machine, 1)
    expect(before).toBeLessThanOrEqual(1 + SLACK_MS)
    await machine.sleep(100 * MS)
    expect(ranMs(machine, 1)).toBe(before)
    await group.setLimit({ quotaUs: null })
    expect(await wrongOf([task])).toEqual([])
    await machine.shutdown()
  })

  test('what is in no group is not held up beside one that is', async () => {
    const machine = await boot(1)
    const group = await machine.createGroup({ quotaUs: 1000, periodUs: 1_000_000 })
    const limited = await machine.spawn({ workload: 'sha256', work: 100_000, group })
    const free = await machine.spawn({ workload: 'sha256', work: 4000, seed: 2 })
    expect(await wrongOf([free])).toEqual([])
    expect(ranMs(machine, 1)).toBeLessThanOrEqual(1 + SLACK_MS)
    await limited.kill()
    await limited.result.catch(() => 'killed')
    await machine.shutdown()
  })

  test('there is room for 31 groups, and a limit makes sense', async () => {
    const machine = await boot(1)
    const groups = []
    for (let n = 0; n < 31; n++) groups.push(await machine.createGroup({ quotaUs: null }))
    await expect(machine.createGroup({ quotaUs: null })).rejects.toMatchObject({ code: 'ENOSPC' })
    await groups[7]!.destroy()
    expect((await machine.createGroup({ quotaUs: 5000 })).number).toBe(groups[7]!.number)
    await expect(machine.createGroup({ quotaUs: 10 })).rejects.toThrow(/^quotaUs is a whole number of us from 1000 to/)
    await expect(groups[0]!.setLimit({ quotaUs: 1000, periodUs: 0 })).rejects.toThrow(/^periodUs is a whole number/)
    await machine.shutdown()
  })
})
