// Loads of devices: interrupts that are sent from one CPU to another one, and requests to a disk.

import { ERRNO } from '../base/errno.js'
import { firstDisk, putTag, submitRequest } from '../block/request.js'
import { irqSetAffinityTo } from '../irq/affinity.js'
import { IO_REQUEST } from '../memory/structs/devices.js'
import { KTHREAD } from '../memory/structs/loads.js'
import { TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { type Kernel, relaxed } from '../ops/operation.js'
import { RESTART } from '../sched/task.js'
import { completionReady } from '../sync/completion.js'
import { beginRound, COUNT, count, endRound } from './round.js'

/** What the loads add to the thread's own counts. */
export const IRQS = { moved: COUNT.own, offline: COUNT.own + 1 } as const
export const DISK = { completed: COUNT.own } as const

/** Sends one of the machine's interrupts to some CPU, as irqbalance does; it may be offline. */
export function* irqs(cpu: Cpu, thread: number): Kernel<number> {
  const { memory } = cpu
  yield* beginRound(cpu, thread)
  const irq = 1 + (yield cpu.choose(memory.irqs, 'load_irqs:irq'))
  const target = yield cpu.choose(memory.layout.config.cpus, 'load_irqs:target')
  const answer = yield* irqSetAffinityTo(cpu, irq, target)
  if (answer !== 0 && answer !== -ERRNO.EINVAL) yield count(cpu, thread, COUNT.wrong, 'load_irqs:answer')
  yield count(cpu, thread, answer === 0 ? IRQS.moved : IRQS.offline, 'load_irqs:moved')
  return yield* endRound(cpu, thread)
}

const PHASE = { between: 0, waits: 1 } as const

/** Makes a request to the disk, and sleeps until it has been carried out: wherever this thread is by then. */
export function* diskRequests(cpu: Cpu, thread: number): Kernel<number> {
  const { memory, task } = cpu
  const disk = firstDisk(memory)
  if (memory.get(task + TASK.phase) === PHASE.between) {
    yield* beginRound(cpu, thread)
    const tag = yield* submitRequest(cpu, disk)
    // All are in use: it has not been its turn.
    if (tag < 0) return yield* endRound(cpu, thread)
    memory.set(task + TASK.progress, tag)
    memory.set(task + TASK.phase, PHASE.waits)
  }
  const tag = memory.get(task + TASK.progress)
  const request = memory.ioRequest(disk, tag)
  if (!(yield* completionReady(cpu, request + IO_REQUEST.done))) return RESTART
  yield* putTag(cpu, disk, tag)
  yield cpu.add(thread + KTHREAD.count + DISK.completed, 1, relaxed, 'load_disk:completed')
  return yield* endRound(cpu, thread)
}
