import { expect } from 'vitest'
import { UsageError } from '#dist/src/index.js'
import type { KernelThread } from '#dist/src/machine/kthreads.js'
import { allTasks } from '#dist/src/vfs/tasks.js'
import { checkAtRest } from '#dist/stress/settle.js'
import { COUNT } from '#dist/test/modules/kthreads.js'
import { kernelModule, onEveryMachine, rejection } from '../support/machines.js'

const OPTIONS = { cpus: 3, seeds: 4, kthreads: 4, modules: [kernelModule('kthreads')] }

onEveryMachine(
  'a kernel thread does round after round until it is stopped, whatever its CPU does',
  OPTIONS,
  async (machine) => {
    const threads: KernelThread[] = []
    for (const cpu of [1, 2, undefined]) {
      threads.push(
        await machine.kthread({ function: 'kthread_round', args: [50], ...(cpu === undefined ? {} : { cpu }) }),
      )
    }
    for (const cpu of [1, 2]) await machine.offline(cpu)
    const before = threads.map((thread) => thread.counts()[COUNT.rounds]!)
    const goesOn = (n: number): boolean => threads[n]!.counts()[COUNT.rounds]! > before[n]!
    for (let looks = 0; looks < 1000 && ![0, 1, 2].every(goesOn); looks++) await machine.sleep(5e6)
    for (const n of threads.keys()) expect(goesOn(n)).toBe(true)
    const last = await Promise.all(threads.map((thread) => thread.stop()))
    await machine.sleep(1e6)
    expect(threads.map((thread) => thread.counts())).toEqual(last)
    for (const cpu of [1, 2]) await machine.online(cpu)
    expect((await checkAtRest(machine)).violations).toEqual([])
  },
)

onEveryMachine('it ends between two rounds, and may be told so more than once', OPTIONS, async (machine) => {
  const thread = await machine.kthread({ function: 'kthread_halves' })
  for (let n = 0; n < 1000 && thread.counts()[COUNT.begun] === 0; n++) await machine.sleep(300_000)
  const [counts, again] = await Promise.all([thread.stop(), thread.stop()])
  expect(again).toEqual(counts)
  expect(counts[COUNT.begun]).toBeGreaterThan(0)
  expect(counts[COUNT.ended]).toBe(counts[COUNT.begun])
})

onEveryMachine('its policy, its nice level, its name and its CPU are what was asked for', OPTIONS, async (machine) => {
  const common = { function: 'kthread_round', args: [100_000] }
  const fifo = await machine.kthread({ ...common, name: 'storm/1', policy: 'fifo', priority: 7, cpu: 2 })
  const nice = await machine.kthread({ ...common, nice: -5 })
  const views = allTasks(machine.memory, machine.now())
  const found = (name: string) => views.find(({ comm }) => comm === name)
  expect(found('storm/1')).toMatchObject({ policy: 1, rtPriority: 7, affinity: '2', cpu: 2, kernel: true })
  expect(found('kthread_round')).toMatchObject({ policy: 0, nice: -5, affinity: '0-2' })
  // Asleep for long: told to stop, they are woken.
  await Promise.all([fifo.stop(), nice.stop()])
})

onEveryMachine(
  'what makes no sense, and one too many, are refused in words',
  { ...OPTIONS, kthreads: 1, seeds: 1 },
  async (machine) => {
    const start = (options: object) => rejection(machine.kthread({ function: 'kthread_round', args: [50], ...options }))
    for (const [options, words] of [
      [{ policy: 'best' }, /policy is normal, fifo or rr, not best/],
      [{ priority: 5 }, /priority is for policy fifo and rr/],
      [{ policy: 'rr', priority: 100 }, /priority is a whole number from 1 to 99, not 100/],
      [{ nice: 20 }, /nice is a whole number from -20 to 19, not 20/],
      [{ cpu: 3 }, /cpu is a whole number from -1 to 2, not 3/],
      [{ args: [0.5] }, /args are up to 6 int32 numbers/],
      [{ name: 'a name that is too long' }, /1 to 15 characters/],
      [{ function: 'nobody' }, /no module of this machine has a function nobody/],
    ] as const) {
      const error = await start(options)
      expect(error).toBeInstanceOf(UsageError)
      expect((error as Error).message).toMatch(words)
    }
    await machine.offline(2)
    expect(await start({ cpu: 2 })).toMatchObject({ code: 'ENXIO' })
    const only = await machine.kthread({ function: 'kthread_round', args: [50] })
    expect(String(await start({}))).toMatch(/no room for another kernel thread/)
    await only.stop()
    await (await machine.kthread({ function: 'kthread_round', args: [50] })).stop()
  },
)
