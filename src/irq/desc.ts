// Interrupts of devices: asking for one, giving it back.
//
// An irq's number is that of the device's queue + 1: number 0 is the host's port, which is none of these.
import { ERRNO } from '../base/errno.js'
import type { Memory } from '../memory/memory.js'
import { IRQ_DATA, IRQ_DESC } from '../memory/structs/devices.js'
import type { Cpu } from '../ops/cpu.js'
import type { Kernel } from '../ops/operation.js'
import { mutexLock, mutexUnlock } from '../sync/mutex.js'
import { copyMask } from './masks.js'
import { assignVector, clearVectors } from './vector.js'

/** Bits of a descriptor's state. */
export const IRQ_STATE = {
  started: 1,
  /** its handler runs on some CPU */
  inProgress: 2,
  /** it came again meanwhile: the handler is called once more */
  pending: 4,
  /** where it goes is to be changed when it is taken next (IRQD_SETAFFINITY_PENDING) */
  movePending: 8,
} as const

/** What a handler answers. */
export const IRQ_NONE = 0
export const IRQ_HANDLED = 1

const sparseIrqLock = ({ memory }: Cpu): number => memory.layout.irqData.base + IRQ_DATA.sparseIrqLock

/** Keeps irqs from being asked for or given back while a CPU comes or goes. No cost where there are no devices. */
export function* irqLockSparse(cpu: Cpu): Kernel<void> {
  if (cpu.memory.irqs > 0) yield* mutexLock(cpu, sparseIrqLock(cpu))
}

export function* irqUnlockSparse(cpu: Cpu): Kernel<void> {
  if (cpu.memory.irqs > 0) yield* mutexUnlock(cpu, sparseIrqLock(cpu))
}

export function hasState(memory: Memory, irq: number, bit: number): boolean {
  return (memory.get(memory.irq(irq) + IRQ_DESC.state) & bit) !== 0
}

/** The descriptor's lock is held. */
export function changeState(memory: Memory, irq: number, set: number, clear: number): void {
  const state = memory.irq(irq) + IRQ_DESC.state
  memory.set(state, (memory.get(state) & ~clear) | set)
}

/**
 * Has kernel function `handler`(irq, argument) called when the irq is taken; it may go to any CPU. Answers 0, -EBUSY when somebody
 * has it, -EINVAL when there is none, -ENOSPC when no CPU has a vector left.
 */
export function* requestIrq(cpu: Cpu, irq: number, handler: number, argument: number): Kernel<number> {
  const { memory } = cpu
  if (irq < 1 || irq > memory.irqs) return -ERRNO.EINVAL
  const desc = memory.irq(irq)
  yield* irqLockSparse(cpu)
  yield cpu.lockIrq(desc + IRQ_DESC.lock, 'request_irq')
  let result: number = -ERRNO.EBUSY
  if (memory.get(desc + IRQ_DESC.action) === 0) {
    copyMask(memory, memory.irqMask(irq, 'affinity'), memory.possible)
    result = yield* assignVector(cpu, irq, memory.irqMask(irq, 'affinity'))
  }
  if (result === 0) {
    memory.set(desc + IRQ_DESC.action, handler)
    memory.set(desc + IRQ_DESC.argument, argument)
    memory.set(desc + IRQ_DESC.state, IRQ_STATE.started)
  }
  yield cpu.unlockIrq(desc + IRQ_DESC.lock, 'request_irq')
  yield* irqUnlockSparse(cpu)
  return result
}

/** Gives an irq back, whose device raises none any more: its handler is not called again when this returns. */
export function* freeIrq(cpu: Cpu, irq: number): Kernel<void> {
  const { memory } = cpu
  const desc = memory.irq(irq)
  yield* irqLockSparse(cpu)
  yield cpu.lockIrq(desc + IRQ_DESC.lock, 'free_irq')
  memory.set(desc + IRQ_DESC.action, 0)
  changeState(memory, irq, 0, IRQ_STATE.started | IRQ_STATE.pending | IRQ_STATE.movePending)
  while (hasState(memory, irq, IRQ_STATE.inProgress)) {
    yield cpu.unlockIrq(desc + IRQ_DESC.lock, 'synchronize_irq')
    yield cpu.lockIrq(desc + IRQ_DESC.lock, 'synchronize_irq')
  }
  yield* clearVectors(cpu, irq)
  yield cpu.unlockIrq(desc + IRQ_DESC.lock, 'free_irq')
  yield* irqUnlockSparse(cpu)
}
