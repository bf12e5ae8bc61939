// High-resolution timers, armed by kernel code: test/modules/hrtimers.ts.
import { expect } from 'vitest'
import type { Machine } from '#dist/src/index.js'
import { HRTIMER } from '#dist/src/memory/structs/hrtimers.js'
import { AT } from '#dist/test/modules/hrtimers.js'
import { kernelModule, onEveryMachine } from '../support/machines.js'

const OPTIONS = { cpus: 3, modules: [kernelModule('hrtimers')] } as const
const US = 1000

const at = ({ memory }: Machine, field: keyof typeof AT): number => memory.get(memory.scratch(AT[field]))

async function until(machine: Machine, holds: () => boolean): Promise<void> {
  for (let n = 0; n < 1000 && !holds(); n++) await machine.sleep(50 * US)
  expect(holds()).toBe(true)
}

onEveryMachine('a timer is called once, not early, and one that is disarmed is not', OPTIONS, async (machine) => {
  await machine.run('hrtimers_init', { cpu: 0 })
  for (const cpu of [1, 2, 0]) {
    const before = at(machine, 'called')
    await machine.run('hrtimers_start', { cpu, args: [20] })
    await until(machine, () => at(machine, 'called') === before + 1)
    expect(at(machine, 'where')).toBe(cpu)
  }
  // Armed twice it is armed once.
  expect(await machine.run('hrtimers_twice', { cpu: 1 })).toBe(10)
  await machine.sleep(3000 * US)
  expect([at(machine, 'called'), at(machine, 'early')]).toEqual([3, 0])
})

onEveryMachine('a timer that arms itself again does so, on the CPU that it is on', OPTIONS, async (machine) => {
  await machine.run('hrtimers_init', { cpu: 0 })
  machine.memory.set(machine.memory.scratch(AT.left), 5)
  await machine.run('hrtimers_start', { cpu: 2, args: [10] })
  await until(machine, () => at(machine, 'called') === 6)
  await machine.sleep(500 * US)
  expect([at(machine, 'called'), at(machine, 'early'), at(machine, 'where')]).toEqual([6, 0, 2])
})

onEveryMachine('a timer of a CPU that dies is called elsewhere, at its time', OPTIONS, async (machine) => {
  await machine.run('hrtimers_init', { cpu: 0 })
  const [timer, { memory }] = [machine.memory.scratch(AT.timer), machine]
  await machine.run('hrtimers_start', { cpu: 2, args: [300_000] })
  await machine.offline(2)
  expect(memory.get(timer + HRTIMER.base)).toBe(1)
  expect(at(machine, 'called')).toBe(0)
  await machine.online(2)
  for (let n = 0; n < 40 && at(machine, 'called') === 0; n++) await machine.sleep(10e6)
  expect([at(machine, 'called'), at(machine, 'early'), at(machine, 'where')]).toEqual([1, 0, 0])
})

onEveryMachine('who disarms a timer waits for its function, and only then goes on', OPTIONS, async (machine) => {
  await machine.run('hrtimers_init', { cpu: 0 })
  machine.memory.set(machine.memory.scratch(AT.waits), 1)
  const cancelled = machine.run('hrtimers_cancel_inside', { cpu: 0 })
  const opened = machine.run('hrtimers_open', { cpu: 2, args: [200] })
  await machine.run('hrtimers_start', { cpu: 1, args: [10] })
  expect(await cancelled).toBe(1)
  await opened
  expect(at(machine, 'inside')).toBe(0)
})
