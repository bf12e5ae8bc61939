// The step table's instances, and the trace rings.

import { LIMITS } from '../memory/layout.js'
import { INSTANCE, PERCPU, STEP, TRACE_RECORD } from '../memory/structs.js'
import { EVENT_NAMES, eventOf } from '../trace/events.js'
import { cpusOf, type Findings, type Invariant, type World } from './invariant.js'

function* instances({ memory }: World): Findings {
  const owners = new Map<number, number>()
  for (let state = 0; state < LIMITS.states; state++) {
    const step = memory.step(state)
    const head = memory.get(step + STEP.instances)
    if (head !== 0 && memory.get(step + STEP.multi) !== 1)
      yield `state ${state} has instances and is not multi-instance`
    for (let node = head; node !== 0; node = memory.get(node + INSTANCE.next)) {
      const id = memory.get(node + INSTANCE.id)
      const other = owners.get(node)
      if (other !== undefined) {
        yield `instance ${id} is on the lists of states ${other} and ${state}`
        break
      }
      owners.set(node, state)
      if (memory.get(node + INSTANCE.used) !== 1) yield `instance ${id} of state ${state} is marked as free`
    }
  }
  for (let i = 0; i < LIMITS.instances; i++) {
    const node = memory.instance(i)
    if (memory.get(node + INSTANCE.used) === 1 && !owners.has(node)) yield `instance ${i + 1} is in use, by no state`
  }
}

function* trace({ memory }: World): Findings {
  const tickets = new Map<number, number>()
  const size = memory.layout.config.traceRecords
  for (const cpu of cpusOf(memory)) {
    const head = memory.get(memory.percpu(cpu) + PERCPU.traceHead)
    let ticketBefore: number | null = null
    let timeBefore = Number.NEGATIVE_INFINITY
    for (let sequence = Math.max(0, head - size); sequence < head; sequence++) {
      const record = memory.traceRecord(cpu, sequence)
      const ticket = memory.get(record + TRACE_RECORD.ticket)
      const event = eventOf(memory.get(record + TRACE_RECORD.event))
      const time = memory.getTime(record + TRACE_RECORD.time)
      const where = `event ${sequence} of CPU ${cpu}`
      if (event === 0 || event >= EVENT_NAMES.length) yield `${where} is of no known kind: ${event}`
      // Tickets wrap round; those in one ring are never half the way apart.
      if (ticketBefore !== null && ((ticket - ticketBefore) | 0) <= 0)
        yield `${where} has no later ticket than the one before`
      if (time < timeBefore) yield `${where} happened before the one before it`
      const other = tickets.get(ticket)
      if (other !== undefined) yield `${where} has the ticket of an event of CPU ${other}`
      tickets.set(ticket, cpu)
      ticketBefore = ticket
      timeBefore = time
    }
  }
}

export const TABLE_INVARIANTS: readonly Invariant[] = [
  { name: 'instances-linked-once', says: 'every instance in use belongs to one multi-instance step', check: instances },
  {
    name: 'trace-in-order',
    says: "a CPU's events have ascending tickets and times, and no two events have the same ticket",
    check: trace,
  },
]
