// Requests to a disk: a task takes a tag, submits, and sleeps until the request has been completed (complete.ts).
import { ERRNO } from '../base/errno.js'
import { kindOf } from '../devices/config.js'
import { REQUESTS } from '../memory/layout.js'
import type { Memory } from '../memory/memory.js'
import { DEVICE, DEVICE_QUEUE, IO_REQUEST } from '../memory/structs/devices.js'
import { COMPLETION } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { full, type Kernel, relaxed, release } from '../ops/operation.js'
import { waitForCompletion } from '../sync/completion.js'

/** The first disk of the machine, by its number among the devices; -1: it has none. */
export function firstDisk(memory: Memory): number {
  for (let index = 0; index < memory.layout.devices.count; index++) {
    if (kindOf(memory, memory.device(index)) === 'disk') return index
  }
  return -1
}

/** Submits a request to a disk, from this CPU. Answers its tag, or -EAGAIN while all are in use. */
export function* submitRequest(cpu: Cpu, disk: number): Kernel<number> {
  const { memory } = cpu
  const device = memory.device(disk)
  const tag = yield* takeTag(cpu, device + DEVICE.tags)
  if (tag < 0) return tag
  const request = memory.ioRequest(disk, tag)
  cpu.preemptDisable()
  memory.set(request + IO_REQUEST.cpu, cpu.id)
  memory.set(request + IO_REQUEST.started, 1)
  memory.set(request + IO_REQUEST.done + COMPLETION.done, 0)
  const index = memory.get(device + DEVICE.firstQueue) + (cpu.id % memory.get(device + DEVICE.queues))
  const queue = memory.queue(index)
  yield cpu.lock(queue + DEVICE_QUEUE.lock, 'queue_rq')
  const count = memory.get(queue + DEVICE_QUEUE.submitted)
  memory.set(memory.submission(index, count), tag)
  // Release: pairs with serve.
  yield cpu.store(queue + DEVICE_QUEUE.submitted, (count + 1) | 0, release, 'queue_rq')
  yield cpu.unlock(queue + DEVICE_QUEUE.lock, 'queue_rq')
  yield cpu.add(device + DEVICE.doorbell, 1, full, 'queue_rq:doorbell')
  cpu.preemptEnable()
  return tag
}

function* takeTag(cpu: Cpu, tags: number): Kernel<number> {
  let used = yield cpu.load(tags, relaxed, 'blk_mq_get_tag')
  for (;;) {
    const free = ~used
    if (free === 0) return -ERRNO.EAGAIN
    const bit = free & -free
    const seen = yield cpu.compareExchange(tags, used, used | bit, full, 'blk_mq_get_tag')
    if (seen === used) return REQUESTS - 1 - Math.clz32(bit)
    used = seen
  }
}

/** Waits until a request has been completed, and gives its tag back. May sleep in the middle: for kernel threads. */
export function* waitForRequest(cpu: Cpu, disk: number, tag: number): Kernel<void> {
  yield* waitForCompletion(cpu, cpu.memory.ioRequest(disk, tag) + IO_REQUEST.done)
  yield* putTag(cpu, disk, tag)
}

export function* putTag(cpu: Cpu, disk: number, tag: number): Kernel<void> {
  yield cpu.and(cpu.memory.device(disk) + DEVICE.tags, ~(1 << tag), full, 'blk_mq_put_tag')
}
