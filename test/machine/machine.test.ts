import { describe, expect } from 'vitest'
import { KernelError, Machine, UsageError } from '#dist/src/index.js'
import { kernelModule, onEveryMachine, rejection } from '../support/machines.js'

const OPTIONS = { cpus: 3, modules: [kernelModule('faults'), kernelModule('hotplug')], seeds: 2 }

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await rejection(promise)
  expect(error).toBeInstanceOf(KernelError)
  return (error as KernelError).code
}

describe('a machine', () => {
  onEveryMachine('is up when boot resolves', { cpus: 4 }, async (machine, { kind }) => {
    expect(machine.kind).toBe(kind)
    expect(machine.cpus).toBe(4)
    expect(machine.failure).toBe(null)
    expect(await machine.read('online')).toBe('0-3')
    for (let cpu = 0; cpu < 4; cpu++) expect(await machine.read(`cpu${cpu}/hotplug/state`)).toBe('236')
  })

  onEveryMachine('stands still for each who asks, also for several at once', { cpus: 3, seeds: 4 }, async (machine) => {
    const wanted = Array.from({ length: 12 }, (_, n) => n)
    expect(await Promise.all(wanted.map((n) => machine.freeze(() => n)))).toEqual(wanted)
    expect(await rejection(machine.freeze(() => Number(BigInt(1) / BigInt(0))))).toBeInstanceOf(RangeError)
    expect(await machine.freeze(() => 'again')).toBe('again')
  })

  onEveryMachine('may have one CPU only', { cpus: 1 }, async (machine) => {
    expect(await machine.read('online')).toBe('0')
    expect(await codeOf(machine.write('cpu0/hotplug/target', 0))).toBe('EBUSY')
  })

  onEveryMachine('runs functions of its modules, on the CPU that is asked for', OPTIONS, async (machine) => {
    expect(await machine.run('faults_echo', { args: [40, 2] })).toBe(42)
    expect(await machine.run('faults_echo')).toBe(0)
    expect(await machine.run('faults_echo', { cpu: 1, args: [-0x8000_0000, -1] })).toBe(0x7fff_ffff)
    for (const cpu of [2, 0, 1]) expect(await machine.run('hotplug_where', { cpu })).toBe(cpu)
    await machine.offline(1)
    expect(await codeOf(machine.run('hotplug_where', { cpu: 1 }))).toBe('ENXIO')
  })

  onEveryMachine(
    'runs many functions at once, one after another where there are too many',
    OPTIONS,
    async (machine) => {
      const sums = Array.from({ length: 150 }, (_, n) => machine.run('faults_echo', { cpu: n % 3, args: [n, 1] }))
      expect(await Promise.all(sums)).toEqual(sums.map((_, n) => n + 1))
    },
  )

  onEveryMachine('refuses what makes no sense', OPTIONS, async (machine) => {
    expect(await rejection(machine.run('nobody'))).toBeInstanceOf(UsageError)
    for (const cpu of [3, -2, 0.5, Number.NaN])
      expect(await rejection(machine.run('faults_echo', { cpu })), String(cpu)).toBeInstanceOf(TypeError)
    for (const cpu of [-1, 0.5]) expect(await rejection(machine.offline(cpu))).toBeInstanceOf(TypeError)
    expect(await codeOf(machine.offline(3))).toBe('ENODEV')
    expect(await codeOf(machine.online(77))).toBe('ENODEV')
  })

  onEveryMachine('has the files of /sys/devices/system/cpu', OPTIONS, async (machine) => {
    expect(await machine.read('/sys/devices/system/cpu/online')).toBe('0-2')
    expect(await machine.read('kernel_max')).toBe('2')
    expect((await machine.read('hotplug/states')).split('\n')).toContain('235: sched:active')
    for (const path of ['nothing', 'cpu9/online', 'cpu1/hotplug/nothing', 'cpu01/online', 'cpu0/online']) {
      expect(await codeOf(machine.read(path)), path).toBe('ENOENT')
      expect(await codeOf(machine.write(path, 1)), path).toBe('ENOENT')
    }
    for (const path of ['cpu1', 'cpu1/hotplug', '']) {
      expect(await codeOf(machine.read(path)), path).toBe('EISDIR')
      expect(await codeOf(machine.write(path, 1)), path).toBe('EISDIR')
    }
    for (const path of ['online', 'kernel_max', 'hotplug/states', 'cpu1/hotplug/state']) {
      expect(await codeOf(machine.write(path, 1)), path).toBe('EACCES')
    }
    for (const text of ['x'.repeat(500), '\x001', 'ü', '１']) {
      expect(await codeOf(machine.write('cpu1/online', text)), text).toBe('EINVAL')
    }
    // A string of the kernel's ends at a zero.
    await machine.write('cpu1/online', '0\n\0')
    expect(await machine.read('online')).toBe('0,2')
    await machine.write('cpu1/online', '1\0x')
    expect(await machine.read('online')).toBe('0-2')
  })

  onEveryMachine(
    'gives each trace event once, in order, and counts those that it had no room for',
    { ...OPTIONS, traceRecords: 64 },
    async (machine) => {
      machine.trace()
      const lost = machine.lostEvents
      await machine.write('cpu1/hotplug/target', 235)
      const events = machine.trace()
      expect(events.length).toBeGreaterThan(2)
      expect(machine.lostEvents).toBe(lost)
      const tickets = events.map(({ ticket }) => ticket)
      expect(tickets).toEqual([...tickets].sort((a, b) => a - b))
      expect(new Set(tickets).size).toBe(tickets.length)
      for (const event of events) expect(machine.formatEvent(event)).toMatch(/^\d+\.\d{6} \[00[0-2]\] \S+: \w+: /)
      await machine.offline(1)
      machine.trace()
      expect(machine.lostEvents).toBeGreaterThan(lost)
    },
  )

  onEveryMachine(
    'works without a trace, where there is no room for one',
    { ...OPTIONS, traceRecords: 0 },
    async (machine) => {
      await machine.offline(1)
      await machine.online(1)
      expect(await machine.read('online')).toBe('0-2')
      expect(machine.trace()).toEqual([])
      expect(machine.lostEvents).toBe(0)
      expect(machine.latestEvents(1)).toEqual([])
    },
  )
})

describe('two machines', () => {
  onEveryMachine('have nothing to do with each other', { ...OPTIONS, seeds: 1 }, async (machine, { kind }) => {
    const other = await Machine.boot({ cpus: 2, machine: kind })
    await Promise.all([machine.offline(2), other.offline(1)])
    expect(await Promise.all([machine.read('online'), other.read('online')])).toEqual(['0-1', '0'])
    await other.shutdown()
    await machine.online(2)
    // A string of the kernel's ends at a zero.
    await machine.write('cpu1/online', '0\n\0')
    expect(await machine.read('online')).toBe('0,2')
    await machine.write('cpu1/online', '1\0x')
    expect(await machine.read('online')).toBe('0-2')
  })
})
