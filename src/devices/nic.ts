// A network card: packets come to it at a rate, each for one of its queues. It writes them into the queue's ring and raises
// the queue's interrupt, unless the driver has that switched off; raising it switches it off.
//
//   card                                  driver (net/napi.ts)
//   packet into the ring; head + 1        interrupt: off it stays; polls until the ring is empty
//   interrupts on? off, and raise         interrupts on; is the ring still empty? else goes on polling

import { RING } from '../memory/layout.js'
import { DEVICE, DEVICE_QUEUE } from '../memory/structs/devices.js'
import type { Device } from '../ops/device.js'
import { acquire, full, type Kernel } from '../ops/operation.js'
import { INTERRUPTS, raiseInterrupt } from './raise.js'

/** How far it may be behind, in packets: what should have come before that has not been sent. */
const BACKLOG = 2 * RING

/** The card. Ends when it has brought all the packets that it was to bring. */
export function* nic(device: Device): Kernel<void> {
  const { memory } = device
  const registers = memory.device(device.index)
  const first = memory.get(registers + DEVICE.firstQueue)
  const queues = memory.get(registers + DEVICE.queues)
  const limit = memory.get(registers + DEVICE.limit)
  const intervalNs = memory.getTime(registers + DEVICE.intervalNs)
  let arrived = 0
  while (limit === 0 || arrived < limit) {
    yield device.wait(registers + DEVICE.up, 0, Number.POSITIVE_INFINITY, 'nic:down')
    let next = (yield device.clock('nic:up')) + intervalNs
    while ((yield device.wait(registers + DEVICE.up, 1, next, 'nic:idle')) === 1) {
      // Which one a packet is for, its addresses say: any, but they take turns more or less.
      const skipped = queues === 1 ? 0 : yield device.choose(queues, 'nic:queue')
      yield* receive(device, first + ((arrived + skipped) % queues))
      arrived++
      if (arrived === limit) break
      const now = yield device.clock('nic:now')
      next = Math.max(next + intervalNs, now - BACKLOG * intervalNs)
    }
  }
}

/** A packet: its number, counted for each queue, goes into the ring. There is no room? It is dropped, and has no number. */
function* receive(device: Device, index: number): Kernel<void> {
  const { memory } = device
  const queue = memory.queue(index)
  const brought = memory.get(queue + DEVICE_QUEUE.brought)
  const tail = yield device.load(queue + DEVICE_QUEUE.tail, acquire, 'nic:room')
  if (((brought - tail) | 0) === RING) {
    memory.set(queue + DEVICE_QUEUE.dropped, (memory.get(queue + DEVICE_QUEUE.dropped) + 1) | 0)
    return
  }
  memory.set(memory.descriptor(index, brought), brought)
  memory.set(queue + DEVICE_QUEUE.brought, (brought + 1) | 0)
  // Full: the driver switches interrupts on, then looks at the head.
  yield device.store(queue + DEVICE_QUEUE.head, (brought + 1) | 0, full, 'nic:head')
  yield* raiseInterrupt(device, queue, INTERRUPTS.off)
}
