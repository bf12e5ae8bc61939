// Invariants against kernel code that misbehaves while the machine runs, rather than against memory that was changed
// behind its back: the modules' functions are in test/modules/misbehaving.ts.
import { afterEach, describe, expect, test } from 'vitest'
import type { Machine } from '#dist/src/machine/machine.js'
import { settle } from '#dist/stress/settle.js'
import { brokenOf, lab } from '../support/lab.js'

const MODULE = new URL('../../dist/test/modules/misbehaving.js', import.meta.url)

let machine: Machine | null = null

afterEach(async () => {
  await machine?.shutdown()
  machine = null
})

async function bootWithModule(): Promise<Machine> {
  machine = await lab({ modules: [MODULE] })
  expect(brokenOf(machine)).toEqual([])
  return machine
}

describe('a kernel thread that', () => {
  test.each([
    ['keeps a mutex', 'keep_mutex', 0, ['mutexes-free']],
    ['stays a reader of the hotplug lock', 'stay_reader', 0, ['hotplug-lock-free']],
    ['keeps a spinlock', 'keep_spinlock', 3, ['spinlocks-free']],
    ['queues a call for a dead CPU', 'call_blindly', 3, ['call-queues-empty']],
  ])('%s is found', async (_what, name, argument, broken) => {
    const machine = await bootWithModule()
    await machine.run(name, { cpu: 1, args: [argument] })
    await settle(machine)
    expect(brokenOf(machine)).toEqual(broken)
  })
})

describe('a hotplug callback that', () => {
  test.each([
    ['leaves its CPU dying', 'online', 'leave_dying', ['states-agree-with-masks']],
    ['lets a thread of a dead CPU go', 'prepare', 'unpark_dead', ['tasks-where-allowed', 'threads-parked']],
  ] as const)('%s is found', async (_what, state, name, broken) => {
    const machine = await bootWithModule()
    const callbacks = state === 'online' ? { startup: name } : { teardown: name }
    await machine.addState({ name: `test:${name}`, state, invoke: false, ...callbacks })
    await machine.offline(2)
    if (state === 'online') await machine.online(2)
    await settle(machine)
    expect(brokenOf(machine)).toEqual(broken)
  })
})
