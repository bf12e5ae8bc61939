import { expect } from 'vitest'
import { formatCpuList } from '#dist/src/base/cpulist.js'
import type { Machine } from '#dist/src/index.js'
import { KVM_STEP } from '#dist/src/kvm/hardware.js'
import { KVM_CPU } from '#dist/src/memory/structs/kvm.js'
import { GLOBAL } from '#dist/src/memory/structs.js'
import { onEveryMachine, rejection } from '../support/machines.js'

/** On how many CPUs virtualisation is on. */
function virtualisation({ memory, cpus }: Machine): number {
  let on = 0
  for (let cpu = 0; cpu < cpus; cpu++) on += memory.get(memory.kvmCpu(cpu) + KVM_CPU.enabled)
  return on
}

function disabled({ memory }: Machine): number {
  return memory.get(memory.global + GLOBAL.hotplugDisabled)
}

onEveryMachine(
  'a machine suspends and resumes: the CPUs that were up are up again, and no others',
  { cpus: 4, seeds: 5 },
  async (machine) => {
    for (const level of ['core', 'processors']) {
      await machine.suspend(level)
      expect(await machine.read('online')).toBe('0-3')
      await machine.offline(2)
      await machine.suspend(level)
      expect(await machine.read('online')).toBe('0-1,3')
      await machine.online(2)
    }
    expect([virtualisation(machine), disabled(machine)]).toEqual([0, 0])
    const said = machine.log.map(({ text }) => text)
    expect(said.filter((text) => text === 'Disabling non-boot CPUs ...')).toHaveLength(4)
    expect(said.filter((text) => text === 'CPU2 is up')).toHaveLength(2)
  },
)

onEveryMachine('the first CPU that is online stays, whichever that is', { cpus: 3, seeds: 3 }, async (machine) => {
  await machine.write('cpu0/hotplug/target', 0)
  machine.trace()
  await machine.suspend('core')
  expect(await machine.read('online')).toBe('1-2')
  const gone = new Set(machine.hotplugTrace().flatMap((line) => / enter (\d+) .*takedown_cpu$/.exec(line)?.[1] ?? []))
  expect([...gone]).toEqual(['2'])
})

onEveryMachine('levels before the CPUs leave them alone', { cpus: 2, seeds: 2 }, async (machine) => {
  machine.trace()
  for (const level of ['freezer', 'devices', 'platform']) await machine.suspend(level)
  expect(machine.hotplugTrace()).toEqual([])
  expect(await rejection(machine.suspend('deeply'))).toMatchObject({ code: 'EINVAL' })
})

onEveryMachine(
  'a CPU that does not go ends it, and those that have gone come back',
  { cpus: 4, seeds: 5, warnings: /^Error taking CPU2 down: -11$|^Non-boot CPUs are not disabled$/ },
  async (machine) => {
    for (const step of [200, 156, 153]) {
      await machine.write('cpu2/hotplug/fail', step)
      expect(await rejection(machine.suspend('core'))).toMatchObject({ code: 'EAGAIN' })
      expect(await machine.read('online')).toBe('0-3')
      expect([virtualisation(machine), disabled(machine)]).toEqual([0, 0])
    }
    await machine.suspend('core')
    expect(await machine.read('online')).toBe('0-3')
  },
)

onEveryMachine(
  'others wait or are told that it is busy, and tasks go on where there is a CPU',
  { cpus: 4, seeds: 8 },
  async (machine) => {
    const tasks = []
    for (const affinity of ['1', '2-3', '0-3']) {
      tasks.push(await machine.spawn({ workload: 'sha256', work: 2000, affinity }))
    }
    const answers = await Promise.allSettled([
      machine.suspend('core'),
      machine.offline(1),
      machine.online(3),
      machine.offline(2),
    ])
    const codes = answers.map((answer) =>
      answer.status === 'fulfilled' ? null : (answer.reason as { code: string }).code,
    )
    expect(codes[0]).toBe(null)
    for (const code of codes) expect([null, 'EBUSY']).toContain(code)
    for (const task of tasks) expect(await task.result).toBe(task.expected)
    // Whoever was told that it is busy is up; the others are as they wanted.
    const online = new Set([0, 3, ...(codes[1] === null ? [] : [1]), ...(codes[3] === null ? [] : [2])])
    expect(await machine.read('online')).toBe(formatCpuList(online))
  },
)

onEveryMachine(
  'virtualisation is off while a machine is suspended, and on again on every CPU that comes back',
  { cpus: 3, seeds: 4, kthreads: 1 },
  async (machine) => {
    await machine.addState(KVM_STEP)
    const guest = { function: 'load_kvm', end: 'load_kvm_end', user: true, args: [10, 100, 1_000_000] }
    const thread = await machine.kthread(guest)
    while (thread.counts()[4]! === 0) await machine.sleep(100_000)
    expect(virtualisation(machine)).toBe(3)
    await machine.suspend('core')
    expect(virtualisation(machine)).toBe(3)
    await machine.offline(1)
    expect(virtualisation(machine)).toBe(2)
    const [, , wrong] = await thread.stop()
    expect([virtualisation(machine), wrong]).toEqual([0, 0])
    await machine.online(1)
    await machine.removeState(KVM_STEP.state, false)
  },
)
