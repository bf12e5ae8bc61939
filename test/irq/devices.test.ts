// Devices: what they bring is seen to once, whatever CPUs do meanwhile.
import { describe, expect, test } from 'vitest'
import { INTERRUPTS } from '#dist/src/devices/raise.js'
import { IRQ_KERNEL } from '#dist/src/explore/scenarios/irq-kernel.js'
import { Machine } from '#dist/src/index.js'
import { checkInvariants, checkStopped } from '#dist/src/invariants/check.js'
import { Layout } from '#dist/src/memory/layout.js'
import { DEVICE_QUEUE, IRQ_DESC, SOFTNET } from '#dist/src/memory/structs/devices.js'
import { NAPI } from '#dist/src/net/napi.js'
import { settle } from '#dist/stress/settle.js'
import { onDeterministic, onEveryMachine, type Setting } from '../support/machines.js'

const field = (
  machine: Machine,
  queue: number,
  name: 'brought' | 'processed' | 'dropped' | 'raised' | 'tail',
): number => machine.memory.get(machine.memory.queue(queue) + DEVICE_QUEUE[name])

function taken(machine: Machine, irq: number): number {
  let total = 0
  for (let cpu = 0; cpu < machine.cpus; cpu++) total += machine.memory.get(machine.memory.irqCount(irq, cpu))
  return total
}

/** Nothing more comes, and what has come has been seen to. */
async function quiet(machine: Machine): Promise<void> {
  for (let n = 0; n < machine.memory.layout.devices.count; n++) await machine.setDevice(n, false)
  await machine.sleep(1_000_000)
  await settle(machine)
  expect(checkInvariants(machine).violations).toEqual([])
}

const NIC = { kind: 'nic', queues: 3, rate: 50_000 } as const

onEveryMachine(
  'every packet is processed once while CPUs go, and interrupts are sent here and there',
  { cpus: 4, devices: [NIC], seeds: 6, timeoutMs: 60_000 },
  async (machine, { seed }: Setting) => {
    const moves = async (): Promise<void> => {
      for (let n = 0; n < 24; n++) {
        const list = ['0', '1-2', '3', '0-3', '2'][(n + seed) % 5]!
        // None of those may be online just then.
        await machine.write(`/proc/irq/${1 + (n % 3)}/smp_affinity_list`, list).catch((error) => {
          expect(error.code).toBe('EINVAL')
        })
        await machine.sleep(40_000)
      }
    }
    const cycles = async (cpu: number): Promise<void> => {
      for (let n = 0; n < 6; n++) {
        await machine.offline(cpu)
        if (cpu === 1) expect(await machine.freeze(() => checkStopped(machine).violations)).toEqual([])
        await machine.online(cpu)
      }
    }
    await Promise.all([moves(), cycles(1), cycles(2), cycles(3)])
    await quiet(machine)
    for (let queue = 0; queue < 3; queue++) {
      expect(field(machine, queue, 'brought')).toBeGreaterThan(0)
      expect(field(machine, queue, 'processed')).toBe(field(machine, queue, 'brought'))
      // What was raised twice before it was taken is one; raising again on behalf of a dying CPU adds none.
      expect(taken(machine, queue + 1)).toBeLessThanOrEqual(field(machine, queue, 'raised'))
      expect(taken(machine, queue + 1)).toBeGreaterThan(0)
    }
  },
)

onEveryMachine(
  'every request to a disk is completed, on the CPU that made it where that is online',
  {
    cpus: 4,
    modules: [IRQ_KERNEL],
    devices: [{ kind: 'disk', queues: 2, rate: 100_000 }],
    seeds: 6,
    timeoutMs: 60_000,
  },
  async (machine) => {
    for (let round = 0; round < 4; round++) {
      const cpu = 1 + (round % 3)
      await machine.run('explore_submit', { cpu, args: [12] })
      await Promise.all([
        machine.offline(cpu),
        machine.run('explore_read', { cpu: 0, args: [5] }),
        machine.run('explore_reap', { cpu: 0 }),
      ])
      await machine.online(cpu)
    }
    await settle(machine)
    expect(checkInvariants(machine).violations).toEqual([])
    expect(field(machine, 0, 'tail') + field(machine, 1, 'tail')).toBe(4 * (12 + 5))
  },
)

test('a card that is switched off brings nothing, and goes on when it is switched on', async () => {
  await onDeterministic({ cpus: 2, seed: 1, devices: [{ kind: 'nic', rate: 100_000 }] }, async (machine) => {
    await machine.sleep(1_000_000)
    await machine.setDevice(0, false)
    await machine.sleep(100_000)
    const before = field(machine, 0, 'brought')
    expect(before).toBeGreaterThan(90)
    await machine.sleep(1_000_000)
    expect(field(machine, 0, 'brought')).toBe(before)
    await machine.setDevice(0, true)
    await machine.sleep(1_000_000)
    expect(field(machine, 0, 'brought')).toBeGreaterThan(before + 90)
    await expect(machine.setDevice(1, true)).rejects.toMatchObject({ code: 'ENODEV' })
  })
})

test('packets come at the rate that was asked for, and no more than so many', async () => {
  const devices = [
    { kind: 'nic', rate: 10_000 },
    { kind: 'nic', rate: 1000, packets: 3 },
  ] as const
  await onDeterministic({ cpus: 2, seed: 1, devices }, async (machine) => {
    await machine.sleep(20_000_000)
    expect(Math.abs(field(machine, 0, 'brought') - 200)).toBeLessThanOrEqual(2)
    expect(field(machine, 1, 'brought')).toBe(3)
  })
})

test('a ring that is full takes no more: what comes then is counted as dropped', async () => {
  await onDeterministic({ cpus: 2, seed: 1, devices: [{ kind: 'nic', rate: 2_000_000 }] }, async (machine) => {
    // While a program computes, interrupts wait.
    const task = await machine.spawn({ workload: 'sha256', work: 2000, affinity: '0' })
    await task.result
    await quiet(machine)
    expect(field(machine, 0, 'dropped')).toBeGreaterThan(0)
    expect(field(machine, 0, 'processed')).toBe(field(machine, 0, 'brought'))
  })
})

test('the same seed is the same run, devices included', async () => {
  const digest = async (seed: number): Promise<number> => {
    let found = 0
    await onDeterministic({ cpus: 3, seed, devices: [NIC] }, async (machine) => {
      await machine.offline(1)
      await machine.sleep(500_000)
      await machine.online(1)
      found = machine.counters().digest!
    })
    return found
  }
  expect(await digest(5)).toBe(await digest(5))
  expect(await digest(5)).not.toBe(await digest(6))
})

test('a machine without devices has no memory for them, and takes no lock of theirs', () => {
  const config = { cpus: 4, tasks: 10, workers: 1, traceRecords: 16, scratch: 0, user: 0 }
  const names = (layout: Layout): string[] =>
    [...layout.locks().keys()].filter((name) => /^(irq|queue|request)/.test(name))
  expect(names(new Layout(config))).toEqual([])
  const kinds = new Set(
    names(new Layout({ ...config, devices: 1, irqs: 2 })).map((name) => name.replace(/\[\d+\]/, '')),
  )
  expect([...kinds]).toEqual([
    'irq_data.sparseIrqLock.waitLock',
    'irq_data.vectorLock',
    'irq.lock',
    'queue.lock',
    'request.done.lock',
  ])
})

describe('bad options:', () => {
  test.each([
    [{ kind: 'modem' }, "a device's kind is nic or disk, not modem"],
    [{ kind: 'nic', queues: 0 }, "a device's queues is a whole number from 1 to 16, not 0"],
    [{ kind: 'nic', rate: 1.5 }, "a device's rate is a whole number from 1 to 10000000, not 1.5"],
    [{ kind: 'nic', speed: 1 }, 'a device has kind, queues, rate and packets, no speed'],
    ['nic', 'a device is { kind, queues, rate, packets }, not nic'],
  ])('%j', async (device, message) => {
    await expect(Machine.boot({ cpus: 1, machine: 'deterministic', devices: [device as never] })).rejects.toThrow(
      message,
    )
  })

  test('more queues than there are interrupts', async () => {
    const devices = [{ kind: 'nic', queues: 10 } as const, { kind: 'disk', queues: 7 } as const]
    await expect(Machine.boot({ cpus: 1, machine: 'deterministic', devices })).rejects.toThrow(
      'there is room for 16 queues of devices, these have 17',
    )
  })
})

test('what a dead CPU was to poll is polled by the one that took it down', async () => {
  await onDeterministic(
    { cpus: 3, seed: 2, devices: [{ kind: 'nic', rate: 100_000, packets: 20 }] },
    async (machine) => {
      const { memory } = machine
      const queue = memory.queue(0)
      // As if its softirq had not been served: the card has raised its interrupt, and CPU 2 was to poll.
      memory.set(queue + DEVICE_QUEUE.interrupts, INTERRUPTS.off)
      memory.set(queue + DEVICE_QUEUE.napi, NAPI.sched)
      memory.set(memory.softnet(2) + SOFTNET.head, queue)
      memory.set(memory.softnet(2) + SOFTNET.tail, queue)
      await machine.sleep(1_000_000)
      expect(field(machine, 0, 'brought')).toBe(20)
      expect(field(machine, 0, 'processed')).toBe(0)
      await machine.offline(2)
      await settle(machine)
      expect(field(machine, 0, 'processed')).toBe(20)
      expect(checkInvariants(machine).violations).toEqual([])
    },
  )
})

test('a packet that comes as the interrupt is switched on again is seen, and be it the last one', async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const devices = [{ kind: 'nic', rate: 4_000_000, packets: 3 } as const]
    await onDeterministic({ cpus: 2, seed, devices }, async (machine) => {
      await machine.sleep(50_000)
      await settle(machine)
      expect(field(machine, 0, 'processed'), `seed ${seed}`).toBe(3)
    })
  }
})

test('all interrupts of all queues fit on the last CPU', async () => {
  const devices = [{ kind: 'nic', queues: 16, rate: 100_000 } as const]
  await onDeterministic({ cpus: 4, seed: 3, devices }, async (machine) => {
    for (const cpu of [1, 2, 3]) await machine.offline(cpu)
    for (let irq = 1; irq <= 16; irq++) expect(machine.memory.get(machine.memory.irq(irq) + IRQ_DESC.cpu)).toBe(0)
    await machine.sleep(1_000_000)
    await quiet(machine)
    for (let queue = 0; queue < 16; queue++) expect(field(machine, queue, 'processed')).toBeGreaterThan(0)
  })
})
