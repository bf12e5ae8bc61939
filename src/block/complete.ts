// Completing the requests of a disk: on the CPU that each was submitted on, where that is online.
//
//   the disk's interrupt, on any CPU          the submitter's CPU
//   tags out of the queue's ring; of each:
//     submitted elsewhere? call that CPU ---> onto its list; raise BLOCK
//     one queue? onto this CPU's list;        BLOCK softirq: the whole list: complete each
//       raise BLOCK
//     else complete it at once
//
// A list is its CPU's own, with interrupts off; when that CPU is dead, who took it down completes what is there
// (block/softirq:dead).
import { IRQ_HANDLED, IRQ_NONE } from '../irq/desc.js'
import { BLK_DONE, DEVICE, DEVICE_QUEUE, IO_REQUEST } from '../memory/structs/devices.js'
import { bugOn } from '../ops/bug.js'
import type { Cpu } from '../ops/cpu.js'
import { FN } from '../ops/functions.js'
import { hasBit, loadBit } from '../ops/mask.js'
import { acquire, type Kernel } from '../ops/operation.js'
import { smpCallFunctionSingleAsync } from '../smp/smp.js'
import { raiseSoftirq, SOFTIRQ } from '../softirq/softirq.js'
import { complete } from '../sync/completion.js'

/** The disk's handler: `queue` is the one that the irq is of. The irq is taken by one CPU at a time: the tail is its own. */
export function* diskInterrupt(cpu: Cpu, _irq: number, queue: number): Kernel<number> {
  const { memory } = cpu
  const index = memory.queueIndex(queue)
  const head = yield cpu.load(queue + DEVICE_QUEUE.head, acquire, 'disk_irq')
  let tail = memory.get(queue + DEVICE_QUEUE.tail)
  if (tail === head) return IRQ_NONE
  const device = memory.get(queue + DEVICE_QUEUE.device)
  for (; tail !== head; tail = (tail + 1) | 0) {
    const tag = memory.get(memory.descriptor(index, tail))
    memory.set(queue + DEVICE_QUEUE.tail, (tail + 1) | 0)
    yield* completeRequest(cpu, device, memory.ioRequest(memory.deviceIndex(device), tag))
  }
  return IRQ_HANDLED
}

function* completeRequest(cpu: Cpu, device: number, request: number): Kernel<void> {
  const { memory } = cpu
  const submitter = memory.get(request + IO_REQUEST.cpu)
  if (submitter !== cpu.id && hasBit(yield loadBit(cpu, memory.online, submitter, 'blk_mq_complete'), submitter)) {
    const call = request + IO_REQUEST.call
    yield* smpCallFunctionSingleAsync(cpu, submitter, call, FN.blk_complete_remote, request)
  } else if (memory.get(device + DEVICE.queues) === 1) yield* addToDoneList(cpu, request)
  else yield* endRequest(cpu, request)
}

/** The call's part on the CPU that a request was submitted on. */
export function* blkCompleteRemote(cpu: Cpu, request: number): Kernel<number> {
  yield* addToDoneList(cpu, request)
  return 0
}

/** Interrupts are off. */
function* addToDoneList(cpu: Cpu, request: number): Kernel<void> {
  const { memory } = cpu
  const list = memory.blkDone(cpu.id) + BLK_DONE.head
  memory.set(request + IO_REQUEST.next, memory.get(list))
  memory.set(list, request)
  yield* raiseSoftirq(cpu, SOFTIRQ.block)
}

/** The BLOCK softirq. Interrupts are on. */
export function* blkDoneSoftirq(cpu: Cpu): Kernel<void> {
  yield* completeList(cpu, cpu.memory.blkDone(cpu.id) + BLK_DONE.head)
}

function* completeList(cpu: Cpu, list: number): Kernel<void> {
  const { memory } = cpu
  cpu.irqDisable()
  let newest = memory.get(list)
  memory.set(list, 0)
  cpu.irqEnable()
  let oldest = 0
  while (newest !== 0) {
    const next = memory.get(newest + IO_REQUEST.next)
    memory.set(newest + IO_REQUEST.next, oldest)
    oldest = newest
    newest = next
  }
  while (oldest !== 0) {
    // Its task may use it again as soon as it is completed.
    const next = memory.get(oldest + IO_REQUEST.next)
    yield* endRequest(cpu, oldest)
    oldest = next
  }
}

/** The request is done: its task goes on. */
function* endRequest(cpu: Cpu, request: number): Kernel<void> {
  const { memory } = cpu
  const started = memory.get(request + IO_REQUEST.started)
  bugOn(started !== 1, 'blk_mq_end_request', 'a request is completed that is not under way')
  memory.set(request + IO_REQUEST.started, 0)
  yield* complete(cpu, request + IO_REQUEST.done)
}

/** block/softirq:dead: what the dead CPU was to complete is completed here. */
export function* blkSoftirqCpuDead(cpu: Cpu, subject: number): Kernel<number> {
  const { memory } = cpu
  if (memory.irqs === 0) return 0
  const list = memory.blkDone(subject) + BLK_DONE.head
  if (cpu.bugs.has('lost-completions')) memory.set(list, 0)
  yield* completeList(cpu, list)
  return 0
}
