import { expect } from 'vitest'
import type { Machine } from '#dist/src/index.js'
import { HRTIMER, HRTIMER_BASE } from '#dist/src/memory/structs/hrtimers.js'
import { TASK } from '#dist/src/memory/structs.js'
import { testTask } from '#dist/test/modules/tasks.js'
import { AT } from '#dist/test/modules/time.js'
import { kernelModule, onEveryMachine } from '../support/machines.js'

const MODULES = [kernelModule('time')]
const COUNT = 6

/** The sleepers in the order in which they woke. */
function wakeOrder({ memory }: Machine): number[] {
  const woken = memory.get(memory.scratch(AT.woken))
  return Array.from({ length: woken }, (_, n) => memory.get(memory.scratch(AT.order) + n))
}

function timers({ memory, cpus }: Machine): number[] {
  return Array.from({ length: cpus }, (_, cpu) => memory.get(memory.hrtimerBase(cpu) + HRTIMER_BASE.root))
}

onEveryMachine('who sleeps for a time does not wake before it', { cpus: 3, modules: MODULES }, async (machine) => {
  const early = [0, 1, 1, 2].map((cpu, n) => machine.run('time_sleep', { cpu, args: [50 + n * 30, 8] }))
  expect(await Promise.all(early)).toEqual([0, 0, 0, 0])
  expect(timers(machine)).toEqual([0, 0, 0])
})

// On threads one that has not left its CPU yet when its time comes goes on at once, before others whose time came earlier.
onEveryMachine(
  'who sleeps on the same CPU wakes in the order of time',
  { cpus: 3, modules: MODULES, on: ['deterministic'] },
  async (machine) => {
    expect(await machine.run('time_sleepers', { cpu: 0, args: [1, COUNT] })).toBe(0)
    const { memory } = machine
    const due = wakeOrder(machine).map((slot) =>
      memory.getTime(testTask(memory, slot) + TASK.sleepTimer + HRTIMER.expires),
    )
    expect(due).toHaveLength(COUNT)
    expect(due).toEqual([...due].sort((a, b) => a - b))
  },
)

onEveryMachine(
  'who sleeps on a CPU that dies sleeps on, and wakes elsewhere, not early',
  { cpus: 3, modules: MODULES },
  async (machine) => {
    for (const cpu of [2, 1]) {
      const early = machine.run('time_sleepers', { cpu: 0, args: [cpu, COUNT] })
      const cycles = (async () => {
        await machine.offline(cpu)
        expect(timers(machine)[cpu]).toBe(0)
        await machine.online(cpu)
      })()
      expect(await early).toBe(0)
      await cycles
    }
    expect(wakeOrder(machine)).toHaveLength(2 * COUNT)
    expect(timers(machine)).toEqual([0, 0, 0])
  },
)

onEveryMachine(
  'a CPU that comes back has nothing left of its old timer',
  { cpus: 2, modules: MODULES },
  async (machine) => {
    for (let n = 0; n < 3; n++) {
      const early = machine.run('time_sleepers', { cpu: 0, args: [1, COUNT] })
      await machine.offline(1)
      await machine.online(1)
      expect(await early).toBe(0)
      expect(await machine.run('time_sleep', { cpu: 1, args: [20, 2] })).toBe(0)
    }
    expect(timers(machine)).toEqual([0, 0])
  },
)
