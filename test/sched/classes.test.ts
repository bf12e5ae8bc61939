// Scheduling classes as user tasks feel them, mostly in virtual time, where shares are exact.
import { expect, test } from 'vitest'
import type { Machine, Task } from '#dist/src/index.js'
import { TASK } from '#dist/src/memory/structs.js'
import { onDeterministic, onEveryMachine } from '../support/machines.js'

const FOREVER = 2 ** 31 - 1
const MS = 1e6

/** How long each process's first task has run, ns of the machine's time. */
async function ran(machine: Machine, tasks: readonly Task[], ns: number): Promise<number[]> {
  const { memory } = machine
  const of = (pid: number): number => {
    for (let n = 0; n < memory.layout.config.tasks; n++) {
      const task = memory.userTask(n)
      if (memory.get(task + TASK.pid) === pid) return memory.getTime(task + TASK.sumExec)
    }
    throw new Error(`no task ${pid}`)
  }
  const before = tasks.map((task) => of(task.pids[0]!))
  await machine.sleep(ns)
  return tasks.map((task, n) => of(task.pids[0]!) - before[n]!)
}

const spin = { workload: 'sieve', work: FOREVER, affinity: '1' } as const

test('tasks of one CPU share it by their weights', async () => {
  await onDeterministic({ cpus: 2, seed: 3 }, async (machine) => {
    const tasks: Task[] = []
    for (const nice of [0, 0, 5, -5]) tasks.push(await machine.spawn({ ...spin, nice }))
    const times = await ran(machine, tasks, 600 * MS)
    const sum = times.reduce((a, b) => a + b)
    const weights = [1024, 1024, 335, 3121]
    const total = weights.reduce((a, b) => a + b)
    // Within a tick or two of slices of 12 ms.
    for (const [n, time] of times.entries()) expect(Math.abs(time / sum - weights[n]! / total)).toBeLessThan(0.03)
    expect(sum).toBeGreaterThan(0.97 * 600 * MS)
  })
})

test('RR tasks of a priority take turns of 100 ms, FIFO tasks do not', async () => {
  await onDeterministic({ cpus: 2, seed: 4 }, async (machine) => {
    const rr = [await machine.spawn({ ...spin, policy: 'rr', priority: 10 })]
    rr.push(await machine.spawn({ ...spin, policy: 'rr', priority: 10 }))
    const [first, second] = await ran(machine, rr, 400 * MS)
    expect(Math.abs(first! - second!)).toBeLessThanOrEqual(110 * MS)
    expect(Math.min(first!, second!)).toBeGreaterThan(90 * MS)
    for (const task of rr) await task.kill()
    const fifo = [await machine.spawn({ ...spin, policy: 'fifo', priority: 10 })]
    fifo.push(await machine.spawn({ ...spin, policy: 'fifo', priority: 10 }))
    const times = await ran(machine, fifo, 400 * MS)
    expect(Math.min(...times)).toBe(0)
  })
})

test('FIFO tasks are held up after 950 ms of each second, so that others run, and that is logged once', async () => {
  await onDeterministic({ cpus: 2, seed: 5 }, async (machine) => {
    const ordinary = await machine.spawn(spin)
    const fifo = await machine.spawn({ ...spin, policy: 'fifo', priority: 50 })
    const [low, high] = await ran(machine, [ordinary, fifo], 4000 * MS)
    expect(high! / (low! + high!)).toBeGreaterThan(0.93)
    expect(high! / (low! + high!)).toBeLessThan(0.97)
    const said = machine.log.filter(({ text }) => text === 'sched: RT throttling activated')
    expect(said).toHaveLength(1)
  })
})

test('a SCHED_FIFO loop holds an offline up until throttling opens a window, and then another where it was pushed to', async () => {
  await onDeterministic({ cpus: 4, seed: 6 }, async (machine) => {
    await machine.spawn({ ...spin, affinity: '3', policy: 'fifo', priority: 50 })
    await machine.sleep(20 * MS)
    const before = machine.counters().timeNs!
    await machine.offline(3)
    const ms = (machine.counters().timeNs! - before) / MS
    // As a real 6.1 did: one window on the CPU that goes, and one on CPU 0, where the operation is controlled.
    expect(ms).toBeGreaterThan(900)
    expect(ms).toBeLessThan(2100)
  })
})

test('an idle CPU does not tick: nothing happens on it, however long one waits', async () => {
  await onDeterministic({ cpus: 4, seed: 7 }, async (machine) => {
    await machine.sleep(50 * MS)
    const before = machine.counters().operations!
    await machine.sleep(10_000 * MS)
    expect(machine.counters().operations! - before).toBeLessThan(400)
  })
})

onEveryMachine('tasks that nobody pins spread over the CPUs', { cpus: 4, seeds: 4 }, async (machine) => {
  const tasks: Task[] = []
  for (let n = 0; n < 4; n++) tasks.push(await machine.spawn({ workload: 'sieve', work: FOREVER, seed: n }))
  for (let n = 0; new Set(tasks.flatMap((task) => task.cpus())).size < 4; n++) {
    expect(n).toBeLessThan(500)
    await machine.sleep(MS)
  }
  for (const task of tasks) await task.kill()
})

onEveryMachine(
  'a machine that is frozen stands still while it is looked at',
  { cpus: 3, seeds: 3 },
  async (machine) => {
    const task = await machine.spawn({ workload: 'sieve', work: FOREVER })
    const words = (): Int32Array => machine.memory.words.slice(machine.memory.layout.user.base)
    const [one, other] = await machine.freeze(() => {
      const seen = words()
      for (const end = performance.now() + 5; performance.now() < end; ) {}
      return [seen, words()] as const
    })
    expect(Buffer.compare(Buffer.from(one.buffer), Buffer.from(other.buffer))).toBe(0)
    await expect(
      machine.freeze(() => {
        throw new Error('seen enough')
      }),
    ).rejects.toThrow('seen enough')
    await machine.offline(1)
    await task.kill()
  },
)
