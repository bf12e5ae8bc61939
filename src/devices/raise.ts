// How a device raises an interrupt: it writes a message, which says for which CPU and by which vector it is.
//
//   device                                who changes where it goes (irq/vector.ts)
//   inFlight = 1                          message = the new one
//   read the message; interrupt that CPU  wait until inFlight = 0
//   inFlight = 0                          from here on none comes by the old one
//
// On a real machine the reading back of the message has that effect: it pushes before it what the device has written.
import { DEVICE_QUEUE } from '../memory/device-structs.js'
import type { Device } from '../ops/device.js'
import { acquire, full, type Kernel, release } from '../ops/operation.js'

/** Message words: the CPU from bit 8 on, the vector below. */
const VECTOR_BITS = 8

export function messageOf(cpu: number, vector: number): number {
  return (cpu << VECTOR_BITS) | vector
}

/** Raises the interrupt of a queue. One that the CPU has not taken yet is the same. */
export function* raiseInterrupt(device: Device, queue: number): Kernel<void> {
  const { memory } = device
  yield device.store(queue + DEVICE_QUEUE.inFlight, 1, full, 'device_raise:begin')
  const message = yield device.load(queue + DEVICE_QUEUE.message, acquire, 'device_raise:message')
  yield device.sendIpi(message >> VECTOR_BITS, message & ((1 << VECTOR_BITS) - 1), 'device_raise')
  yield device.store(queue + DEVICE_QUEUE.inFlight, 0, release, 'device_raise:end')
  memory.set(queue + DEVICE_QUEUE.raised, (memory.get(queue + DEVICE_QUEUE.raised) + 1) | 0)
}
