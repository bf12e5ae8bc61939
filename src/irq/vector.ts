// Where interrupts of devices go: each CPU has vectors for them, and an interrupt in use has one vector of one CPU; while it is
// being moved it has two. All of it is guarded by vector_lock.
//
//   assignVector: CPU 1 -> CPU 2              a vector of CPU 2; that of CPU 1 is kept: an interrupt may be on its way there
//   the first interrupt that CPU 2 takes      tells CPU 1 that nothing comes there any more (moveCleanup)
//   CPU 1                                     frees its vector, if nothing is pending there; else asks itself once more
//
// When CPU 1 goes meanwhile, nobody would free it: forceCompleteMove does, for every interrupt that is about that CPU.

import { ERRNO } from '../base/errno.js'
import { INTERRUPTS, messageOf } from '../devices/raise.js'
import type { Memory } from '../memory/memory.js'
import { DEVICE_QUEUE, IRQ_DATA, IRQ_DESC, VECTOR_TABLE } from '../memory/structs/devices.js'
import type { Cpu } from '../ops/cpu.js'
import { bitsOf, testBit } from '../ops/mask.js'
import { full, type Kernel, relaxed } from '../ops/operation.js'
import { EXTERNAL, FIRST_EXTERNAL, VECTOR } from '../ops/vectors.js'
import { setOnly } from './masks.js'

/** In a CPU's table of vectors: what came by this one has been raised again elsewhere (VECTOR_RETRIGGERED). */
export const RETRIGGERED = -1

export const vectorLock = (memory: Memory): number => memory.layout.irqData.base + IRQ_DATA.vectorLock

/** The word of a CPU's table that says which irq comes by a vector. */
export function irqAt(memory: Memory, cpu: number, vector: number): number {
  return memory.vectorTable(cpu) + VECTOR_TABLE.irq + vector
}

/**
 * Has an irq go to one of the online CPUs of a mask. The descriptor's lock is held. Answers 0, -EBUSY while an earlier move is
 * not complete, -ENOSPC when none of them has a vector left, -EINVAL when none is online.
 */
export function* assignVector(cpu: Cpu, irq: number, mask: number): Kernel<number> {
  const { memory } = cpu
  const desc = memory.irq(irq)
  yield cpu.lockIrq(vectorLock(memory), 'apic_set_affinity')
  const result = assignVectorLocked(memory, irq, mask)
  const target = memory.get(desc + IRQ_DESC.cpu)
  const vector = memory.get(desc + IRQ_DESC.vector)
  if (result > 0) yield cpu.store(irqAt(memory, target, vector), irq, relaxed, 'apic_update_vector')
  yield cpu.unlockIrq(vectorLock(memory), 'apic_set_affinity')
  if (result <= 0) return result
  yield* writeMessage(cpu, irq, messageOf(target, vector))
  return 0
}

/** Answers 1 when it has a new vector, 0 when it keeps the one that it has, or a negative errno. */
function assignVectorLocked(memory: Memory, irq: number, mask: number): number {
  const desc = memory.irq(irq)
  const cpu = memory.get(desc + IRQ_DESC.cpu)
  const vector = memory.get(desc + IRQ_DESC.vector)
  if (vector !== 0 && testBit(memory, memory.online, cpu) && testBit(memory, mask, cpu)) return 0
  if (memory.get(desc + IRQ_DESC.previousVector) !== 0) return -ERRNO.EBUSY
  const target = bestCpu(memory, mask)
  if (target < 0) return target
  const bits = memory.vectorTable(target) + VECTOR_TABLE.allocated
  const free = ~memory.get(bits) & externalBits()
  const next = 31 - Math.clz32(free & -free)
  memory.set(bits, memory.get(bits) | (1 << next))
  if (vector !== 0) {
    if (testBit(memory, memory.online, cpu)) {
      memory.set(desc + IRQ_DESC.moveInProgress, 1)
      memory.set(desc + IRQ_DESC.previousCpu, cpu)
      memory.set(desc + IRQ_DESC.previousVector, vector)
    } else freeBit(memory, cpu, vector)
  }
  memory.set(desc + IRQ_DESC.cpu, target)
  memory.set(desc + IRQ_DESC.vector, next)
  setOnly(memory, memory.irqMask(irq, 'effective'), target)
  return 1
}

/** The bits of devices' vectors in a CPU's word of pending interrupts. */
export function externalBits(): number {
  return ((1 << EXTERNAL) - 1) << FIRST_EXTERNAL
}

/** The online CPU of a mask that has the most vectors left, the lowest of those; -EINVAL, or -ENOSPC. */
function bestCpu(memory: Memory, mask: number): number {
  let best = -ERRNO.EINVAL
  let most = 0
  for (const cpu of bitsOf(memory, mask)) {
    if (!testBit(memory, memory.online, cpu)) continue
    if (best < 0) best = -ERRNO.ENOSPC
    const left = vectorsLeft(memory, cpu)
    if (left <= most) continue
    best = cpu
    most = left
  }
  return best
}

function vectorsLeft(memory: Memory, cpu: number): number {
  let left = EXTERNAL
  for (let rest = memory.get(memory.vectorTable(cpu) + VECTOR_TABLE.allocated); rest !== 0; rest &= rest - 1) left--
  return left
}

function freeBit(memory: Memory, cpu: number, vector: number): void {
  const bits = memory.vectorTable(cpu) + VECTOR_TABLE.allocated
  memory.set(bits, memory.get(bits) & ~(1 << vector))
}

/** Writes where a queue's interrupt goes. When this returns, none is on its way by what was written before. */
function* writeMessage(cpu: Cpu, irq: number, message: number): Kernel<void> {
  const queue = cpu.memory.queue(irq - 1)
  yield cpu.store(queue + DEVICE_QUEUE.message, message, full, 'pci_write_msg_msi')
  yield cpu.waitWhile(queue + DEVICE_QUEUE.interrupts, INTERRUPTS.raising, 'pci_write_msg_msi:flush')
}

/** An irq is taken: if it is the first one since it was moved here, the vector that it had before is to be freed. */
export function* completeMove(cpu: Cpu, irq: number): Kernel<void> {
  const { memory } = cpu
  const desc = memory.irq(irq)
  // Set by a move, which holds the descriptor's lock as this one does.
  if (memory.get(desc + IRQ_DESC.moveInProgress) === 0 || memory.get(desc + IRQ_DESC.cpu) !== cpu.id) return
  yield cpu.lockIrq(vectorLock(memory), 'irq_complete_move')
  memory.set(desc + IRQ_DESC.moveInProgress, 0)
  const before = memory.get(desc + IRQ_DESC.previousCpu)
  const online = testBit(memory, memory.online, before)
  if (online) {
    const cleanup = memory.vectorTable(before) + VECTOR_TABLE.cleanup
    memory.set(cleanup, memory.get(cleanup) | (1 << memory.get(desc + IRQ_DESC.previousVector)))
  } else if (cpu.bugs.has('M34')) memory.set(desc + IRQ_DESC.previousVector, 0)
  else yield* freePrevious(cpu, irq)
  yield cpu.unlockIrq(vectorLock(memory), 'irq_complete_move')
  if (online) yield cpu.sendIpi(before, VECTOR.moveCleanup, 'irq_complete_move')
}

/** The interrupt moveCleanup: frees vectors by which nothing comes any more. */
export function* moveCleanupInterrupt(cpu: Cpu): Kernel<void> {
  const { memory } = cpu
  const cleanup = memory.vectorTable(cpu.id) + VECTOR_TABLE.cleanup
  yield cpu.lockIrq(vectorLock(memory), 'irq_move_cleanup')
  // One that is pending comes before the next moveCleanup.
  const pending = yield cpu.load(memory.pending(cpu.id), relaxed, 'irq_move_cleanup:irr')
  for (let rest = memory.get(cleanup) & ~pending; rest !== 0; rest &= rest - 1) {
    const vector = 31 - Math.clz32(rest & -rest)
    yield* freePrevious(cpu, memory.get(irqAt(memory, cpu.id, vector)))
  }
  const left = memory.get(cleanup)
  yield cpu.unlockIrq(vectorLock(memory), 'irq_move_cleanup')
  if (left !== 0) yield cpu.sendIpi(cpu.id, VECTOR.moveCleanup, 'irq_move_cleanup:again')
}

/** The vector that an irq had before it was moved is free. vector_lock is held. */
function* freePrevious(cpu: Cpu, irq: number): Kernel<void> {
  const { memory } = cpu
  const desc = memory.irq(irq)
  const vector = memory.get(desc + IRQ_DESC.previousVector)
  const before = memory.get(desc + IRQ_DESC.previousCpu)
  const table = memory.vectorTable(before)
  freeBit(memory, before, vector)
  memory.set(table + VECTOR_TABLE.cleanup, memory.get(table + VECTOR_TABLE.cleanup) & ~(1 << vector))
  memory.set(desc + IRQ_DESC.previousVector, 0)
  memory.set(desc + IRQ_DESC.moveInProgress, 0)
  // A CPU that dies looks at all of its vectors once more: interrupts may be late here, and something be pending by this one.
  const dies = before === cpu.id && !testBit(memory, memory.online, before)
  if (!dies) yield cpu.store(table + VECTOR_TABLE.irq + vector, 0, relaxed, 'free_moved_vector')
}

/** A CPU dies with this irq's move not complete, and one of both ends is that CPU: it is, from here on. */
export function* forceCompleteMove(cpu: Cpu, irq: number): Kernel<void> {
  const { memory } = cpu
  const desc = memory.irq(irq)
  yield cpu.lockIrq(vectorLock(memory), 'irq_force_complete_move')
  const isAbout = memory.get(desc + IRQ_DESC.cpu) === cpu.id || memory.get(desc + IRQ_DESC.previousCpu) === cpu.id
  if (memory.get(desc + IRQ_DESC.previousVector) !== 0 && isAbout) yield* freePrevious(cpu, irq)
  yield cpu.unlockIrq(vectorLock(memory), 'irq_force_complete_move')
}

/** An irq that nobody has asked for any more needs no vectors. */
export function* clearVectors(cpu: Cpu, irq: number): Kernel<void> {
  const { memory } = cpu
  const desc = memory.irq(irq)
  yield cpu.lockIrq(vectorLock(memory), 'clear_irq_vector')
  if (memory.get(desc + IRQ_DESC.previousVector) !== 0) yield* freePrevious(cpu, irq)
  const vector = memory.get(desc + IRQ_DESC.vector)
  if (vector !== 0) {
    freeBit(memory, memory.get(desc + IRQ_DESC.cpu), vector)
    memory.set(desc + IRQ_DESC.vector, 0)
    yield cpu.store(irqAt(memory, memory.get(desc + IRQ_DESC.cpu), vector), 0, relaxed, 'clear_irq_vector')
  }
  yield cpu.unlockIrq(vectorLock(memory), 'clear_irq_vector')
}
