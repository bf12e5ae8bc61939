import { expect } from 'vitest'
import type { Machine } from '#dist/src/index.js'
import { SOFTIRQ_DATA } from '#dist/src/memory/structs/deferred.js'
import { PERCPU } from '#dist/src/memory/structs.js'
import { SOFTIRQ } from '#dist/src/softirq/softirq.js'
import { checkAtRest } from '#dist/stress/settle.js'
import { AT, TASKLETS } from '#dist/test/modules/softirq.js'
import { kernelModule, onEveryMachine } from '../support/machines.js'

const OPTIONS = { cpus: 3, modules: [kernelModule('softirq')], scratch: 1024 }

const word = ({ memory }: Machine, offset: number): number => memory.get(memory.scratch(offset))
const sum = ({ memory, cpus }: Machine, field: number): number =>
  Array.from({ length: cpus }, (_, cpu) => memory.get(memory.percpu(cpu) + PERCPU.softirq + field)).reduce(
    (a, b) => a + b,
  )

/** The machine comes to rest with nothing wrong; what the tasklets themselves have seen is right, too. */
async function expectSound(machine: Machine): Promise<void> {
  expect((await checkAtRest(machine)).violations).toEqual([])
  expect(word(machine, AT.wrong)).toBe(0)
}

onEveryMachine(
  'a tasklet runs once for each time that it is scheduled, on one CPU at a time',
  OPTIONS,
  async (machine) => {
    await machine.run('softirq_init', { cpu: 0 })
    await Promise.all([0, 1, 2].map((cpu) => machine.run('softirq_schedule', { cpu, args: [8] })))
    await expectSound(machine)
    const runs = Array.from({ length: TASKLETS }, (_, n) => word(machine, AT.runs + n))
    expect(runs.reduce((a, b) => a + b)).toBe(sum(machine, SOFTIRQ_DATA.taskletsScheduled))
    for (const count of runs.slice(0, -1)) expect(count).toBeGreaterThan(0)
    expect(sum(machine, SOFTIRQ_DATA.served + SOFTIRQ.hi)).toBeGreaterThan(0)
  },
)

onEveryMachine('a tasklet that is disabled waits until it is enabled again', OPTIONS, async (machine) => {
  await machine.run('softirq_init', { cpu: 0 })
  await Promise.all([
    machine.run('softirq_disable', { cpu: 1, args: [0, 4] }),
    machine.run('softirq_schedule', { cpu: 2, args: [4] }),
  ])
  await expectSound(machine)
})

onEveryMachine('a tasklet that is killed has run if it was scheduled', OPTIONS, async (machine) => {
  await machine.run('softirq_init', { cpu: 0 })
  for (let n = 1; n <= 4; n++) expect(await machine.run('softirq_kill', { cpu: n % 3, args: [1] })).toBe(n)
  await expectSound(machine)
})

onEveryMachine('a softirq that is raised again and again is left to ksoftirqd', OPTIONS, async (machine) => {
  await machine.run('softirq_again', { cpu: 1, args: [60] })
  await expectSound(machine)
  expect(word(machine, AT.left)).toBe(0)
  expect(word(machine, AT.inInterrupt) + word(machine, AT.byThread)).toBe(60)
  expect(word(machine, AT.byThread)).toBeGreaterThan(0)
  expect(sum(machine, SOFTIRQ_DATA.served + SOFTIRQ.irqPoll)).toBe(60)
})

onEveryMachine('what a dying CPU has scheduled runs elsewhere', OPTIONS, async (machine) => {
  await machine.run('softirq_init', { cpu: 0 })
  await machine.addState({ name: 'test/dying', state: 100, teardown: 'softirq_dying', invoke: false })
  for (let n = 1; n <= 3; n++) {
    await machine.offline(2)
    await expectSound(machine)
    expect(word(machine, AT.dying)).toBe(3)
    expect(word(machine, AT.runs + TASKLETS - 1)).toBe(n)
    expect(word(machine, AT.where + TASKLETS - 1)).not.toBe(2)
    await machine.online(2)
  }
  await expectSound(machine)
})
