// Mutations of a machine at rest that has a network card of two queues and a disk: CPU 3 is offline.

import type { Memory } from '#dist/src/memory/memory.js'
import { BLK_DONE, DEVICE, DEVICE_QUEUE, IRQ_DESC, SOFTNET, VECTOR_TABLE } from '#dist/src/memory/structs/devices.js'
import { bump } from '../support/lab.js'

export const DEVICES = [{ kind: 'nic', queues: 2, packets: 40 } as const, { kind: 'disk' } as const]

/** The invariant, what is broken, and how. */
export type IrqMutation = readonly [invariant: string, what: string, mutate: (memory: Memory) => void]

const queue = (m: Memory, n: number, name: keyof typeof DEVICE_QUEUE): number =>
  m.queue(n) + (DEVICE_QUEUE[name] as number)
const irq = (m: Memory, n: number, name: keyof typeof IRQ_DESC): number => m.irq(n) + (IRQ_DESC[name] as number)
const SCHED = 1

export const IRQ_MUTATIONS: readonly IrqMutation[] = [
  ['vectors-owned', 'a vector belongs to nobody', (m) => bump(m, m.vectorTable(1) + VECTOR_TABLE.allocated, 1 << 20)],
  ['vectors-owned', 'a vector of an interrupt is free', (m) => m.set(m.vectorTable(1) + VECTOR_TABLE.allocated, 0)],
  [
    'vectors-owned',
    'a move that is not complete keeps a vector of a dead CPU',
    (m) => {
      m.set(irq(m, 1, 'previousCpu'), 3)
      m.set(irq(m, 1, 'previousVector'), 9)
      bump(m, m.vectorTable(3) + VECTOR_TABLE.allocated, 1 << 9)
    },
  ],
  ['irqs-go-online', 'it is said to go elsewhere', (m) => m.set(m.irqMask(2, 'effective'), 1)],
  ['irqs-go-online', 'the device has not been told', (m) => bump(m, queue(m, 1, 'message'))],
  [
    'irqs-go-online',
    'its CPU does not know of it',
    (m) => m.set(m.vectorTable(m.get(irq(m, 2, 'cpu'))) + VECTOR_TABLE.irq + m.get(irq(m, 2, 'vector')), 0),
  ],
  ['packets-once', 'a packet was not processed', (m) => bump(m, queue(m, 0, 'processed'), -1)],
  ['packets-once', 'a packet was processed twice', (m) => bump(m, queue(m, 1, 'processed'))],
  [
    'packets-once',
    'a packet came out of order',
    (m) => {
      bump(m, queue(m, 1, 'processed'), -1)
      bump(m, queue(m, 1, 'disorder'))
    },
  ],
  ['packets-once', 'more are in the ring than it has places', (m) => bump(m, queue(m, 2, 'head'), 100)],
  ['interrupts-arrive', 'an interrupt was lost', (m) => m.set(queue(m, 0, 'interrupts'), 0)],
  ['interrupts-arrive', 'a queue is to be polled by nobody', (m) => m.set(queue(m, 0, 'napi'), SCHED)],
  [
    'device-work-online',
    'a dead CPU has requests to complete',
    (m) => m.set(m.blkDone(3) + BLK_DONE.head, m.ioRequest(1, 0)),
  ],
  ['device-work-online', 'a dead CPU has queues to poll', (m) => m.set(m.softnet(3) + SOFTNET.head, m.queue(0))],
  ['device-work-done', 'a request is under way', (m) => m.set(m.device(1) + DEVICE.tags, 4)],
  ['device-work-done', 'a request was not completed', (m) => bump(m, queue(m, 2, 'submitted'))],
  ['device-work-done', 'a packet lies in the ring', (m) => bump(m, queue(m, 0, 'brought'))],
]
