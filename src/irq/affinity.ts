// Where an interrupt may go. A change is written down, and made when the interrupt is taken next, on the CPU that takes it: only
// then is none on its way to the place where it went before (Linux: interrupts that can't be moved from process context).
import { ERRNO } from '../base/errno.js'
import { IRQ_DESC } from '../memory/structs/devices.js'
import type { Cpu } from '../ops/cpu.js'
import { hasBit } from '../ops/mask.js'
import { acquire, type Kernel } from '../ops/operation.js'
import { changeState, hasState, IRQ_STATE } from './desc.js'
import { copyMask, setOnly } from './masks.js'
import { assignVector } from './vector.js'

/** Lets an irq go to one CPU alone; answers as irqSetAffinity does. */
export function* irqSetAffinityTo(cpu: Cpu, irq: number, target: number): Kernel<number> {
  const { memory } = cpu
  const word = yield cpu.load(memory.online + (target >> 5), acquire, 'irq_set_affinity:online')
  if (!hasBit(word, target)) return -ERRNO.EINVAL
  const lock = memory.irq(irq) + IRQ_DESC.lock
  yield cpu.lockIrq(lock, 'irq_set_affinity')
  const started = hasState(memory, irq, IRQ_STATE.started)
  if (started) {
    setOnly(memory, memory.irqMask(irq, 'pending'), target)
    changeState(memory, irq, IRQ_STATE.movePending, 0)
  }
  yield cpu.unlockIrq(lock, 'irq_set_affinity')
  return started ? 0 : -ERRNO.EINVAL
}

/**
 * Lets an irq go to the CPUs of a mask, a word for each 32 of them at `mask`, which nobody changes. Answers 0, or -EINVAL when none
 * of them is online, or there is no such irq in use.
 */
export function* irqSetAffinity(cpu: Cpu, irq: number, mask: number): Kernel<number> {
  const { memory } = cpu
  if (irq < 1 || irq > memory.irqs) return -ERRNO.EINVAL
  if (!(yield* isAnyOnline(cpu, mask))) return -ERRNO.EINVAL
  const desc = memory.irq(irq)
  yield cpu.lockIrq(desc + IRQ_DESC.lock, 'irq_set_affinity')
  const started = hasState(memory, irq, IRQ_STATE.started)
  if (started) {
    copyMask(memory, memory.irqMask(irq, 'pending'), mask)
    changeState(memory, irq, IRQ_STATE.movePending, 0)
  }
  yield cpu.unlockIrq(desc + IRQ_DESC.lock, 'irq_set_affinity')
  return started ? 0 : -ERRNO.EINVAL
}

/** Whether any CPU of a mask is online at the moment. */
function* isAnyOnline(cpu: Cpu, mask: number): Kernel<boolean> {
  const { memory } = cpu
  let found = 0
  for (let w = 0; w < memory.layout.maskWords; w++) {
    found |= memory.get(mask + w) & (yield cpu.load(memory.online + w, acquire, 'irq_affinity:online'))
  }
  return found !== 0
}

/** Changes where an irq goes; its lock is held. Answers as assignVector does. */
export function* irqDoSetAffinity(cpu: Cpu, irq: number, mask: number): Kernel<number> {
  const result = yield* assignVector(cpu, irq, mask)
  if (result === 0) copyMask(cpu.memory, cpu.memory.irqMask(irq, 'affinity'), mask)
  return result
}

/** The irq is taken: a change of where it goes that has been written down is made now. Its lock is held. */
export function* irqMove(cpu: Cpu, irq: number): Kernel<void> {
  const { memory } = cpu
  if (!hasState(memory, irq, IRQ_STATE.movePending)) return
  changeState(memory, irq, 0, IRQ_STATE.movePending)
  const mask = memory.irqMask(irq, 'pending')
  // None of them is online any more: it stays where it is.
  if (!(yield* isAnyOnline(cpu, mask))) return
  const result = yield* irqDoSetAffinity(cpu, irq, mask)
  // The move before this one is not complete: again with the next one.
  if (result === -ERRNO.EBUSY) changeState(memory, irq, IRQ_STATE.movePending, 0)
}
