// Which devices a machine has, what they are called, and where they lie.
import { NS_PER_S } from '../base/time.js'
import { LIMITS } from '../memory/layout.js'
import type { Memory } from '../memory/memory.js'
import { DEVICE, DEVICE_QUEUE } from '../memory/structs/devices.js'
import { INTERRUPTS } from './raise.js'

export const DEVICE_KINDS = ['nic', 'disk'] as const
export type DeviceKind = (typeof DEVICE_KINDS)[number]

/** A device to boot a machine with. */
export interface DeviceConfig {
  /** a network card that packets come to, or a disk that tasks make requests to */
  readonly kind: DeviceKind
  /** its queues, each with an interrupt of its own (default 1) */
  readonly queues?: number
  /** nic: packets a second of the machine's time; disk: requests a second, one after the other (default 10,000) */
  readonly rate?: number
  /** nic: how many packets come in all (default: any number) */
  readonly packets?: number
}

const DEFAULT_RATE = 10_000
/** A machine with devices has no more CPUs than a request has room for in a mask. */
export const MAX_CPUS_WITH_DEVICES = 1024
export const MAX_RATE = 10_000_000

/** Queues, and so interrupts, of all devices. */
export function queuesOf(devices: readonly DeviceConfig[]): number {
  return devices.reduce((sum, { queues = 1 }) => sum + queues, 0)
}

/** What is wrong with a list of devices, in a line; null when nothing is. */
export function deviceProblem(devices: unknown): string | null {
  if (!Array.isArray(devices)) return `devices is a list, not ${String(devices)}`
  for (const device of devices as readonly unknown[]) {
    if (typeof device !== 'object' || device === null)
      return `a device is { kind, queues, rate, packets }, not ${device}`
    const { kind, queues = 1, rate = DEFAULT_RATE, packets = 0, ...rest } = device as Record<string, unknown>
    const [other] = Object.keys(rest)
    if (other !== undefined) return `a device has kind, queues, rate and packets, no ${other}`
    if (!DEVICE_KINDS.includes(kind as DeviceKind)) {
      return `a device's kind is ${DEVICE_KINDS.join(' or ')}, not ${String(kind)}`
    }
    const problem =
      within('queues', queues, 1, LIMITS.irqs) ??
      within('rate', rate, 1, MAX_RATE) ??
      within('packets', packets, 0, 2 ** 31 - 1)
    if (problem !== null) return problem
  }
  const queues = queuesOf(devices as readonly DeviceConfig[])
  return queues <= LIMITS.irqs ? null : `there is room for ${LIMITS.irqs} queues of devices, these have ${queues}`
}

function within(name: string, value: unknown, low: number, high: number): string | null {
  if (Number.isInteger(value) && (value as number) >= low && (value as number) <= high) return null
  return `a device's ${name} is a whole number from ${low} to ${high}, not ${String(value)}`
}

/** Plugs the devices in, before any CPU runs. */
export function formatDevices(memory: Memory, devices: readonly DeviceConfig[]): void {
  let first = 0
  for (const [index, { kind, queues = 1, rate = DEFAULT_RATE, packets = 0 }] of devices.entries()) {
    const device = memory.device(index)
    memory.set(device + DEVICE.kind, DEVICE_KINDS.indexOf(kind))
    memory.set(device + DEVICE.firstQueue, first)
    memory.set(device + DEVICE.queues, queues)
    memory.set(device + DEVICE.limit, packets)
    memory.setTime(device + DEVICE.intervalNs, NS_PER_S / rate)
    for (let n = first; n < first + queues; n++) {
      memory.set(memory.queue(n) + DEVICE_QUEUE.device, device)
      memory.set(memory.queue(n) + DEVICE_QUEUE.interrupts, INTERRUPTS.on)
    }
    first += queues
  }
}

/** The device that an irq is of. */
export function deviceOf(memory: Memory, irq: number): number {
  return memory.get(memory.queue(irq - 1) + DEVICE_QUEUE.device)
}

export function kindOf(memory: Memory, device: number): DeviceKind {
  return DEVICE_KINDS[memory.get(device + DEVICE.kind)]!
}

/** What an interrupt is called in /proc/interrupts: 'eth0-rx-1', 'nvme0q1'. */
export function irqName(memory: Memory, irq: number): string {
  const device = deviceOf(memory, irq)
  const queue = irq - 1 - memory.get(device + DEVICE.firstQueue)
  let nth = 0
  for (let index = 0; index < memory.deviceIndex(device); index++) {
    if (memory.get(memory.device(index) + DEVICE.kind) === memory.get(device + DEVICE.kind)) nth++
  }
  return kindOf(memory, device) === 'nic' ? `eth${nth}-rx-${queue}` : `nvme${nth}q${queue + 1}`
}
