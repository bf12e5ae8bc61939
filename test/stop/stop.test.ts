import { expect } from 'vitest'
import type { Machine } from '#dist/src/index.js'
import { POLICY } from '#dist/src/sched/task.js'
import { AT } from '#dist/test/modules/stop.js'
import { kernelModule, onEveryMachine } from '../support/machines.js'

const MODULES = [kernelModule('stop')]
const ENOENT = -2

const word = ({ memory }: Machine, offset: number): number => memory.get(memory.scratch(offset))

onEveryMachine(
  'a stopper runs what it is given on its CPU, with preemption off',
  { cpus: 3, modules: MODULES },
  async (machine) => {
    expect(await machine.run('stop_one', { cpu: 0, args: [2, 5] })).toBe(1005)
    expect([0, 1, 2, 3].map((n) => word(machine, AT.where + n))).toEqual([2, POLICY.stop, 1, 0])
    // Its own CPU's as well.
    expect(await machine.run('stop_one', { cpu: 2, args: [2, 6] })).toBe(1006)
    expect(await machine.run('stop_nowait', { cpu: 0, args: [1] })).toBe(1)
    expect([word(machine, AT.ran), word(machine, AT.wrong)]).toEqual([3, 0])
  },
)

onEveryMachine('stoppers do all that comes from everywhere at once', { cpus: 3, modules: MODULES }, async (machine) => {
  const counts = await Promise.all([0, 1, 2].map((cpu) => machine.run('stop_many', { cpu, args: [12] })))
  expect(counts).toEqual([12, 12, 12])
  expect([word(machine, AT.ran), word(machine, AT.wrong)]).toEqual([36, 0])
})

onEveryMachine(
  'work for the stopper of a CPU that is offline is refused',
  { cpus: 3, modules: MODULES },
  async (machine) => {
    await machine.offline(1)
    expect(await machine.run('stop_one', { cpu: 0, args: [1, 0] })).toBe(ENOENT)
    expect(await machine.run('stop_nowait', { cpu: 0, args: [1] })).toBe(0)
    for (const pair of [0x12, 0x21, 0x01])
      expect(await machine.run('stop_two', { cpu: 0, args: [pair, 1] })).toBe(ENOENT)
    await machine.online(1)
    expect(word(machine, AT.ran)).toBe(0)
    expect(await machine.run('stop_two', { cpu: 0, args: [0x12, 1] })).toBe(1)
    expect(await machine.run('stop_one', { cpu: 0, args: [1, 1] })).toBe(1001)
  },
)

onEveryMachine(
  'two CPUs are stopped in both orders at once, from everywhere',
  { cpus: 4, modules: MODULES },
  async (machine) => {
    const pairs = [0x12, 0x21, 0x23, 0x31]
    const counts = await Promise.all(pairs.map((pair, cpu) => machine.run('stop_two', { cpu, args: [pair, 6] })))
    expect(counts).toEqual([6, 6, 6, 6])
    expect([word(machine, AT.ran), word(machine, AT.wrong)]).toEqual([24, 0])
  },
)

onEveryMachine('pairs are stopped while the whole machine is', { cpus: 3, modules: MODULES }, async (machine) => {
  const all = machine.run('stop_machine', { cpu: 0, args: [2, 4] })
  const pairs = [0x12, 0x21].map((pair, n) => machine.run('stop_two', { cpu: n + 1, args: [pair, 6] }))
  expect(await Promise.all([all, ...pairs])).toEqual([4, 6, 6])
  expect(word(machine, AT.wrong)).toBe(0)
})

onEveryMachine(
  'in a stopped machine nobody moves but the one that acts',
  { cpus: 3, modules: MODULES },
  async (machine) => {
    const spinners = [1, 2].map((cpu) => machine.run('stop_spin', { cpu }))
    await machine.run('stop_go', { cpu: 0, args: [1] })
    for (const active of [0, 1, 2]) expect(await machine.run('stop_machine', { cpu: 0, args: [active, 2] })).toBe(2)
    await machine.run('stop_go', { cpu: 0, args: [2] })
    await Promise.all(spinners)
    expect([word(machine, AT.ran), word(machine, AT.wrong)]).toEqual([6, 0])
    // What was sent meanwhile came later: from each active CPU to the 2 others, at least at its first time.
    expect(await machine.run('stop_drain', { cpu: 0 })).toBeGreaterThanOrEqual(6)
  },
)

onEveryMachine(
  'machines are stopped one after another, and while CPUs go down and come back',
  { cpus: 4, modules: MODULES },
  async (machine) => {
    const stops = [0, 1].map((cpu) => machine.run('stop_machine', { cpu, args: [0, 5] }))
    const cycles = (async () => {
      for (const cpu of [2, 3, 2]) {
        await machine.offline(cpu)
        await machine.online(cpu)
      }
    })()
    expect(await Promise.all(stops)).toEqual([5, 5])
    await cycles
    expect([word(machine, AT.ran), word(machine, AT.wrong)]).toEqual([10, 0])
  },
)

onEveryMachine(
  'work is done or refused while its CPU goes down',
  { cpus: 3, modules: MODULES, seeds: 25 },
  async (machine) => {
    let done = 0
    const requests = (async () => {
      for (let n = 0; n < 12; n++) {
        const result = await machine.run('stop_one', { cpu: 0, args: [1, n] })
        expect([1000 + n, ENOENT]).toContain(result)
        if (result !== ENOENT) done++
      }
    })()
    for (let n = 0; n < 3; n++) {
      await machine.offline(1)
      await machine.online(1)
    }
    await requests
    expect([word(machine, AT.ran), word(machine, AT.wrong)]).toEqual([done, 0])
  },
)
