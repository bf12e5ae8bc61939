import { expect } from 'vitest'
import { KernelError, type Machine } from '#dist/src/index.js'
import { PERCPU } from '#dist/src/memory/structs.js'
import { AT } from '#dist/test/modules/smp.js'
import { kernelModule, onEveryMachine } from '../support/machines.js'

const MODULES = [kernelModule('smp')]
const ENXIO = -6

const word = ({ memory }: Machine, offset: number): number => memory.get(memory.scratch(offset))

/** What all CPUs have sent and have run, by the kernel's own count. */
function tallies({ memory, cpus }: Machine): { sent: number; run: number } {
  let [sent, run] = [0, 0]
  for (let cpu = 0; cpu < cpus; cpu++) {
    sent += memory.get(memory.percpu(cpu) + PERCPU.callsSent)
    run += memory.get(memory.percpu(cpu) + PERCPU.callsRun)
  }
  return { sent, run }
}

onEveryMachine('a call to one CPU runs there once, in an interrupt', { cpus: 3, modules: MODULES }, async (machine) => {
  for (const wait of [1, 0]) {
    const before = await machine.run('smp_drain', { cpu: 0 })
    expect(await machine.run('smp_single', { cpu: 0, args: [2, wait] })).toBe(0)
    expect(await machine.run('smp_drain', { cpu: 0 })).toBe(before + 1)
    expect([0, 1, 2].map((n) => word(machine, AT.where + n))).toEqual([2, 1, 1])
  }
  expect(word(machine, AT.wrong)).toBe(0)
})

onEveryMachine('a call that is waited for has run when it returns', { cpus: 2, modules: MODULES }, async (machine) => {
  for (let n = 1; n <= 5; n++) {
    await machine.run('smp_single', { cpu: 0, args: [1, 1] })
    expect(await machine.run('smp_ran', { cpu: 0 })).toBe(n)
  }
})

onEveryMachine('a call to this CPU itself runs at once', { cpus: 2, modules: MODULES }, async (machine) => {
  expect(await machine.run('smp_single', { cpu: 1, args: [1, 0] })).toBe(0)
  expect(await machine.run('smp_ran', { cpu: 1 })).toBe(1)
  expect(word(machine, AT.wrong)).toBe(0)
})

onEveryMachine('a call to many runs once on each that is online', { cpus: 4, modules: MODULES }, async (machine) => {
  expect(await machine.run('smp_many', { cpu: 1, args: [1] })).toBe(3)
  expect(await machine.run('smp_ran', { cpu: 1 })).toBe(3)
  await machine.offline(2)
  expect(await machine.run('smp_many', { cpu: 1, args: [0] })).toBe(2)
  expect(await machine.run('smp_drain', { cpu: 0 })).toBe(5)
  expect(word(machine, AT.wrong)).toBe(0)
})

onEveryMachine(
  'a call to a CPU that is offline is refused with ENXIO',
  { cpus: 3, modules: MODULES },
  async (machine) => {
    await machine.offline(1)
    for (const wait of [0, 1]) expect(await machine.run('smp_single', { cpu: 0, args: [1, wait] })).toBe(ENXIO)
    await machine.online(1)
    expect(await machine.run('smp_drain', { cpu: 0 })).toBe(0)
    expect(await machine.run('smp_single', { cpu: 0, args: [1, 1] })).toBe(0)
    expect(await machine.run('smp_drain', { cpu: 0 })).toBe(1)
  },
)

onEveryMachine(
  'calls of one sender to one CPU run in the order in which they were sent',
  { cpus: 3, modules: MODULES },
  async (machine) => {
    const counts = await Promise.all([1, 2].map((cpu) => machine.run('smp_in_order', { cpu, args: [0, 60] })))
    expect(counts).toEqual([60, 60])
    expect(await machine.run('smp_drain', { cpu: 0 })).toBe(120)
    expect(word(machine, AT.disorder)).toBe(0)
  },
)

onEveryMachine(
  'calls from all CPUs to all CPUs run once each, or are refused, while CPUs go down and come back',
  { cpus: 4, modules: MODULES, seeds: 25 },
  async (machine) => {
    let accepted = 0
    const storms = async (cpu: number): Promise<void> => {
      for (let n = 0; n < 4; n++) {
        try {
          const sent = await machine.run('smp_storm', { cpu, args: [25] })
          accepted += sent
        } catch (error) {
          // Its CPU is down just now.
          if (!(error instanceof KernelError && error.code === 'ENXIO')) throw error
        }
      }
    }
    const cycles = async (): Promise<void> => {
      for (const cpu of [1, 2, 3, 1, 2, 3]) {
        await machine.offline(cpu)
        await machine.online(cpu)
      }
    }
    await Promise.all([storms(0), storms(1), storms(2), storms(3), cycles()])
    expect(await machine.run('smp_drain', { cpu: 0 })).toBe(accepted)
    expect(accepted).toBeGreaterThan(20)
    expect(word(machine, AT.wrong)).toBe(0)
    const { sent, run } = tallies(machine)
    expect(run).toBe(sent)
  },
)
