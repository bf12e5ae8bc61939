// How a device raises an interrupt: it writes a message, which says for which CPU and by which vector it is.
//
//   device                                who changes where it goes (irq/vector.ts)
//   interrupts on -> raising              message = the new one
//   read the message; interrupt that CPU  wait while it is raising
//   raising -> off, or on                 from here on none comes by the old one
//
// On a real machine the reading back of the message has that effect: it pushes before it what the device has written.
import { DEVICE_QUEUE } from '../memory/structs/devices.js'
import type { Device } from '../ops/device.js'
import { acquire, full, type Kernel } from '../ops/operation.js'

/** Values of a queue's register of that name. */
export const INTERRUPTS = { off: 0, on: 1, raising: 2 } as const

/** Message words: the CPU from bit 8 on, the vector below. */
const VECTOR_BITS = 8

export function messageOf(cpu: number, vector: number): number {
  return (cpu << VECTOR_BITS) | vector
}

/**
 * Raises the interrupt of a queue, if that is on; one that the CPU has not taken yet is the same. It is `after` afterwards, unless
 * the driver has taken it already and says otherwise.
 */
export function* raiseInterrupt(device: Device, queue: number, after: number): Kernel<void> {
  const { memory } = device
  const register = queue + DEVICE_QUEUE.interrupts
  const before = yield device.compareExchange(register, INTERRUPTS.on, INTERRUPTS.raising, full, 'device_raise:begin')
  if (before !== INTERRUPTS.on) return
  const message = yield device.load(queue + DEVICE_QUEUE.message, acquire, 'device_raise:message')
  yield device.sendIpi(message >> VECTOR_BITS, message & ((1 << VECTOR_BITS) - 1), 'device_raise')
  yield device.compareExchange(register, INTERRUPTS.raising, after, full, 'device_raise:end')
  memory.set(queue + DEVICE_QUEUE.raised, (memory.get(queue + DEVICE_QUEUE.raised) + 1) | 0)
}
