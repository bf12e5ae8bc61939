// NAPI: a network card's interrupt says that there are packets, and a softirq takes them out of the queue's ring. As long as it
// does, the card raises no more interrupts for that queue.
//
//   interrupt                             NET_RX softirq, on the same CPU
//   SCHED set already? MISSED = 1         each queue of the list: takes up to 64 packets
//   SCHED = 1; onto this CPU's list;        64? back onto the list
//     raise NET_RX                          fewer: SCHED = 0 (MISSED: not yet, once more);
//                                             the card may raise interrupts; a packet meanwhile? SCHED once more
//
// Whoever has set SCHED has the queue: on its CPU's list, or in its hands. A list is its CPU's own, with interrupts off; when that
// CPU is dead, who took it down takes it over (net/dev:dead).
import { INTERRUPTS } from '../devices/raise.js'
import { IRQ_HANDLED, IRQ_NONE } from '../irq/desc.js'
import { DEVICE_QUEUE, SOFTNET } from '../memory/structs/devices.js'
import type { Cpu } from '../ops/cpu.js'
import { acquire, full, type Kernel, relaxed, release } from '../ops/operation.js'
import { raiseSoftirq, SOFTIRQ } from '../softirq/softirq.js'

export const NAPI = { sched: 1, missed: 2 } as const

/** Packets that a queue gives in one go, and all queues together before others have their turn (netdev_budget). */
const WEIGHT = 64
const BUDGET = 300

/** The card's handler: `queue` is the one that the irq is of. */
export function* nicInterrupt(cpu: Cpu, _irq: number, queue: number): Kernel<number> {
  return (yield* napiSchedule(cpu, queue)) ? IRQ_HANDLED : IRQ_NONE
}

/** Has a queue polled on this CPU; answers false when it is going to be anyway. Interrupts are off. */
function* napiSchedule(cpu: Cpu, queue: number): Kernel<boolean> {
  const word = queue + DEVICE_QUEUE.napi
  let state = yield cpu.load(word, relaxed, 'napi_schedule_prep')
  for (;;) {
    const next = state | ((state & NAPI.sched) !== 0 ? NAPI.missed : NAPI.sched)
    const seen = yield cpu.compareExchange(word, state, next, full, 'napi_schedule_prep')
    if (seen === state) break
    state = seen
  }
  if ((state & NAPI.sched) !== 0) return false
  yield* addToPollList(cpu, queue)
  return true
}

/** Interrupts are off. */
function* addToPollList(cpu: Cpu, queue: number): Kernel<void> {
  append(cpu, cpu.memory.softnet(cpu.id), queue)
  yield* raiseSoftirq(cpu, SOFTIRQ.netRx)
}

function append({ memory }: Cpu, list: number, queue: number): void {
  memory.set(queue + DEVICE_QUEUE.pollNext, 0)
  const tail = memory.get(list + SOFTNET.tail)
  memory.set(tail === 0 ? list + SOFTNET.head : tail + DEVICE_QUEUE.pollNext, queue)
  memory.set(list + SOFTNET.tail, queue)
}

/** The first queue of this CPU's list, taken off; 0: there is none. Interrupts are off. */
function takeFirst({ memory }: Cpu, list: number): number {
  const first = memory.get(list + SOFTNET.head)
  if (first === 0) return 0
  const next = memory.get(first + DEVICE_QUEUE.pollNext)
  memory.set(list + SOFTNET.head, next)
  if (next === 0) memory.set(list + SOFTNET.tail, 0)
  return first
}

/** The NET_RX softirq: polls the queues of this CPU. Interrupts are on. */
export function* netRxAction(cpu: Cpu): Kernel<void> {
  const list = cpu.memory.softnet(cpu.id)
  let budget = BUDGET
  for (;;) {
    cpu.irqDisable()
    const queue = takeFirst(cpu, list)
    cpu.irqEnable()
    if (queue === 0) return
    const work = yield* napiPoll(cpu, queue)
    budget -= work
    if (work === WEIGHT) {
      cpu.irqDisable()
      append(cpu, list, queue)
      cpu.irqEnable()
    }
    if (budget > 0) continue
    cpu.irqDisable()
    if (cpu.memory.get(list + SOFTNET.head) !== 0) yield* raiseSoftirq(cpu, SOFTIRQ.netRx)
    cpu.irqEnable()
    return
  }
}

/** Takes packets out of a queue's ring. Answers how many; with fewer than it may, the queue is given up. */
function* napiPoll(cpu: Cpu, queue: number): Kernel<number> {
  const { memory } = cpu
  const index = memory.queueIndex(queue)
  const head = yield cpu.load(queue + DEVICE_QUEUE.head, acquire, 'napi_poll:head')
  let tail = memory.get(queue + DEVICE_QUEUE.tail)
  let work = 0
  for (; work < WEIGHT && tail !== head; work++) {
    receive(cpu, queue, memory.get(memory.descriptor(index, tail)), tail)
    tail = (tail + 1) | 0
  }
  yield cpu.store(queue + DEVICE_QUEUE.tail, tail, release, 'napi_poll:tail')
  if (work < WEIGHT) yield* napiCompleteDone(cpu, queue, tail)
  return work
}

/** A packet. The card has numbered them: `expected` is the number of the one that is next. */
function receive({ memory }: Cpu, queue: number, packet: number, expected: number): void {
  const field = packet === expected ? DEVICE_QUEUE.processed : DEVICE_QUEUE.disorder
  memory.set(queue + field, (memory.get(queue + field) + 1) | 0)
}

/** The ring was empty. From the moment that SCHED falls on, the queue may be in somebody else's hands. */
function* napiCompleteDone(cpu: Cpu, queue: number, tail: number): Kernel<void> {
  const word = queue + DEVICE_QUEUE.napi
  cpu.irqDisable()
  let state = yield cpu.load(word, relaxed, 'napi_complete_done')
  for (;;) {
    const seen = yield cpu.compareExchange(
      word,
      state,
      (state & NAPI.missed) !== 0 ? NAPI.sched : 0,
      full,
      'napi_complete_done',
    )
    if (seen === state) break
    state = seen
  }
  if ((state & NAPI.missed) !== 0) yield* addToPollList(cpu, queue)
  else yield* enableInterrupts(cpu, queue, tail)
  cpu.irqEnable()
}

/** The card may raise the queue's interrupt again; what it has brought since the ring was looked at, it has raised none for. */
function* enableInterrupts(cpu: Cpu, queue: number, tail: number): Kernel<void> {
  const interrupts = queue + DEVICE_QUEUE.interrupts
  yield cpu.store(interrupts, INTERRUPTS.on, full, 'nic_enable')
  if ((yield cpu.load(queue + DEVICE_QUEUE.head, acquire, 'nic_enable:look')) === tail) return
  const before = yield cpu.compareExchange(interrupts, INTERRUPTS.on, INTERRUPTS.off, full, 'nic_enable:take')
  if (before === INTERRUPTS.on) yield* napiSchedule(cpu, queue)
}

/** net/dev:dead: what the dead CPU was to poll, this one polls. */
export function* devCpuDead(cpu: Cpu, subject: number): Kernel<number> {
  const { memory } = cpu
  if (memory.irqs === 0) return 0
  const list = memory.softnet(subject)
  cpu.irqDisable()
  for (let queue = takeFirst(cpu, list); queue !== 0; queue = takeFirst(cpu, list)) {
    yield* addToPollList(cpu, queue)
  }
  cpu.irqEnable()
  return 0
}
