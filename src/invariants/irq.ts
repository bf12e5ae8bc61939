// Interrupts of devices: where they go, and what devices have brought.
//
// A device does not stand still when the CPUs do: of what it writes by itself, only what can't change meanwhile is looked at.

import { irqName, kindOf } from '../devices/config.js'
import { INTERRUPTS, messageOf } from '../devices/raise.js'
import { hasState, IRQ_STATE } from '../irq/desc.js'
import { irqAt } from '../irq/vector.js'
import { RING } from '../memory/layout.js'
import type { Memory } from '../memory/memory.js'
import { BLK_DONE, DEVICE, DEVICE_QUEUE, IRQ_DESC, SOFTNET, VECTOR_TABLE } from '../memory/structs/devices.js'
import { NAPI } from '../net/napi.js'
import { bitsOf, testBit } from '../ops/mask.js'
import { cpusOf, type Findings, type Invariant, type World } from './invariant.js'

function* startedIrqs(memory: Memory): Generator<number, void, undefined> {
  for (let irq = 1; irq <= memory.irqs; irq++) if (hasState(memory, irq, IRQ_STATE.started)) yield irq
}

function* queuesOf(memory: Memory): Generator<{ queue: number; name: string; isNic: boolean }, void, undefined> {
  for (let n = 0; n < memory.irqs; n++) {
    const queue = memory.queue(n)
    const isNic = kindOf(memory, memory.get(queue + DEVICE_QUEUE.device)) === 'nic'
    yield { queue, name: irqName(memory, n + 1), isNic }
  }
}

function* vectorsOwned({ memory }: World): Findings {
  if (memory.irqs === 0) return
  const owners = new Map<string, number>()
  for (const irq of startedIrqs(memory)) {
    const desc = memory.irq(irq)
    const places = [
      [memory.get(desc + IRQ_DESC.cpu), memory.get(desc + IRQ_DESC.vector)],
      [memory.get(desc + IRQ_DESC.previousCpu), memory.get(desc + IRQ_DESC.previousVector)],
    ] as const
    for (const [cpu, vector] of places) if (vector !== 0) owners.set(`${cpu}.${vector}`, irq)
  }
  for (const cpu of cpusOf(memory)) {
    for (const vector of bitsOf32(memory.get(memory.vectorTable(cpu) + VECTOR_TABLE.allocated))) {
      if (!owners.delete(`${cpu}.${vector}`))
        yield `vector ${vector} of CPU ${cpu} is taken, and belongs to no interrupt`
      if (!testBit(memory, memory.online, cpu)) yield `vector ${vector} of CPU ${cpu} is taken, and the CPU offline`
    }
  }
  for (const [place, irq] of owners) yield `irq ${irq} has vector ${place}, which is not taken`
}

function* bitsOf32(word: number): Generator<number, void, undefined> {
  for (let rest = word; rest !== 0; rest &= rest - 1) yield 31 - Math.clz32(rest & -rest)
}

function* irqsOnline({ memory }: World): Findings {
  for (const irq of startedIrqs(memory)) {
    const desc = memory.irq(irq)
    const cpu = memory.get(desc + IRQ_DESC.cpu)
    const vector = memory.get(desc + IRQ_DESC.vector)
    if (!testBit(memory, memory.online, cpu)) yield `irq ${irq} goes to CPU ${cpu}, which is offline`
    const effective = [...bitsOf(memory, memory.irqMask(irq, 'effective'))]
    if (effective.length !== 1 || effective[0] !== cpu)
      yield `irq ${irq} goes to CPU ${cpu}, and is said to go to ${effective}`
    const message = memory.get(memory.queue(irq - 1) + DEVICE_QUEUE.message)
    if (message !== messageOf(cpu, vector))
      yield `irq ${irq} goes to vector ${vector} of CPU ${cpu}: the device has not been told`
    if (memory.get(irqAt(memory, cpu, vector)) !== irq)
      yield `vector ${vector} of CPU ${cpu} is not known to be of irq ${irq}`
  }
}

function* packetsOnce({ memory }: World): Findings {
  for (const { queue, name, isNic } of queuesOf(memory)) {
    const tail = memory.get(queue + DEVICE_QUEUE.tail)
    const waiting = (memory.get(queue + DEVICE_QUEUE.head) - tail) | 0
    if (waiting < 0 || waiting > RING) yield `${name}: ${waiting} are in a ring of ${RING}`
    if (!isNic) continue
    const processed = memory.get(queue + DEVICE_QUEUE.processed)
    const disorder = memory.get(queue + DEVICE_QUEUE.disorder)
    if (disorder !== 0) yield `${name}: ${disorder} packets were not the ones that were to come next`
    if (((processed + disorder) | 0) !== tail)
      yield `${name}: of ${tail} packets that were taken, ${processed} were processed`
  }
}

/** While a card's interrupts are off, somebody has been told of what it has brought, and is going to look. */
function* interruptsArrive({ memory }: World): Findings {
  if (memory.irqs === 0) return
  const polled = new Set<number>()
  for (const cpu of bitsOf(memory, memory.online)) {
    const list = memory.softnet(cpu) + SOFTNET.head
    for (let at = memory.get(list); at !== 0; at = memory.get(at + DEVICE_QUEUE.pollNext)) polled.add(at)
  }
  for (const irq of startedIrqs(memory)) {
    const queue = memory.queue(irq - 1)
    const isScheduled = (memory.get(queue + DEVICE_QUEUE.napi) & NAPI.sched) !== 0
    if (isScheduled && !polled.has(queue))
      yield `${irqName(memory, irq)} is to be polled, and on the list of no online CPU`
    if (isScheduled || memory.get(queue + DEVICE_QUEUE.interrupts) !== INTERRUPTS.off) continue
    if (!isPending(memory, irq))
      yield `${irqName(memory, irq)} has raised an interrupt, which nobody has taken or has pending`
  }
}

function isPending(memory: Memory, irq: number): boolean {
  const desc = memory.irq(irq)
  const at = (cpu: number, vector: number): boolean =>
    memory.get(vector) !== 0 &&
    testBit(memory, memory.online, memory.get(cpu)) &&
    ((memory.get(memory.pending(memory.get(cpu))) >>> memory.get(vector)) & 1) === 1
  if (hasState(memory, irq, IRQ_STATE.pending)) return true
  return (
    at(desc + IRQ_DESC.cpu, desc + IRQ_DESC.vector) || at(desc + IRQ_DESC.previousCpu, desc + IRQ_DESC.previousVector)
  )
}

function* workOnline({ memory }: World): Findings {
  if (memory.irqs === 0) return
  for (const cpu of cpusOf(memory)) {
    if (testBit(memory, memory.online, cpu)) continue
    if (memory.get(memory.softnet(cpu) + SOFTNET.head) !== 0) yield `CPU ${cpu} is offline, and has queues to poll`
    if (memory.get(memory.blkDone(cpu) + BLK_DONE.head) !== 0)
      yield `CPU ${cpu} is offline, and has requests to complete`
  }
}

function* requestsDone({ memory }: World): Findings {
  for (let index = 0; index < memory.layout.devices.count; index++) {
    const tags = memory.get(memory.device(index) + DEVICE.tags)
    if (tags !== 0) yield `requests of device ${index} are under way: tags ${[...bitsOf32(tags)].join(', ')}`
  }
  for (const { queue, name, isNic } of queuesOf(memory)) {
    const [brought, tail] = [memory.get(queue + DEVICE_QUEUE.brought), memory.get(queue + DEVICE_QUEUE.tail)]
    if (brought !== tail) yield `${name}: ${brought} have come, ${tail} have been taken`
    const submitted = memory.get(queue + DEVICE_QUEUE.submitted)
    if (!isNic && submitted !== tail) yield `${name}: ${submitted} requests were submitted, ${tail} completed`
  }
}

export const IRQ_INVARIANTS: readonly Invariant[] = [
  { name: 'vectors-owned', says: 'every vector that is taken belongs to an interrupt', check: vectorsOwned },
  { name: 'irqs-go-online', says: 'every interrupt goes to an online CPU, and all agree on that', check: irqsOnline },
  { name: 'packets-once', says: 'every packet that was taken has been processed once, in order', check: packetsOnce },
  {
    name: 'interrupts-arrive',
    says: 'whatever a card has raised, somebody is going to see to',
    check: interruptsArrive,
  },
  { name: 'device-work-online', says: 'no offline CPU has work of devices', check: workOnline },
  {
    name: 'device-work-done',
    atRest: true,
    says: 'all that devices have brought has been seen to',
    check: requestsDone,
  },
]
