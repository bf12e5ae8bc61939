import { afterEach, describe, expect, test } from 'vitest'
import { Machine } from '#dist/src/machine/machine.js'
import { CPUHP } from '#dist/src/memory/structs.js'
import { checkAtRest, settle } from '#dist/stress/settle.js'

const MODULE = new URL('../../dist/test/modules/misbehaving.js', import.meta.url)

let machine: Machine | null = null

afterEach(async () => {
  await machine?.shutdown()
  machine = null
})

describe('a machine comes to rest', () => {
  test.each([
    ['deterministic', {}],
    ['threads', { workers: 4 }],
    ['threads', { workers: 2 }],
    ['threads', { workers: 1 }],
  ] as const)('after its requests, and everything holds then: %s %j', async (kind, options) => {
    machine = await Machine.boot({ cpus: 4, machine: kind, ...options })
    for (let n = 0; n < 5; n++) {
      for (const what of ['offline', 'online'] as const) {
        await Promise.all([machine[what](1), machine[what](2)])
        expect(await settle(machine)).toBe(true)
        expect((await checkAtRest(machine)).violations).toEqual([])
      }
    }
  })

  test('not while a thread of it is busy', async () => {
    machine = await Machine.boot({ cpus: 2, machine: 'threads', modules: [MODULE] })
    const { memory } = machine
    const stop = memory.scratch(0)
    const busy = machine.run('spin_until', { cpu: 1, args: [stop] })
    expect(await settle(machine, 100)).toBe(false)
    memory.set(stop, 1)
    await busy
    expect(await settle(machine)).toBe(true)
  })
})

describe('a check at rest', () => {
  test.each(['deterministic', 'threads'] as const)('tells what stays wrong: %s', async (kind) => {
    machine = await Machine.boot({ cpus: 2, machine: kind })
    machine.memory.set(machine.memory.cpuhp(1) + CPUHP.deviceOffline, 7)
    const { violations } = await checkAtRest(machine)
    expect(violations).toEqual([{ invariant: 'device-flags', message: 'the device of CPU 1 has the flag 7' }])
  })
})
