import { expect, test } from 'vitest'
import { type Machine, MachinePanic } from '#dist/src/index.js'
import { threadOf } from '#dist/src/kthread/kthread.js'
import { THREADS } from '#dist/src/kthread/smpboot.js'
import { TASK } from '#dist/src/memory/structs.js'
import { commOf, FLAG, STATE } from '#dist/src/sched/task.js'
import { AT } from '#dist/test/modules/kthread.js'
import { kernelModule, onDeterministic, onEveryMachine, rejection } from '../support/machines.js'

const MODULES = [kernelModule('kthread')]
const NAMES = Object.keys(THREADS) as (keyof typeof THREADS)[]

/** The state of each of a CPU's threads, by name; null for one that does not exist. */
function statesOf({ memory }: Machine, cpu: number): Record<string, number | null> {
  const state = (name: keyof typeof THREADS): number | null => {
    const task = threadOf(memory, cpu, THREADS[name])
    return task === 0 ? null : memory.get(task + TASK.state)
  }
  return Object.fromEntries(NAMES.map((name) => [name, state(name)]))
}

const [ASLEEP, PARKED] = [STATE.interruptible, STATE.parked]
const UP = { cpuhp: ASLEEP, migration: ASLEEP, ksoftirqd: ASLEEP }

onEveryMachine(
  'a CPU has its threads from its first way up on, bound to it',
  { cpus: 3, maxcpus: 2 },
  async (machine) => {
    const { memory } = machine
    expect(statesOf(machine, 2)).toEqual({ cpuhp: null, migration: null, ksoftirqd: null })
    await machine.online(2)
    for (const cpu of [0, 1, 2]) {
      for (const name of NAMES) {
        const task = threadOf(memory, cpu, THREADS[name])
        expect(commOf(memory, task)).toBe(`${name}/${cpu}`)
        expect([memory.get(task + TASK.cpu), memory.get(task + TASK.flags) & FLAG.perCpu]).toEqual([cpu, FLAG.perCpu])
      }
    }
  },
)

onEveryMachine('the threads of a CPU that is offline are parked, but for its worker', { cpus: 2 }, async (machine) => {
  const before = NAMES.map((name) => threadOf(machine.memory, 1, THREADS[name]))
  for (let n = 0; n < 2; n++) {
    await machine.offline(1)
    expect(statesOf(machine, 1)).toEqual({ cpuhp: PARKED, migration: PARKED, ksoftirqd: PARKED })
    await machine.online(1)
  }
  // They are the same ones.
  expect(NAMES.map((name) => threadOf(machine.memory, 1, THREADS[name]))).toEqual(before)
  await machine.offline(1)
  await machine.online(1)
  expect(Object.keys(statesOf(machine, 1))).toEqual(NAMES)
  expect(statesOf(machine, 0)).toMatchObject({ migration: UP.migration, ksoftirqd: UP.ksoftirqd, cpuhp: UP.cpuhp })
})

onEveryMachine(
  'a thread of a CPU half-way down is parked from the step that parks it on',
  { cpus: 2 },
  async (machine) => {
    const { memory } = machine
    // One that has just been let go may still say so until it has looked: it is on its runqueue by then.
    const isParked = (): boolean => {
      const task = threadOf(memory, 1, THREADS.ksoftirqd)
      return memory.get(task + TASK.state) === PARKED && memory.get(task + TASK.onRunqueue) === 0
    }
    await machine.write('cpu1/hotplug/target', 156)
    expect(isParked()).toBe(false)
    await machine.write('cpu1/hotplug/target', 155)
    expect(isParked()).toBe(true)
    await machine.write('cpu1/hotplug/target', 236)
    expect(isParked()).toBe(false)
  },
)

onEveryMachine(
  'who has been parked is off its CPU and stays there whoever wakes it',
  { cpus: 4, modules: MODULES },
  async (machine) => {
    const wakers = [0, 2].map((cpu) => machine.run('kthread_wake', { cpu, args: [1, 150] }))
    const parks = machine.run('kthread_park_and_unpark', { cpu: 3, args: [1, 25] })
    expect(await parks).toBe(25)
    await Promise.all(wakers)
    expect(machine.memory.get(machine.memory.scratch(AT.wrong))).toBe(0)
  },
)

onEveryMachine(
  'threads are parked and unparked while other CPUs go down and come back',
  { cpus: 4, modules: MODULES },
  async (machine) => {
    const parks = machine.run('kthread_park_and_unpark', { cpu: 0, args: [1, 40] })
    for (const cpu of [2, 3, 2]) {
      await machine.offline(cpu)
      await machine.online(cpu)
    }
    expect(await parks).toBe(40)
    expect(machine.memory.get(machine.memory.scratch(AT.wrong))).toBe(0)
  },
)

test('to park a thread that is parked is a kernel BUG', async () => {
  await onDeterministic({ cpus: 2, modules: MODULES }, async (machine) => {
    const error = await rejection(machine.run('kthread_park_twice', { cpu: 0, args: [1] }))
    expect(error).toBeInstanceOf(MachinePanic)
    expect((error as MachinePanic).report.cause).toMatchObject({ kind: 'bug', function: 'kthread_park' })
  })
})
