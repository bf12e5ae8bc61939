import { expect } from 'vitest'
import { ERRNO, type Machine, UsageError } from '#dist/src/index.js'
import { AT, type Call, encode, ROOM } from '#dist/test/modules/hotplug.js'
import { type EveryMachineOptions, kernelModule, onEveryMachine, rejection } from '../support/machines.js'

const OPTIONS: EveryMachineOptions = { cpus: 4, modules: [kernelModule('hotplug')], seeds: 5 }
const CALLBACKS = { startup: 'hotplug_startup', teardown: 'hotplug_teardown' } as const

const up = (subject: number): number => encode({ kind: 1, subject, instance: 0 })
const down = (subject: number): number => encode({ kind: 2, subject, instance: 0 })

/** The calls since the last time. */
function calls({ memory }: Machine): number[] {
  const count = memory.get(memory.scratch(AT.called))
  expect(count).toBeLessThan(ROOM)
  memory.set(memory.scratch(AT.called), 0)
  return Array.from({ length: count }, (_, n) => memory.get(memory.scratch(AT.calls) + n))
}

function failOn({ memory }: Machine, call: Call): void {
  memory.set(memory.scratch(AT.failing), encode(call))
  memory.set(memory.scratch(AT.errno), ERRNO.ENODEV)
}

onEveryMachine(
  'a step that is added is called for every CPU above it, on the CPU itself, and from then on',
  OPTIONS,
  async (machine) => {
    await machine.offline(3)
    machine.trace()
    const state = await machine.addState({ name: 'test/added', state: 'online', ...CALLBACKS })
    expect(calls(machine)).toEqual([0, 1, 2].map(up))
    const enters = machine.hotplugTrace().filter((line) => line.includes(' enter '))
    expect(enters.map((line) => line.split(' ').slice(0, 4).join(' '))).toEqual(
      [0, 1, 2].map((cpu) => `${cpu} cpuhp/${cpu} enter ${cpu}`),
    )
    expect(await machine.read('hotplug/states')).toContain(`${state}: test/added`)
    await machine.online(3)
    await machine.offline(1)
    expect(calls(machine)).toEqual([up(3), down(1)])
    await machine.removeState(state)
    expect(calls(machine)).toEqual([0, 2, 3].map(down))
    await machine.online(1)
    expect(calls(machine)).toEqual([])
    expect(await machine.read('hotplug/states')).not.toContain('test/added')
  },
)

onEveryMachine('a step of the PREPARE section is called by whoever adds it', OPTIONS, async (machine) => {
  machine.trace()
  const state = await machine.addState({ name: 'test/prepare', state: 'prepare', ...CALLBACKS })
  expect(state).toBeGreaterThanOrEqual(71)
  expect(state).toBeLessThanOrEqual(90)
  expect(calls(machine)).toEqual([0, 1, 2, 3].map(up))
  for (const line of machine.hotplugTrace()) expect(line).toMatch(/^\* task /)
  await machine.write('cpu2/hotplug/target', 0)
  await machine.write('cpu2/hotplug/target', state)
  expect(calls(machine)).toEqual([down(2), up(2)])
  await machine.removeState(state)
  expect(calls(machine)).toEqual([0, 1, 2, 3].map(down))
})

onEveryMachine(
  'a step that fails on one CPU is undone on those before it, and is not added',
  OPTIONS,
  async (machine) => {
    for (const state of [220, 80]) {
      failOn(machine, { kind: 1, subject: 2, instance: 0 })
      const adding = machine.addState({ name: 'test/fails', state, ...CALLBACKS })
      expect(await rejection(adding)).toMatchObject({ code: 'ENODEV' })
      expect(calls(machine)).toEqual([up(0), up(1), up(2), down(0), down(1)])
      expect(await machine.read('hotplug/states')).not.toContain('test/fails')
      failOn(machine, { kind: 1, subject: 9, instance: 0 })
      expect(await machine.addState({ name: 'test/works', state, ...CALLBACKS })).toBe(state)
      expect(calls(machine)).toEqual([0, 1, 2, 3].map(up))
    }
  },
)

onEveryMachine('a step is added and removed without a call when that is asked for', OPTIONS, async (machine) => {
  const state = await machine.addState({ name: 'test/quiet', state: 'online', ...CALLBACKS, invoke: false })
  expect(calls(machine)).toEqual([])
  await machine.offline(1)
  await machine.online(1)
  expect(calls(machine)).toEqual([down(1), up(1)])
  await machine.removeState(state, false)
  expect(calls(machine)).toEqual([])
})

onEveryMachine('a step without one of the two callbacks is passed over in that direction', OPTIONS, async (machine) => {
  const { startup, teardown } = CALLBACKS
  await machine.addState({ name: 'test/up', state: 215, startup })
  await machine.addState({ name: 'test/down', state: 216, teardown })
  expect(calls(machine)).toEqual([0, 1, 2, 3].map(up))
  await machine.offline(1)
  await machine.online(1)
  expect(calls(machine)).toEqual([down(1), up(1)])
})

onEveryMachine('a step that fails on a CPU half-way up sends that CPU back, and no other', OPTIONS, async (machine) => {
  await machine.addState({ name: 'test/fails', state: 'online', ...CALLBACKS })
  await machine.offline(1)
  calls(machine)
  failOn(machine, { kind: 1, subject: 1, instance: 0 })
  expect(await rejection(machine.online(1))).toMatchObject({ code: 'ENODEV' })
  expect(calls(machine)).toEqual([up(1)])
  expect(await machine.read('online')).toBe('0,2-3')
  failOn(machine, { kind: 2, subject: 2, instance: 0 })
  expect(await rejection(machine.offline(2))).toMatchObject({ code: 'ENODEV' })
  expect(calls(machine)).toEqual([down(2)])
  expect(await machine.read('online')).toBe('0,2-3')
})

onEveryMachine('a state in use is refused with EBUSY', OPTIONS, async (machine) => {
  for (const state of [235, 156, 91, 2]) {
    expect(await rejection(machine.addState({ name: 'test/again', state, ...CALLBACKS }))).toMatchObject({
      code: 'EBUSY',
    })
  }
  expect(calls(machine)).toEqual([])
})

onEveryMachine('a state where there can be no step is refused with EINVAL', OPTIONS, async (machine) => {
  for (const state of [0, 236, 237, -3, -100]) {
    const adding = machine.addState({ name: 'test/never', state, ...CALLBACKS })
    expect(await rejection(adding), `adding ${state}`).toMatchObject({ code: 'EINVAL' })
    expect(await rejection(machine.removeState(state)), `removing ${state}`).toMatchObject({ code: 'EINVAL' })
  }
  expect(await rejection(machine.removeState(222))).toMatchObject({ code: 'EINVAL' })
  expect(calls(machine)).toEqual([])
})

onEveryMachine('a range that is full is refused with ENOSPC', OPTIONS, async (machine) => {
  for (const [range, first, last] of [['prepare', 71, 90] as const, ['online', 201, 231] as const]) {
    const states: number[] = []
    for (let n = first; n <= last + 1; n++) {
      try {
        states.push(await machine.addState({ name: `test/${n}`, state: range }))
      } catch (error) {
        expect(error).toMatchObject({ code: 'ENOSPC' })
        break
      }
    }
    // Each is the lowest that is free.
    expect(states).toEqual([...states].sort((a, b) => a - b))
    expect([states[0] >= first, states.at(-1)]).toEqual([true, last])
    await machine.removeState(states[2])
    expect(await machine.addState({ name: 'test/last', state: range })).toBe(states[2])
    expect(await rejection(machine.addState({ name: 'test/none', state: range }))).toMatchObject({ code: 'ENOSPC' })
  }
})

onEveryMachine(
  'a function that no module has, or a bad name, is a mistake of the caller',
  { ...OPTIONS, seeds: 1 },
  async (machine) => {
    const bad = [
      { name: 'test/x', state: 'online', startup: 'nobody' } as const,
      { name: '', state: 'online' } as const,
      { name: 'x'.repeat(40), state: 'online' } as const,
    ]
    for (const description of bad) expect(await rejection(machine.addState(description))).toBeInstanceOf(UsageError)
  },
)

onEveryMachine(
  'steps and instances that come and go while CPUs do leave every CPU with as many startups as teardowns',
  { ...OPTIONS, seeds: 20 },
  async (machine) => {
    const steps = (async () => {
      for (let n = 0; n < 4; n++) {
        const state = await machine.addState({ name: 'test/comes', state: 'online', ...CALLBACKS })
        await machine.removeState(state)
      }
    })()
    const instances = (async () => {
      const state = await machine.addState({ name: 'test/multi', state: 'online', multi: true, ...CALLBACKS })
      for (let n = 0; n < 4; n++) await machine.removeInstance(state, await machine.addInstance(state))
      await machine.removeState(state)
    })()
    for (const cpu of [1, 2, 3, 1]) {
      await machine.offline(cpu)
      await machine.online(cpu)
    }
    await Promise.all([steps, instances])
    const turns = new Map<number, number[]>()
    for (const call of calls(machine)) {
      const whom = call & 0xff_ffff
      turns.set(whom, [...(turns.get(whom) ?? []), call >>> 24])
    }
    // The boot CPU is up throughout: the step and the instances are called there at least.
    expect(turns.size).toBeGreaterThanOrEqual(2)
    for (const [whom, kinds] of turns) {
      const expected = kinds.map((_, n) => (n % 2 === 0 ? 1 : 2))
      expect(kinds, `CPU ${whom >> 16}, instance ${whom & 0xffff}`).toEqual(expected)
      expect(kinds.length % 2).toBe(0)
    }
  },
)
