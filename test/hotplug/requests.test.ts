import { expect } from 'vitest'
import { Prng } from '#dist/src/base/prng.js'
import { KernelError, type Machine } from '#dist/src/index.js'
import { GLOBAL, MUTEX, PERCPU, PERCPU_RWSEM } from '#dist/src/memory/structs.js'
import { loadProfile } from '#dist/src/profiles/load.js'
import { onEveryMachine } from '../support/machines.js'

const STOPS = loadProfile('linux-6.1-minimal')
  .states.filter(({ state, cantStop }) => !cantStop && (state <= 91 || state > 153))
  .map(({ state }) => state)

/** What each request was answered: null, or its error's name. */
async function answers(requests: readonly Promise<unknown>[]): Promise<(string | null)[]> {
  const settled = await Promise.allSettled(requests)
  return settled.map((one) => {
    if (one.status === 'fulfilled') return null
    if (one.reason instanceof KernelError) return one.reason.code
    throw one.reason
  })
}

/** Locks and counts when nothing is under way. */
function expectAtRest({ memory }: Machine): void {
  const { global } = memory
  for (const lock of ['deviceHotplugLock', 'addRemoveLock', 'stateMutex', 'stopCpusMutex', 'smpbootMutex'] as const) {
    const mutex = global + GLOBAL[lock]
    expect([memory.get(mutex + MUTEX.owner), memory.get(mutex + MUTEX.head)], lock).toEqual([0, 0])
  }
  let readers = 0
  for (let cpu = 0; cpu < memory.layout.config.cpus; cpu++)
    readers += memory.get(memory.percpu(cpu) + PERCPU.hotplugReaders)
  expect([readers, memory.get(global + GLOBAL.hotplugLock + PERCPU_RWSEM.block)]).toEqual([0, 0])
}

onEveryMachine('many ask for the same at once: one does it, and all are answered', { cpus: 3 }, async (machine) => {
  const all = Array.from({ length: 8 }, (_, n) => n)
  expect(await answers(all.map(() => machine.offline(1)))).toEqual(all.map(() => null))
  expect(await machine.read('online')).toBe('0,2')
  expect(await answers(all.map(() => machine.online(1)))).toEqual(all.map(() => null))
  expect(await machine.read('online')).toBe('0-2')
  expectAtRest(machine)
})

onEveryMachine(
  'some ask for one CPU to go and others for it to come, and all are answered',
  { cpus: 3, seeds: 20 },
  async (machine) => {
    const requests = Array.from({ length: 10 }, (_, n) => (n % 2 === 0 ? machine.offline(2) : machine.online(2)))
    expect(await answers(requests)).toEqual(requests.map(() => null))
    const [state, file] = [await machine.read('cpu2/hotplug/state'), await machine.read('cpu2/online')]
    // Whoever was last decides; the files agree.
    expect([
      ['0', '0'],
      ['236', '1'],
    ]).toContainEqual([state, file])
    await machine.online(2)
    expect(await machine.read('online')).toBe('0-2')
    expectAtRest(machine)
  },
)

onEveryMachine('different CPUs are asked to go at once, and to come back', { cpus: 5 }, async (machine) => {
  expect(await answers([1, 2, 3, 4].map((cpu) => machine.offline(cpu)))).toEqual([null, null, null, null])
  expect(await machine.read('online')).toBe('0')
  expect(await answers([4, 2, 3, 1].map((cpu) => machine.online(cpu)))).toEqual([null, null, null, null])
  expect(await machine.read('online')).toBe('0-4')
  expectAtRest(machine)
})

// The boot CPU's target reads 0 until it is first changed: where that one stays, a write of 236 is warned about.
onEveryMachine(
  'when all CPUs are asked to go at once, one of them stays',
  { cpus: 4, seeds: 20, warnings: /target_store/ },
  async (machine) => {
    const requests = [0, 1, 2, 3].map((cpu) => machine.write(`cpu${cpu}/hotplug/target`, 0))
    expect((await answers(requests)).sort()).toEqual(['EBUSY', null, null, null])
    const online = await machine.read('online')
    expect(online).toMatch(/^[0-3]$/)
    await Promise.all([0, 1, 2, 3].map((cpu) => machine.write(`cpu${cpu}/hotplug/target`, 236)))
    expect(await machine.read('online')).toBe('0-3')
    expectAtRest(machine)
  },
)

onEveryMachine('more requests than the port has slots are all answered', { cpus: 3, seeds: 4 }, async (machine) => {
  const requests = Array.from({ length: 150 }, (_, n) =>
    machine.write(`cpu${1 + (n % 2)}/hotplug/fail`, n % 3 === 0 ? 92 : -1),
  )
  const expected = requests.map((_, n) => (n % 3 === 0 ? 'EINVAL' : null))
  expect(await answers(requests)).toEqual(expected)
  expectAtRest(machine)
})

/** A request of a random kind to one of the CPUs from 1 on. */
function randomRequest(machine: Machine, prng: Prng): Promise<void> {
  const cpu = 1 + prng.below(3)
  switch (prng.below(5)) {
    case 0:
      return machine.offline(cpu)
    case 1:
      return machine.online(cpu)
    case 2:
      return machine.write(`cpu${cpu}/hotplug/fail`, prng.below(237))
    default:
      return machine.write(`cpu${cpu}/hotplug/target`, prng.below(2) === 0 ? STOPS[prng.below(STOPS.length)] : 236)
  }
}

onEveryMachine(
  'whatever is asked for, in whatever order, is answered, and the lists agree with the states',
  { cpus: 4, seeds: 12, warnings: /DEAD callback error|target_store/ },
  async (machine, { seed }) => {
    const prng = new Prng(seed + 100)
    for (let round = 0; round < 15; round++) {
      const requests = Array.from({ length: 1 + prng.below(4) }, () => randomRequest(machine, prng))
      for (const code of await answers(requests)) expect([null, 'EINVAL', 'EAGAIN', 'EBUSY']).toContain(code)
      const online: number[] = [0]
      for (const cpu of [1, 2, 3]) {
        const state = Number(await machine.read(`cpu${cpu}/hotplug/state`))
        expect(STOPS.includes(state) || state === 154, `state ${state}`).toBe(true)
        if (state > 153) online.push(cpu)
      }
      const listed = Array.from({ length: 4 }, (_, cpu) => cpu).filter((cpu) => {
        const { memory } = machine
        return ((memory.get(memory.online) >> cpu) & 1) === 1
      })
      expect(listed).toEqual(online)
      expectAtRest(machine)
    }
    for (const cpu of [1, 2, 3]) {
      await machine.write(`cpu${cpu}/hotplug/fail`, -1)
      await machine.write(`cpu${cpu}/hotplug/target`, 236)
    }
    expect(await machine.read('online')).toBe('0-3')
  },
)

// CPU 1 is up half-way: its kworker is not bound to it, and waits for its turn among the tasks of CPU 0.
onEveryMachine(
  'a kworker that is to take down the CPU it is on goes elsewhere first',
  { cpus: 4, seeds: 6, watchdog: { requestMs: 20_000 } },
  async (machine) => {
    for (let n = 1; n <= 32; n++) await machine.spawn({ workload: 'sha256', work: 2 ** 31 - 1, seed: n })
    await machine.offline(2)
    await machine.write('cpu1/hotplug/target', 46)
    await machine.offline(3)
    await machine.online(3)
    await machine.write('cpu1/hotplug/target', 158)
    await machine.write('cpu0/hotplug/target', 0)
    expect([await machine.read('online'), await machine.read('cpu0/hotplug/state')]).toEqual(['1,3', '0'])
    await machine.write('cpu0/hotplug/target', 236)
    await machine.write('cpu1/hotplug/target', 236)
    // It is at home again, and bound: its CPU can be vacated.
    await machine.offline(3)
    await machine.write('cpu1/hotplug/target', 0)
    expect(await machine.read('online')).toBe('0')
  },
)
