// Isolated CPUs: nothing is balanced onto them or off them, and one CPU at least is left that is none of them.
import { expect, test } from 'vitest'
import { Machine } from '#dist/src/index.js'
import { bitsOf } from '#dist/src/ops/mask.js'
import { onDeterministic, rejection } from '../support/machines.js'

const FOREVER = 2 ** 31 - 1
const MS = 1e6

test('tasks stay off isolated CPUs unless they ask for them, and those that do are not spread', async () => {
  await onDeterministic({ cpus: 4, isolated: '2-3', seed: 3 }, async (machine) => {
    const anywhere = await Promise.all(
      [1, 2, 3, 4].map((seed) => machine.spawn({ workload: 'sieve', work: FOREVER, seed })),
    )
    const asked = [5, 6].map((seed) => machine.spawn({ workload: 'sieve', work: FOREVER, seed, affinity: '2-3' }))
    const isolated = await Promise.all(asked)
    await machine.sleep(200 * MS)
    expect(anywhere.map((task) => task.affinity())).toEqual(['0-1', '0-1', '0-1', '0-1'])
    expect(anywhere.map((task) => task.cpus()[0]!).sort()).toEqual([0, 0, 1, 1])
    // Both were put onto the first CPU that they may use, and nobody takes one to the idle CPU beside it.
    expect(isolated.map((task) => task.cpus())).toEqual([[2], [2]])
    await machine.offline(2)
    expect(isolated.map((task) => task.cpus())).toEqual([[3], [3]])
    const ends = [...anywhere, ...isolated].map((task) => rejection(task.result))
    for (const task of [...anywhere, ...isolated]) await task.kill()
    await Promise.all(ends)
  })
})

test('the domain spans the active CPUs that are not isolated', async () => {
  await onDeterministic({ cpus: 4, isolated: '0,3' }, async (machine) => {
    const { memory } = machine
    expect([...bitsOf(memory, memory.domain)]).toEqual([1, 2])
    await machine.offline(2)
    expect([...bitsOf(memory, memory.domain)]).toEqual([1])
    expect(await rejection(machine.offline(1))).toMatchObject({ code: 'EBUSY' })
    await machine.suspend('core')
    expect(await machine.read('online')).toBe('0-1,3')
    await machine.online(2)
    expect([...bitsOf(memory, memory.domain)]).toEqual([1, 2])
  })
})

test('not all CPUs that come up at boot can be isolated', async () => {
  const boot = (isolated: string) => Machine.boot({ cpus: 4, maxcpus: 2, isolated, machine: 'deterministic' })
  expect(await rejection(boot('0-1'))).toMatchObject({
    message: "isolated has to leave out one at least of the CPUs that come up at boot, 0-1, not '0-1'",
  })
  expect(await rejection(boot('4'))).toMatchObject({ message: expect.stringMatching(/goes beyond the last CPU/) })
})
