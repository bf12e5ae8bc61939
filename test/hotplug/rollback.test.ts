import { expect } from 'vitest'
import type { Machine } from '#dist/src/index.js'
import { loadProfile } from '#dist/src/profiles/load.js'
import { onEveryMachine, rejection } from '../support/machines.js'
import { passed, usesProfile, wayDown, wayUp } from '../support/steps.js'

const PROFILE = loadProfile('linux-6.1-minimal')
const ONLINE = PROFILE.online
const [BRINGUP, IDLE_DEAD, STARTED, TEARDOWN] = [91, 92, 152, 153]

/** States that can be told to fail: those with a callback, but for the section that runs with interrupts off. */
const MAY_FAIL = PROFILE.states.filter(({ state, startup, teardown }) => {
  const atomic = state >= IDLE_DEAD && state < STARTED
  return !atomic && (startup !== null || teardown !== null)
})
const FAIL_UP = MAY_FAIL.filter(({ startup }) => startup !== null).map(({ state }) => state)
const FAIL_DOWN = MAY_FAIL.filter(({ teardown }) => teardown !== null).map(({ state }) => state)

async function stateOf(machine: Machine): Promise<number> {
  return Number(await machine.read('cpu1/hotplug/state'))
}

/** Has a state fail and writes a target; it must be refused with EAGAIN. Answers what was passed on the way and back. */
async function fails(machine: Machine, state: number, target: number): Promise<string[]> {
  await machine.write('cpu1/hotplug/fail', state)
  expect(await machine.read('cpu1/hotplug/fail')).toBe(String(state))
  passed(machine)
  expect(await rejection(machine.write('cpu1/hotplug/target', target)), `state ${state}`).toMatchObject({
    code: 'EAGAIN',
  })
  expect(await machine.read('cpu1/hotplug/fail'), 'it fails once').toBe('-1')
  return passed(machine)
}

/** What the kernel must leave behind after a request that failed and was undone. */
async function expectAsBefore(machine: Machine, state: number): Promise<void> {
  expect(await stateOf(machine)).toBe(state)
  expect(await machine.read('cpu1/hotplug/target')).toBe(String(state))
  expect(await machine.read('online')).toBe(state > TEARDOWN ? '0-2' : '0,2')
}

onEveryMachine(
  'a failure on the way down of a CPU that is up: down to it, and up again',
  { cpus: 3, seeds: 6 },
  async (machine) => {
    usesProfile(machine, PROFILE)
    const states = FAIL_DOWN.filter((state) => state >= TEARDOWN)
    expect(states.length).toBeGreaterThan(10)
    for (const state of states) {
      const way = await fails(machine, state, 0)
      expect(way, `state ${state}`).toEqual([...wayDown(PROFILE, ONLINE, state), ...wayUp(PROFILE, state, ONLINE)])
      await expectAsBefore(machine, ONLINE)
    }
    await machine.write('cpu1/hotplug/target', 0)
    expect(await stateOf(machine)).toBe(0)
  },
)

onEveryMachine(
  'a failure on the way up of a CPU that is off: up to it, and down again',
  { cpus: 3, seeds: 6 },
  async (machine) => {
    usesProfile(machine, PROFILE)
    await machine.offline(1)
    expect(FAIL_UP.length).toBeGreaterThan(25)
    for (const state of FAIL_UP) {
      const way = await fails(machine, state, ONLINE)
      expect(way, `state ${state}`).toEqual([...wayUp(PROFILE, 0, state - 1), ...wayDown(PROFILE, state - 1, 0)])
      await expectAsBefore(machine, 0)
    }
    await machine.online(1)
    expect(await stateOf(machine)).toBe(ONLINE)
  },
)

onEveryMachine(
  'a failure on the way down of a CPU that is dead: down to it, and up again to where it was',
  { cpus: 3, seeds: 4 },
  async (machine) => {
    usesProfile(machine, PROFILE)
    const from = 70
    for (const state of FAIL_DOWN.filter((one) => one <= from)) {
      await machine.write('cpu1/hotplug/target', from)
      const way = await fails(machine, state, 0)
      expect(way, `state ${state}`).toEqual([...wayDown(PROFILE, from, state), ...wayUp(PROFILE, state, from)])
      await expectAsBefore(machine, from)
    }
  },
)

onEveryMachine(
  'a failure on a short way, both of whose ends lie in the ONLINE section',
  { cpus: 3, seeds: 4 },
  async (machine) => {
    usesProfile(machine, PROFILE)
    const [low, high] = [156, 204]
    const between = (state: number): boolean => state > low && state <= high
    await machine.write('cpu1/hotplug/target', high)
    for (const state of FAIL_DOWN.filter(between)) {
      const way = await fails(machine, state, low)
      expect(way, `down, state ${state}`).toEqual([...wayDown(PROFILE, high, state), ...wayUp(PROFILE, state, high)])
      await expectAsBefore(machine, high)
    }
    await machine.write('cpu1/hotplug/target', low)
    for (const state of FAIL_UP.filter(between)) {
      const way = await fails(machine, state, high)
      expect(way, `up, state ${state}`).toEqual([
        ...wayUp(PROFILE, low, state - 1),
        ...wayDown(PROFILE, state - 1, low),
      ])
      await expectAsBefore(machine, low)
    }
  },
)

onEveryMachine(
  'a failure in the DEAD section of a CPU that was up leaves it online and not active, and warns',
  { cpus: 3, seeds: 4, warnings: /DEAD callback error for CPU1/ },
  async (machine) => {
    usesProfile(machine, PROFILE)
    // Those with a startup as well would fail on the way up already: they can't be told while the CPU is up.
    const states = MAY_FAIL.filter(
      ({ state, startup, teardown }) => state <= BRINGUP && startup === null && teardown !== null,
    )
    expect(states.length).toBeGreaterThan(10)
    for (const { state } of states) {
      await machine.write('cpu1/hotplug/target', 0)
      await machine.write('cpu1/hotplug/fail', state)
      await machine.write('cpu1/hotplug/target', ONLINE)
      passed(machine)
      const logged = machine.log.length
      const warnings = () => machine.log.slice(logged).filter(({ level }) => level <= 4).length
      expect(await rejection(machine.write('cpu1/hotplug/target', 0))).toMatchObject({ code: 'EAGAIN' })
      expect(passed(machine), `state ${state}`).toEqual([
        ...wayDown(PROFILE, ONLINE, state),
        ...wayUp(PROFILE, state, BRINGUP),
      ])
      expect([await stateOf(machine), await machine.read('cpu1/hotplug/target')]).toEqual([154, '153'])
      expect(await machine.read('online')).toBe('0-2')
      // From a worker thread, a line of the log may come later than the answer.
      await expect.poll(warnings).toBe(1)
      await machine.write('cpu1/hotplug/target', ONLINE)
    }
  },
)

onEveryMachine('what may not be told to fail is refused with EINVAL', { cpus: 2, seeds: 2 }, async (machine) => {
  const refused = async (values: readonly (number | string)[]): Promise<void> => {
    for (const value of values) {
      expect(await rejection(machine.write('cpu1/hotplug/fail', value)), String(value)).toMatchObject({
        code: 'EINVAL',
      })
    }
  }
  const known = new Set(MAY_FAIL.map(({ state }) => state))
  const without = Array.from({ length: ONLINE + 1 }, (_, state) => state).filter((state) => !known.has(state))
  // Up: what buries a CPU can't be told to fail while it lives.
  await refused([...without, ...FAIL_DOWN.filter((state) => state <= BRINGUP), -2, 237, 'x', ''])
  await machine.offline(1)
  await refused(without)
  for (const { state } of MAY_FAIL) await machine.write('cpu1/hotplug/fail', state)
  await machine.write('cpu1/hotplug/fail', -1)
  await machine.online(1)
  expect(await stateOf(machine)).toBe(ONLINE)
})
