// Interrupts of devices and CPUs that come and go. A dying CPU, off the online mask and in the lockstep of stop_machine, sends
// each of its interrupts elsewhere; what is pending by then is raised again there.
import { ERRNO } from '../base/errno.js'
import { IRQ_DESC } from '../memory/structs/devices.js'
import type { Cpu } from '../ops/cpu.js'
import { testBit } from '../ops/mask.js'
import { full, type Kernel, type Operation, relaxed } from '../ops/operation.js'
import { EXTERNAL, FIRST_EXTERNAL } from '../ops/vectors.js'
import { irqDoSetAffinity } from './affinity.js'
import { changeState, hasState, IRQ_STATE } from './desc.js'
import { intersects } from './masks.js'
import { externalBits, forceCompleteMove, irqAt, RETRIGGERED, vectorLock } from './vector.js'

/** No irq goes to this CPU from here on, which is off the online mask. */
export function* fixupIrqs(cpu: Cpu): Kernel<void> {
  if (cpu.memory.irqs === 0) return
  for (let irq = 1; irq <= cpu.memory.irqs; irq++) yield* migrateIrq(cpu, irq)
  yield* retriggerPending(cpu)
}

function* migrateIrq(cpu: Cpu, irq: number): Kernel<void> {
  const { memory } = cpu
  const lock = memory.irq(irq) + IRQ_DESC.lock
  yield cpu.lockIrq(lock, 'irq_migrate_all_off_this_cpu')
  if (yield* migrateOneIrq(cpu, irq)) cpu.printk(7, `IRQ ${irq}: no longer affine to CPU${cpu.id}`)
  yield cpu.unlockIrq(lock, 'irq_migrate_all_off_this_cpu')
}

/** Moves an irq away, if it goes to this CPU. Answers whether it had to be allowed other CPUs for that. Its lock is held. */
function* migrateOneIrq(cpu: Cpu, irq: number): Kernel<boolean> {
  const { memory } = cpu
  // Where it went before may be this CPU, even if it does not go here any more.
  if (!cpu.bugs.has('M34')) yield* forceCompleteMove(cpu, irq)
  const goesHere = testBit(memory, memory.irqMask(irq, 'effective'), cpu.id)
  if (!hasState(memory, irq, IRQ_STATE.started) || !goesHere) {
    fixupMovePending(cpu, irq, false)
    return false
  }
  if (cpu.bugs.has('M34')) yield* forceCompleteMove(cpu, irq)
  const wanted = fixupMovePending(cpu, irq, true) ? 'pending' : 'affinity'
  let mask = memory.irqMask(irq, wanted)
  let broken = !intersects(memory, mask, memory.online)
  if (broken) mask = memory.online
  let error = yield* irqDoSetAffinity(cpu, irq, mask)
  if (error === -ERRNO.ENOSPC && !broken) {
    broken = true
    error = yield* irqDoSetAffinity(cpu, irq, memory.online)
  }
  if (error !== 0) cpu.printk(4, `IRQ${irq}: set affinity failed(${error}).`)
  return broken && error === 0
}

/**
 * A change of where an irq goes that has been written down: is it still to be made? Not when none of the CPUs is online any more.
 * With `clear` it is made now, and not once more.
 */
function fixupMovePending(cpu: Cpu, irq: number, clear: boolean): boolean {
  const { memory } = cpu
  if (!hasState(memory, irq, IRQ_STATE.movePending)) return false
  const possible = intersects(memory, memory.irqMask(irq, 'pending'), memory.online)
  if (!possible || clear) changeState(memory, irq, 0, IRQ_STATE.movePending)
  return possible
}

/** No vector of this CPU is in use any more; what has come by one and was not taken is raised again where it goes now. */
function* retriggerPending(cpu: Cpu): Kernel<void> {
  const { memory } = cpu
  const pending = yield cpu.load(memory.pending(cpu.id), relaxed, 'fixup_irqs:irr')
  for (let vector = FIRST_EXTERNAL; vector < FIRST_EXTERNAL + EXTERNAL; vector++) {
    const at = irqAt(memory, cpu.id, vector)
    // Nobody writes it but with vector_lock, which this CPU has had after everybody else.
    const irq = memory.get(at)
    if (irq <= 0) continue
    const isPending = ((pending >>> vector) & 1) === 1
    yield cpu.store(at, isPending ? RETRIGGERED : 0, relaxed, 'fixup_irqs')
    if (!isPending || cpu.bugs.has('lost-interrupt')) continue
    const desc = memory.irq(irq)
    yield cpu.sendIpi(memory.get(desc + IRQ_DESC.cpu), memory.get(desc + IRQ_DESC.vector), 'fixup_irqs:retrigger')
  }
}

/** A CPU that comes up gets onto the online mask by `setOnline`; its interrupts begin anew, as a local APIC's do. */
export function* lapicOnline(cpu: Cpu, setOnline: () => Operation): Kernel<void> {
  const { memory } = cpu
  if (memory.irqs === 0) {
    yield setOnline()
    return
  }
  yield cpu.lockIrq(vectorLock(memory), 'lapic_online')
  yield setOnline()
  yield cpu.and(memory.pending(cpu.id), ~externalBits(), full, 'lapic_online:irr')
  for (let vector = FIRST_EXTERNAL; vector < FIRST_EXTERNAL + EXTERNAL; vector++)
    memory.set(irqAt(memory, cpu.id, vector), 0)
  yield cpu.unlockIrq(vectorLock(memory), 'lapic_online')
}
