import { describe, expect, test } from 'vitest'
import { KernelError, type Machine } from '#dist/src/index.js'
import { CPUHP, GLOBAL } from '#dist/src/memory/structs.js'
import { bitsOf } from '#dist/src/ops/mask.js'
import { loadProfile } from '#dist/src/profiles/load.js'
import { onDeterministic, onEveryMachine, rejection } from '../support/machines.js'
import { passed, usesProfile, wayDown, wayUp } from '../support/steps.js'

const PROFILE = loadProfile('linux-6.1-minimal')
const ONLINE = PROFILE.online
/** States at which a request may stop, but for those in the section with interrupts off. */
const STOPS = PROFILE.states
  .filter(({ state, cantStop }) => !cantStop && (state <= 91 || state > 153))
  .map(({ state }) => state)

async function files(machine: Machine, cpu: number): Promise<Record<string, string>> {
  const read = (file: string): Promise<string> => machine.read(`cpu${cpu}/${file}`)
  return {
    state: await read('hotplug/state'),
    target: await read('hotplug/target'),
    fail: await read('hotplug/fail'),
    online: cpu === 0 ? '1' : await read('online'),
  }
}

function masks({ memory }: Machine): Record<string, number[]> {
  const { possible, present, online, active, dying } = memory
  const lists = Object.entries({ possible, present, online, active, dying })
  return Object.fromEntries(lists.map(([name, mask]) => [name, [...bitsOf(memory, mask)]]))
}

onEveryMachine('a CPU goes down and comes back, and everything says so', { cpus: 4 }, async (machine) => {
  const { memory } = machine
  const all = [0, 1, 2, 3]
  const up = masks(machine)
  expect(up).toEqual({ possible: all, present: all, online: all, active: all, dying: [] })
  for (const cpu of [1, 3, 2]) {
    await machine.offline(cpu)
    const others = all.filter((other) => other !== cpu)
    expect(await files(machine, cpu)).toEqual({ state: '0', target: '0', fail: '-1', online: '0' })
    expect(masks(machine)).toMatchObject({ online: others, active: others, present: all })
    expect(await machine.read('offline')).toBe(String(cpu))
    expect(memory.get(memory.global + GLOBAL.onlineCount)).toBe(3)
    await machine.online(cpu)
    expect(await files(machine, cpu)).toEqual({ state: '236', target: '236', fail: '-1', online: '1' })
    expect(masks(machine)).toEqual(up)
    expect(memory.get(memory.global + GLOBAL.activeCount)).toBe(4)
  }
})

onEveryMachine('what is done already is done at once', { cpus: 2 }, async (machine) => {
  machine.trace()
  await machine.online(1)
  expect(machine.hotplugTrace()).toEqual([])
  await machine.offline(1)
  machine.trace()
  await machine.offline(1)
  await machine.write('cpu1/hotplug/target', 0)
  expect(machine.hotplugTrace()).toEqual([])
})

onEveryMachine('the way down and the way up are the steps of the table, in its order', { cpus: 2 }, async (machine) => {
  usesProfile(machine, PROFILE)
  passed(machine)
  await machine.offline(1)
  expect(passed(machine)).toEqual(wayDown(PROFILE, ONLINE, 0))
  await machine.online(1)
  expect(passed(machine)).toEqual(wayUp(PROFILE, 0, ONLINE))
})

onEveryMachine(
  'a request stops at every state at which it may, on the way down and on the way up',
  { cpus: 3, seeds: 4 },
  async (machine) => {
    usesProfile(machine, PROFILE)
    passed(machine)
    const go = async (from: number, to: number): Promise<void> => {
      await machine.write('cpu2/hotplug/target', to)
      const state = String(to)
      expect(await files(machine, 2)).toMatchObject({ state, target: state, fail: '-1' })
      expect(passed(machine), `${from} to ${to}`).toEqual(
        to > from ? wayUp(PROFILE, from, to) : wayDown(PROFILE, from, to),
      )
      expect(await machine.read('online')).toBe(to > 153 ? '0-2' : '0-1')
    }
    for (const stop of STOPS.filter((state) => state !== ONLINE)) {
      await go(ONLINE, stop)
      await go(stop, ONLINE)
    }
    await go(ONLINE, 0)
    for (const stop of STOPS.filter((state) => state !== 0)) {
      await go(0, stop)
      await go(stop, 0)
    }
  },
)

onEveryMachine('from one stop to the next, all the way down and all the way up', { cpus: 3 }, async (machine) => {
  usesProfile(machine, PROFILE)
  passed(machine)
  for (const stop of [...STOPS].reverse()) await machine.write('cpu1/hotplug/target', stop)
  expect(passed(machine)).toEqual(wayDown(PROFILE, ONLINE, 0))
  for (const stop of STOPS) await machine.write('cpu1/hotplug/target', stop)
  expect(passed(machine)).toEqual(wayUp(PROFILE, 0, ONLINE))
  expect(await files(machine, 1)).toEqual({ state: '236', target: '236', fail: '-1', online: '1' })
})

describe('a target is refused with EINVAL', () => {
  const named = new Set(PROFILE.states.map(({ state }) => state))
  const cantStop = PROFILE.states.filter((step) => step.cantStop).map(({ state }) => state)
  const unnamed = Array.from({ length: ONLINE + 1 }, (_, state) => state).filter((state) => !named.has(state))

  test.each([
    ['when no request may stop there', cantStop],
    ['when the state has no name', unnamed],
    ['when it is no number, or out of range', ['', ' ', '-1', '237', '1e2', '0x', 'online', '1 2']],
  ])('%s', async (_, targets) => {
    expect(targets.length).toBeGreaterThan(2)
    await onDeterministic({ cpus: 2 }, async (machine) => {
      for (const target of targets) {
        const error = await rejection(machine.write('cpu1/hotplug/target', target))
        expect(error, String(target)).toBeInstanceOf(KernelError)
        expect((error as KernelError).code, String(target)).toBe('EINVAL')
      }
      expect(await machine.read('cpu1/hotplug/state')).toBe('236')
    })
  })
})

test('a number that is too large for an int is refused with ERANGE, in target and in fail', async () => {
  await onDeterministic({ cpus: 2 }, async (machine) => {
    for (const file of ['target', 'fail']) {
      for (const text of ['999999999999', '-2147483649', '9'.repeat(400)]) {
        expect(await rejection(machine.write(`cpu1/hotplug/${file}`, text)), text).toMatchObject({ code: 'ERANGE' })
      }
    }
    // Of a truth value only the beginning is read, however long the text.
    await machine.write('cpu1/online', `0${'x'.repeat(400)}`)
    expect(await machine.read('cpu1/online')).toBe('0')
  })
})

onEveryMachine('the last CPU stays', { cpus: 3 }, async (machine) => {
  await machine.offline(1)
  await machine.offline(2)
  expect(await rejection(machine.write('cpu0/hotplug/target', 0))).toMatchObject({ code: 'EBUSY' })
  await machine.online(2)
  await machine.write('cpu0/hotplug/target', 0)
  expect(await rejection(machine.offline(2))).toMatchObject({ code: 'EBUSY' })
  expect(await machine.read('online')).toBe('2')
  await machine.write('cpu0/hotplug/target', 236)
  await machine.online(1)
  expect(await machine.read('online')).toBe('0-2')
})

onEveryMachine('the device has a flag of its own, that only its own file changes', { cpus: 2 }, async (machine) => {
  await machine.write('cpu1/hotplug/target', 0)
  expect(await files(machine, 1)).toMatchObject({ state: '0', online: '1' })
  // The flag says that it is online: there is nothing to do.
  await machine.online(1)
  expect(await machine.read('online')).toBe('0')
  await machine.write('cpu1/online', 0)
  await machine.write('cpu1/hotplug/target', 236)
  expect(await files(machine, 1)).toMatchObject({ state: '236', online: '0' })
  await machine.offline(1)
  expect(await machine.read('online')).toBe('0-1')
  await machine.write('cpu1/online', 'yes')
  expect(await files(machine, 1)).toMatchObject({ state: '236', online: '1' })
})

onEveryMachine('the boot CPU has no device flag, but goes down by its target', { cpus: 2 }, async (machine) => {
  expect(await rejection(machine.offline(0))).toMatchObject({ code: 'EPERM' })
  expect(await rejection(machine.read('cpu0/online'))).toMatchObject({ code: 'ENOENT' })
  // 6.1 as it is: it reads 0 until it is first changed.
  expect(await machine.read('cpu0/hotplug/target')).toBe('0')
  await machine.write('cpu0/hotplug/target', 0)
  expect(await machine.read('online')).toBe('1')
  await machine.write('cpu0/hotplug/target', 236)
  expect(await files(machine, 0)).toMatchObject({ state: '236', target: '236' })
})

onEveryMachine(
  'CPUs that were not brought up at boot come up when they are asked to',
  { cpus: 4, present: 3, maxcpus: 1 },
  async (machine) => {
    expect(await Promise.all(['possible', 'present', 'online', 'offline'].map((file) => machine.read(file)))).toEqual([
      '0-3',
      '0-2',
      '0',
      '1-3',
    ])
    await machine.online(2)
    await machine.write('cpu1/hotplug/target', 236)
    expect(await machine.read('online')).toBe('0-2')
    expect(await rejection(machine.online(3))).toMatchObject({ code: 'ENODEV' })
    expect(await rejection(machine.read('cpu3/hotplug/state'))).toMatchObject({ code: 'ENOENT' })
  },
)

onEveryMachine('a record is at rest when nothing is under way', { cpus: 2 }, async (machine) => {
  const { memory } = machine
  const rest = (): number[] => {
    const record = memory.cpuhp(1)
    return [CPUHP.shouldRun, CPUHP.rollback, CPUHP.single, CPUHP.node, CPUHP.last].map((field) =>
      memory.get(record + field),
    )
  }
  for (const target of [155, 236, 0, 236]) {
    await machine.write('cpu1/hotplug/target', target)
    expect(rest()).toEqual([0, 0, 0, 0, 0])
  }
})
