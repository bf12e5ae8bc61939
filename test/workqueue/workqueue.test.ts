import { expect } from 'vitest'
import type { Machine } from '#dist/src/index.js'
import { WORKER_POOL } from '#dist/src/memory/structs/workqueues.js'
import { AT } from '#dist/test/modules/workqueue.js'
import { kernelModule, onEveryMachine } from '../support/machines.js'

const MODULES = [kernelModule('workqueue')]

const word = ({ memory }: Machine, offset: number): number => memory.get(memory.scratch(offset))

function queued({ memory, cpus }: Machine): number[] {
  return Array.from({ length: cpus }, (_, cpu) => memory.get(memory.pool(cpu) + WORKER_POOL.worklist))
}

onEveryMachine(
  'work is done by the worker of the CPU that it is queued for',
  { cpus: 3, modules: MODULES },
  async (machine) => {
    for (const cpu of [0, 1, 2]) expect(await machine.run('workqueue_series', { cpu: 0, args: [cpu, 4] })).toBe(4)
    expect([word(machine, AT.done), word(machine, AT.wrong)]).toEqual([12, 0])
    expect(Array.from({ length: 4 }, (_, n) => word(machine, AT.order + n))).toEqual([0, 1, 2, 3])
    expect(queued(machine)).toEqual([0, 0, 0])
  },
)

onEveryMachine(
  'work from all CPUs at once is done once each, one after another on each',
  { cpus: 3, modules: MODULES },
  async (machine) => {
    const counts = await Promise.all(
      [0, 1, 2, 0, 1].map((cpu) => machine.run('workqueue_everywhere', { cpu, args: [6] })),
    )
    expect(counts).toEqual([18, 18, 18, 18, 18])
    expect([word(machine, AT.done), word(machine, AT.wrong)]).toEqual([90, 0])
    expect(queued(machine)).toEqual([0, 0, 0])
  },
)

onEveryMachine(
  'a worker works while requests to take other CPUs down go through it',
  { cpus: 3, modules: MODULES },
  async (machine) => {
    // Of two online CPUs, the lower one's worker carries out the way down of the other.
    const work = machine.run('workqueue_series', { cpu: 0, args: [0, 40] })
    for (const cpu of [1, 2, 1]) {
      await machine.offline(cpu)
      await machine.online(cpu)
    }
    expect(await work).toBe(40)
    expect([word(machine, AT.done), word(machine, AT.wrong)]).toEqual([40, 0])
  },
)
