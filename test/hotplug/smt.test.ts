// Cores with several threads: what smt/control does, and what it refuses. The commands of a real shell are in
// test/vfs/subsystems.test.ts.
import { expect, test } from 'vitest'
import { Machine } from '#dist/src/index.js'
import { onDeterministic, onEveryMachine, rejection } from '../support/machines.js'

const control = (machine: Machine, text: string) => machine.write('smt/control', text)

onEveryMachine(
  'off takes all but the first thread of each core down, on brings everything up',
  { cpus: 6, threadsPerCore: 3, seeds: 3 },
  async (machine) => {
    await control(machine, 'off')
    expect(await machine.read('online')).toBe('0,3')
    expect(await machine.read('cpu4/online')).toBe('0')
    expect(await rejection(machine.online(4))).toMatchObject({ code: 'EPERM' })
    expect(await rejection(machine.write('cpu4/hotplug/target', 236))).toMatchObject({ code: 'EPERM' })
    await machine.offline(3)
    await control(machine, 'on')
    expect(await machine.read('online')).toBe('0-5')
    expect(await machine.read('cpu4/online')).toBe('1')
  },
)

test('a sibling that does not go leaves those before it down, and SMT on', async () => {
  await onDeterministic({ cpus: 4, threadsPerCore: 2 }, async (machine) => {
    await machine.write('cpu3/hotplug/fail', 156)
    expect(await rejection(control(machine, 'off'))).toMatchObject({ code: 'EAGAIN' })
    expect(await machine.read('online')).toBe('0,2-3')
    expect(await machine.read('smt/control')).toBe('on')
    await machine.online(1)
    await control(machine, 'forceoff\n')
    expect(await machine.read('smt/control')).toBe('forceoff')
    expect(await rejection(control(machine, 'off'))).toMatchObject({ code: 'EPERM' })
  })
})

test('where each core has one thread there is nothing to switch', async () => {
  await onDeterministic({ cpus: 2 }, async (machine) => {
    expect(await machine.read('smt/control')).toBe('notsupported')
    expect(await machine.read('smt/active')).toBe('0')
    expect(await rejection(control(machine, 'off'))).toMatchObject({ code: 'ENODEV' })
    expect(await rejection(control(machine, 'notsupported'))).toMatchObject({ code: 'EINVAL' })
  })
})

test('a core may be incomplete, and its threads are told as such', async () => {
  await onDeterministic({ cpus: 5, threadsPerCore: 2 }, async (machine) => {
    expect(await machine.read('cpu4/topology/thread_siblings_list')).toBe('4')
    expect(await machine.read('cpu3/topology/core_id')).toBe('1')
    expect(await machine.read('cpu3/topology/core_cpus_list')).toBe('2-3')
    expect(await machine.read('cpu3/cache/index0/shared_cpu_list')).toBe('2-3')
    expect(await machine.read('/proc/cpuinfo')).toMatch(/^cpu cores\t: 3$/m)
    await control(machine, 'off')
    expect(await machine.read('online')).toBe('0,2,4')
    expect(await machine.read('cpu2/topology/thread_siblings_list')).toBe('2')
  })
})

test('more threads than CPUs make no core', async () => {
  expect(await rejection(Machine.boot({ cpus: 2, threadsPerCore: 3, machine: 'deterministic' }))).toMatchObject({
    message: 'threadsPerCore is a whole number from 1 to 2, not 3',
  })
})
