// What CPUs ask of each other: stopper work, function calls, interrupts, requests of the host.

import { SLOT_STATUS } from '../kernel/port.js'
import { LIMITS } from '../memory/layout.js'
import type { Memory } from '../memory/memory.js'
import { CALL_FUNCTION, CALL_SINGLE, GLOBAL, PERCPU, PORT_SLOT, STOPPER, TASK } from '../memory/structs.js'
import { bitsOf, testBit } from '../ops/mask.js'
import { VECTOR_NAMES } from '../ops/vectors.js'
import { STATE } from '../sched/task.js'
import { cpusOf, type Findings, type Invariant, nameOf, tasksOf, type World } from './invariant.js'

function* stoppers({ memory }: World): Findings {
  for (const cpu of cpusOf(memory)) {
    const stopper = memory.stopper(cpu)
    if (memory.get(stopper + STOPPER.head) !== 0 || memory.get(stopper + STOPPER.tail) !== 0) {
      yield `the stopper of CPU ${cpu} has work`
    }
  }
  if (memory.get(memory.global + GLOBAL.stopInProgress) !== 0) yield 'a stop_machine is still telling the stoppers'
}

function* stoppersEnabled({ memory }: World): Findings {
  for (const cpu of cpusOf(memory)) {
    const enabled = memory.get(memory.stopper(cpu) + STOPPER.enabled) === 1
    if (enabled === testBit(memory, memory.online, cpu)) continue
    yield `the stopper of CPU ${cpu} is ${enabled ? 'enabled, the CPU is offline' : 'disabled, the CPU is online'}`
  }
}

function* callsRun({ memory }: World): Findings {
  let sent = 0
  let run = 0
  for (const cpu of cpusOf(memory)) {
    sent = (sent + memory.get(memory.percpu(cpu) + PERCPU.callsSent)) | 0
    run = (run + memory.get(memory.percpu(cpu) + PERCPU.callsRun)) | 0
  }
  if (sent !== run) yield `${sent >>> 0} function calls were sent, ${run >>> 0} have been run`
}

function* callQueues({ memory }: World): Findings {
  for (const cpu of cpusOf(memory)) {
    const percpu = memory.percpu(cpu)
    if (memory.get(percpu + PERCPU.callQueue) !== 0) yield `CPU ${cpu} has function calls queued`
    for (const sender of bitsOf(memory, memory.callSenders(cpu))) yield `CPU ${cpu} has a call of CPU ${sender} to run`
    if (memory.get(percpu + PERCPU.call + CALL_SINGLE.busy) !== 0) yield `a call that CPU ${cpu} sent is still in use`
    const remaining = memory.get(percpu + PERCPU.callFunction + CALL_FUNCTION.remaining)
    if (remaining !== 0) yield `a call that CPU ${cpu} sent to many is still to be run by ${remaining}`
  }
  for (const task of tasksOf(memory)) {
    if (memory.get(task + TASK.call + CALL_SINGLE.busy) !== 0) yield `a call of ${nameOf(memory, task)} is still in use`
  }
}

function* interrupts({ memory }: World): Findings {
  // What was sent to a CPU that has died meanwhile stays there, and does nothing.
  for (const cpu of bitsOf(memory, memory.online)) {
    const pending = memory.get(memory.pending(cpu))
    const names = VECTOR_NAMES.filter((_, vector) => (pending >>> vector) & 1)
    if (pending !== 0) yield `CPU ${cpu} has interrupts pending: ${names.join(', ')}`
  }
}

function* requests({ memory }: World): Findings {
  for (let slot = 0; slot < LIMITS.portSlots; slot++) {
    const status = memory.get(memory.slot(slot) + PORT_SLOT.status)
    if (status === SLOT_STATUS.posted || status === SLOT_STATUS.taken) yield `the request in slot ${slot} has no answer`
    yield* requesterWaits(memory, slot)
  }
  for (let w = 0; w < LIMITS.portSlots / 32; w++) {
    if (memory.get(memory.global + GLOBAL.portPosted + w) !== 0) yield 'a request has not been noticed'
  }
}

function* requesterWaits(memory: Memory, slot: number): Findings {
  const task = memory.requesterTask(slot)
  const waits = memory.get(task + TASK.state) === STATE.interruptible && memory.get(task + TASK.phase) === 0
  if (!waits) yield `${nameOf(memory, task)} does not wait for a request`
  const runner = memory.runnerTask(slot)
  const used = memory.get(runner + TASK.pid) !== 0
  if (used && memory.get(runner + TASK.state) !== STATE.dead) yield `${nameOf(memory, runner)} has not ended`
}

export const CALL_INVARIANTS: readonly Invariant[] = [
  { name: 'stoppers-empty', atRest: true, says: 'no stopper has work', check: stoppers },
  { name: 'stoppers-enabled', says: 'the stoppers of the online CPUs are enabled, no others', check: stoppersEnabled },
  { name: 'calls-run-once', atRest: true, says: 'as many function calls have been run as were sent', check: callsRun },
  { name: 'call-queues-empty', atRest: true, says: 'no function call is queued or in use', check: callQueues },
  { name: 'interrupts-taken', atRest: true, says: 'no online CPU has an interrupt pending', check: interrupts },
  {
    name: 'requests-answered',
    atRest: true,
    says: 'every request has its answer, and whoever carried it out waits for the next',
    check: requests,
  },
]
