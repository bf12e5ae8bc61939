// Taking an interrupt of a device. It is raised by a message, once (an edge): one that comes while its handler runs, on another
// CPU after a move, is noted, and the handler is called once more by who is at it.
import { IRQ_DESC } from '../memory/structs/devices.js'
import type { Cpu } from '../ops/cpu.js'
import { type Kernel, relaxed } from '../ops/operation.js'
import { EVENT } from '../trace/events.js'
import { irqMove } from './affinity.js'
import { changeState, hasState, IRQ_HANDLED, IRQ_STATE } from './desc.js'
import { completeMove, irqAt, RETRIGGERED } from './vector.js'

/** The interrupt of a device's vector. */
export function* commonInterrupt(cpu: Cpu, vector: number): Kernel<void> {
  const at = irqAt(cpu.memory, cpu.id, vector)
  const irq = yield cpu.load(at, relaxed, 'common_interrupt')
  if (irq > 0) yield* handleEdgeIrq(cpu, irq)
  else if (irq === RETRIGGERED) yield cpu.store(at, 0, relaxed, 'common_interrupt:retriggered')
  else cpu.printk(0, `__common_interrupt: ${cpu.id}.${vector} No irq handler for vector`)
}

function* handleEdgeIrq(cpu: Cpu, irq: number): Kernel<void> {
  const { memory } = cpu
  const desc = memory.irq(irq)
  yield cpu.lockIrq(desc + IRQ_DESC.lock, 'handle_edge_irq')
  if (hasState(memory, irq, IRQ_STATE.inProgress) || memory.get(desc + IRQ_DESC.action) === 0) {
    changeState(memory, irq, IRQ_STATE.pending, 0)
    yield cpu.unlockIrq(desc + IRQ_DESC.lock, 'handle_edge_irq:pending')
    return
  }
  const count = memory.irqCount(irq, cpu.id)
  memory.set(count, (memory.get(count) + 1) | 0)
  yield* completeMove(cpu, irq)
  yield* irqMove(cpu, irq)
  do {
    changeState(memory, irq, IRQ_STATE.inProgress, IRQ_STATE.pending)
    yield cpu.unlockIrq(desc + IRQ_DESC.lock, 'handle_irq_event')
    const result = yield* handleEvent(cpu, irq)
    yield cpu.lockIrq(desc + IRQ_DESC.lock, 'handle_irq_event')
    memory.set(desc + IRQ_DESC.handled, (memory.get(desc + IRQ_DESC.handled) + 1) | 0)
    if (result !== IRQ_HANDLED) memory.set(desc + IRQ_DESC.unhandled, (memory.get(desc + IRQ_DESC.unhandled) + 1) | 0)
    changeState(memory, irq, 0, IRQ_STATE.inProgress)
  } while (hasState(memory, irq, IRQ_STATE.pending) && memory.get(desc + IRQ_DESC.action) !== 0)
  yield cpu.unlockIrq(desc + IRQ_DESC.lock, 'handle_edge_irq:done')
}

/** Calls the handler. It can't be given back meanwhile: who does that waits until this is over. */
function* handleEvent(cpu: Cpu, irq: number): Kernel<number> {
  const { memory } = cpu
  const desc = memory.irq(irq)
  cpu.trace(EVENT.irq_handler_entry, irq, 0, 0)
  const handler = cpu.functions.get(memory.get(desc + IRQ_DESC.action))
  const result = yield* handler(cpu, irq, memory.get(desc + IRQ_DESC.argument))
  cpu.trace(EVENT.irq_handler_exit, irq, result, 0)
  return result
}
