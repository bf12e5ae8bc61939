import { expect, test } from 'vitest'
import type { Machine } from '#dist/src/index.js'
import { commOf } from '#dist/src/sched/task.js'
import { workersOf } from '#dist/src/workqueue/pool.js'
import { checkAtRest, settle } from '#dist/stress/settle.js'
import { AT, FITS } from '#dist/test/modules/works.js'
import { kernelModule, onEveryMachine } from '../support/machines.js'

const OPTIONS = { cpus: 3, modules: [kernelModule('works')], scratch: 1024 }

const word = ({ memory }: Machine, offset: number): number => memory.get(memory.scratch(offset))
const doer = (machine: Machine): string => commOf(machine.memory, word(machine, AT.task))

test('the structures of the module do not overlap', () => expect(FITS).toBe(true))

onEveryMachine('a work that is queued twice is done once', OPTIONS, async (machine) => {
  expect(await machine.run('works_twice', { cpu: 0 })).toBe(11)
})

onEveryMachine('one that queues itself is done again', OPTIONS, async (machine) => {
  expect(await machine.run('works_repeat', { cpu: 1, args: [20] })).toBe(20)
})

onEveryMachine(
  'work is done on its CPU, by one of its workers; elsewhere while that is down',
  OPTIONS,
  async (machine) => {
    await machine.run('works_on', { cpu: 0, args: [1] })
    expect([word(machine, AT.cpu), doer(machine)]).toEqual([1, expect.stringMatching(/^kworker\/1:\d$/)])
    await machine.offline(1)
    await machine.run('works_on', { cpu: 0, args: [1] })
    expect(word(machine, AT.cpu)).not.toBe(1)
    expect(doer(machine)).toMatch(/^kworker\/1:\d$/)
    await machine.online(1)
    await machine.run('works_on', { cpu: 0, args: [1] })
    expect([word(machine, AT.cpu), doer(machine)]).toEqual([1, expect.stringMatching(/^kworker\/1:\d$/)])
    await machine.run('works_on', { cpu: 2, args: [-1] })
    expect([word(machine, AT.cpu), doer(machine)]).toEqual([2, expect.stringMatching(/^kworker\/2:\d$/)])
    expect(word(machine, AT.done)).toBe(4)
  },
)

onEveryMachine(
  'work for a CPU that has never been up is done when it is',
  { ...OPTIONS, maxcpus: 2 },
  async (machine) => {
    await machine.run('works_leave', { cpu: 0, args: [2] })
    await machine.sleep(1e6)
    expect(word(machine, AT.done)).toBe(0)
    await machine.online(2)
    await settle(machine)
    expect(word(machine, AT.done)).toBe(1)
  },
)

onEveryMachine('a worker that sleeps in the middle of work lets the next one go on', OPTIONS, async (machine) => {
  expect(await machine.run('works_sleep', { cpu: 1, args: [8, 0] })).toBe(8)
  expect(word(machine, AT.most)).toBeGreaterThan(1)
})

onEveryMachine('no more works of a workqueue are under way than it may have', OPTIONS, async (machine) => {
  expect(await machine.run('works_sleep', { cpu: 1, args: [8, 2] })).toBe(8)
  expect(word(machine, AT.most)).toBe(2)
})

onEveryMachine('more works sleep than there may be workers: all are done', OPTIONS, async (machine) => {
  const works = 2 * machine.memory.layout.workerCount
  expect(await machine.run('works_sleep', { cpu: 1, args: [works, -1] })).toBe(works)
  expect(word(machine, AT.most)).toBeGreaterThan(8)
  // Two are kept, and one for each four that work.
  await settle(machine)
  expect([...workersOf(machine.memory, machine.memory.unboundPool)].length).toBeLessThan(12)
})

onEveryMachine('a workqueue is drained with what its works queue on it', OPTIONS, async (machine) => {
  expect(await machine.run('works_drain', { cpu: 0, args: [12] })).toBe(12)
})

onEveryMachine(
  'a work that is pending is taken back, one that is being done is waited for',
  OPTIONS,
  async (machine) => {
    expect(await machine.run('works_cancel', { cpu: 1 })).toBe(101)
  },
)

onEveryMachine('a delayed work is done after its time, also when its CPU goes down', OPTIONS, async (machine) => {
  await machine.run('works_delay', { cpu: 1, args: [10_000] })
  await machine.offline(1)
  await machine.sleep(30e6)
  expect(word(machine, AT.done)).toBe(1)
  expect(word(machine, AT.us)).toBeGreaterThanOrEqual(10_000)
})

onEveryMachine('a delayed work is put off, taken back, and done at once', OPTIONS, async (machine) => {
  await machine.run('works_delay', { cpu: 1, args: [100_000] })
  expect(await machine.run('works_delay_again', { cpu: 2, args: [200_000] })).toBe(1)
  expect(await machine.run('works_delay_cancel', { cpu: 0 })).toBe(1)
  expect(await machine.run('works_delay_cancel', { cpu: 0 })).toBe(0)
  expect(word(machine, AT.done)).toBe(0)
  await machine.run('works_delay', { cpu: 1, args: [10_000_000] })
  expect(await machine.run('works_delay_flush', { cpu: 0 })).toBe(1)
})

onEveryMachine(
  'what was queued, made active, begun and ended is traced, in that order',
  { ...OPTIONS, traceRecords: 4096 },
  async (machine) => {
    await machine.run('works_on', { cpu: 0, args: [1] })
    const events = machine.trace().filter(({ event }) => event.startsWith('workqueue_'))
    expect(events.map(({ event }) => event.slice(10))).toEqual([
      'queue_work',
      'activate_work',
      'execute_start',
      'execute_end',
    ])
    expect(events.map(({ cpu }) => cpu)).toEqual([0, 0, 1, 1])
    expect((await checkAtRest(machine)).violations).toEqual([])
  },
)
