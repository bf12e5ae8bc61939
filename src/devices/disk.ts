// A disk: requests are submitted to its queues; it takes one after the other and says that each is done when its time has
// passed. A completion is the request's tag, in the ring of the queue that it came by.
import { DEVICE, DEVICE_QUEUE } from '../memory/structs/devices.js'
import type { Device } from '../ops/device.js'
import { acquire, type Kernel, release } from '../ops/operation.js'
import { INTERRUPTS, raiseInterrupt } from './raise.js'

export function* disk(device: Device): Kernel<void> {
  const { memory } = device
  const registers = memory.device(device.index)
  const intervalNs = memory.getTime(registers + DEVICE.intervalNs)
  const taken = new Int32Array(memory.get(registers + DEVICE.queues))
  for (;;) {
    const bell = yield device.load(registers + DEVICE.doorbell, acquire, 'disk:doorbell')
    let served = 0
    for (let n = 0; n < taken.length; n++) served += yield* serve(device, n, taken, intervalNs)
    if (served === 0) yield device.wait(registers + DEVICE.doorbell, bell, Number.POSITIVE_INFINITY, 'disk:idle')
  }
}

/** Carries out the oldest request of a queue. Answers how many there were. */
function* serve(device: Device, n: number, taken: Int32Array, intervalNs: number): Kernel<number> {
  const { memory } = device
  const registers = memory.device(device.index)
  const index = memory.get(registers + DEVICE.firstQueue) + n
  const queue = memory.queue(index)
  const submitted = yield device.load(queue + DEVICE_QUEUE.submitted, acquire, 'disk:submitted')
  if (submitted === taken[n]) return 0
  const tag = memory.get(memory.submission(index, taken[n]!))
  taken[n]!++
  const begun = yield device.clock('disk:begin')
  yield device.sleep(begun + intervalNs, 'disk:busy')
  const brought = memory.get(queue + DEVICE_QUEUE.brought)
  memory.set(memory.descriptor(index, brought), tag)
  memory.set(queue + DEVICE_QUEUE.brought, (brought + 1) | 0)
  yield device.store(queue + DEVICE_QUEUE.head, (brought + 1) | 0, release, 'disk:head')
  yield* raiseInterrupt(device, queue, INTERRUPTS.on)
  return 1
}
