// Calls to other CPUs, carried by interprocessor interrupts.
//
//   sender                                   target
//   busy = 1; function, argument
//   push onto the target's call queue        callFunctionSingle interrupt:
//   was it empty? send the interrupt           take the whole queue, oldest first
//   (synchronous: wait until busy = 0)         asynchronous: busy = 0, then call
//                                              synchronous: call, then busy = 0
//
// A CPU that dies takes what is queued before it is gone (flush, at smpcfd:dying): senders run with preemption off, and
// stop_machine, which takes the CPU down, waits until every such section is over; so a call is either refused with ENXIO
// or in the queue by then. A call is run exactly once because it is taken by one exchange of the whole queue.
import { ERRNO } from '../base/errno.js'
import { CALL_FUNCTION, CALL_SINGLE, PERCPU, TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { hasBit, loadBit, maskWord } from '../ops/mask.js'
import { acquire, full, type Kernel, release } from '../ops/operation.js'
import { VECTOR } from '../ops/vectors.js'
import { EVENT } from '../trace/events.js'

/**
 * Runs kernel function `fn`(argument) on another CPU, in its interrupt. With `wait` returns when it has run.
 * Not to be called from interrupts, nor with them off when waiting. Answers 0, or -ENXIO when the CPU is not online.
 */
export function* smpCallFunctionSingle(
  cpu: Cpu,
  target: number,
  fn: number,
  argument: number,
  wait: boolean,
): Kernel<number> {
  const { memory } = cpu
  cpu.preemptDisable()
  if (target === cpu.id) {
    cpu.irqDisable()
    yield* cpu.functions.get(fn)(cpu, argument, 0)
    cpu.irqEnable()
    cpu.preemptEnable()
    return 0
  }
  if (!hasBit(yield loadBit(cpu, memory.online, target, 'smp_call_function_single:online'), target)) {
    cpu.preemptEnable()
    return -ERRNO.ENXIO
  }
  const call = wait ? cpu.task + TASK.call : memory.percpu(cpu.id) + PERCPU.call
  yield cpu.waitUntil(call + CALL_SINGLE.busy, 0, 'smp_call_function_single:csd_lock')
  memory.set(call + CALL_SINGLE.function, fn)
  memory.set(call + CALL_SINGLE.argument, argument)
  memory.set(call + CALL_SINGLE.synchronous, wait ? 1 : 0)
  yield cpu.store(call + CALL_SINGLE.busy, 1, full, 'smp_call_function_single:busy')
  yield* queueCall(cpu, target, call)
  if (wait) yield cpu.waitUntil(call + CALL_SINGLE.busy, 0, 'smp_call_function_single:wait')
  cpu.preemptEnable()
  return 0
}

/**
 * Has `fn`(argument) run on another CPU, which is online, in its interrupt; `call` is the caller's, and nobody uses it until it has
 * run. Also from interrupts; preemption is off.
 */
export function* smpCallFunctionSingleAsync(
  cpu: Cpu,
  target: number,
  call: number,
  fn: number,
  argument: number,
): Kernel<void> {
  const { memory } = cpu
  memory.set(call + CALL_SINGLE.function, fn)
  memory.set(call + CALL_SINGLE.argument, argument)
  memory.set(call + CALL_SINGLE.synchronous, 0)
  yield cpu.store(call + CALL_SINGLE.busy, 1, full, 'smp_call_function_single_async:busy')
  yield* queueCall(cpu, target, call)
}

function* queueCall(cpu: Cpu, target: number, call: number): Kernel<void> {
  const { memory } = cpu
  const queue = memory.percpu(target) + PERCPU.callQueue
  const sent = memory.percpu(cpu.id) + PERCPU.callsSent
  memory.set(sent, (memory.get(sent) + 1) | 0)
  let head = yield cpu.load(queue, acquire, 'queue_call:head')
  for (;;) {
    memory.set(call + CALL_SINGLE.next, head)
    const seen = yield cpu.compareExchange(queue, head, call, full, 'queue_call:push')
    if (seen === head) break
    head = seen
  }
  if (head === 0 && !(cpu.bugs.has('dropped-ipi') && memory.get(sent) % 4 === 3)) {
    cpu.trace(EVENT.ipi_raise, target, VECTOR.callFunctionSingle, 0)
    yield cpu.sendIpi(target, VECTOR.callFunctionSingle, 'queue_call')
  }
}

/**
 * Runs `fn`(argument) on all of `targets` that are online, but for this CPU, in their interrupts; with `wait` returns
 * when all have. Answers how many there were.
 */
export function* smpCallFunctionMany(
  cpu: Cpu,
  targets: Iterable<number>,
  fn: number,
  argument: number,
  wait: boolean,
): Kernel<number> {
  const { memory } = cpu
  const data = memory.percpu(cpu.id) + PERCPU.callFunction
  cpu.preemptDisable()
  yield cpu.waitUntil(data + CALL_FUNCTION.remaining, 0, 'smp_call_function_many:csd_lock')
  const chosen: number[] = []
  for (const target of targets) {
    if (target === cpu.id) continue
    if (hasBit(yield loadBit(cpu, memory.online, target, 'smp_call_function_many:online'), target)) chosen.push(target)
  }
  memory.set(data + CALL_FUNCTION.function, fn)
  memory.set(data + CALL_FUNCTION.argument, argument)
  yield cpu.store(data + CALL_FUNCTION.remaining, chosen.length, release, 'smp_call_function_many:remaining')
  const sent = memory.percpu(cpu.id) + PERCPU.callsSent
  memory.set(sent, (memory.get(sent) + chosen.length) | 0)
  for (const target of chosen) {
    yield cpu.or(memory.callSenders(target) + (cpu.id >> 5), 1 << (cpu.id & 31), full, 'smp_call_function_many:queue')
    cpu.trace(EVENT.ipi_raise, target, VECTOR.callFunction, 0)
    yield cpu.sendIpi(target, VECTOR.callFunction, 'smp_call_function_many')
  }
  if (wait) yield cpu.waitUntil(data + CALL_FUNCTION.remaining, 0, 'smp_call_function_many:wait')
  cpu.preemptEnable()
  return chosen.length
}

/** The interrupt callFunctionSingle. */
export function* callFunctionSingleInterrupt(cpu: Cpu): Kernel<void> {
  yield* flushCallQueue(cpu, true)
}

/** The interrupt callFunction. */
export function* callFunctionInterrupt(cpu: Cpu): Kernel<void> {
  yield* flushCallSenders(cpu, true)
}

/** A CPU that is gone has run what was queued on it: nothing comes any more. */
function warnOffline(cpu: Cpu, anyCalls: boolean): void {
  const online = hasBit(cpu.memory.get(maskWord(cpu.memory.online, cpu.id)), cpu.id)
  cpu.warn(anyCalls && !online, 'flush_smp_call_function_queue', `IPI on offline CPU ${cpu.id}`)
}

/** Runs what is queued on this CPU's call-single queue. Interrupts are off. `warn`: there must be nothing when it is offline. */
function* flushCallQueue(cpu: Cpu, warn: boolean): Kernel<void> {
  const { memory } = cpu
  const queue = memory.percpu(cpu.id) + PERCPU.callQueue
  let newest = yield cpu.exchange(queue, 0, full, 'flush_smp_call_function_queue')
  if (warn) warnOffline(cpu, (cpu.bugs.has('M16') ? memory.get(queue) : newest) !== 0)
  // The queue is a stack: turn it round, so that calls run in the order in which they were sent.
  let oldest = 0
  while (newest !== 0) {
    const next = memory.get(newest + CALL_SINGLE.next)
    memory.set(newest + CALL_SINGLE.next, oldest)
    oldest = newest
    newest = next
  }
  for (let call = oldest; call !== 0; ) {
    const next = memory.get(call + CALL_SINGLE.next)
    const fn = memory.get(call + CALL_SINGLE.function)
    const argument = memory.get(call + CALL_SINGLE.argument)
    countRun(cpu)
    if (memory.get(call + CALL_SINGLE.synchronous) === 1) {
      yield* cpu.functions.get(fn)(cpu, argument, 0)
      yield cpu.store(call + CALL_SINGLE.busy, 0, release, 'flush_smp_call_function_queue:unlock')
    } else {
      // The sender may use it again from here on: nothing of it is read any more.
      yield cpu.store(call + CALL_SINGLE.busy, 0, release, 'flush_smp_call_function_queue:unlock')
      yield* cpu.functions.get(fn)(cpu, argument, 0)
    }
    call = next
  }
}

/** Runs the calls of CPUs that called many. Interrupts are off. */
function* flushCallSenders(cpu: Cpu, warn: boolean): Kernel<void> {
  const { memory } = cpu
  const senders = memory.callSenders(cpu.id)
  for (let w = 0; w < memory.layout.maskWords; w++) {
    if ((yield cpu.load(senders + w, acquire, 'flush_call_senders')) === 0) continue
    let rest = yield cpu.exchange(senders + w, 0, full, 'flush_call_senders')
    if (warn) warnOffline(cpu, (cpu.bugs.has('M16') ? memory.get(senders + w) : rest) !== 0)
    for (; rest !== 0; rest &= rest - 1) {
      const sender = w * 32 + (31 - Math.clz32(rest & -rest))
      const data = memory.percpu(sender) + PERCPU.callFunction
      countRun(cpu)
      yield* cpu.functions.get(memory.get(data + CALL_FUNCTION.function))(
        cpu,
        memory.get(data + CALL_FUNCTION.argument),
        0,
      )
      yield cpu.add(data + CALL_FUNCTION.remaining, -1, release, 'flush_call_senders:done')
    }
  }
}

function countRun(cpu: Cpu): void {
  const run = cpu.memory.percpu(cpu.id) + PERCPU.callsRun
  cpu.memory.set(run, (cpu.memory.get(run) + 1) | 0)
}

/** smpcfd:prepare: nothing of an earlier life is left in the CPU's queues. */
export function* smpcfdPrepareCpu(cpu: Cpu, subject: number): Kernel<number> {
  const { memory } = cpu
  const queued = yield cpu.load(memory.percpu(subject) + PERCPU.callQueue, acquire, 'smpcfd_prepare_cpu')
  cpu.warn(queued !== 0, 'smpcfd_prepare_cpu', `CPU${subject} comes up with function calls queued`)
  return 0
}

/** smpcfd:dying: runs on the dying CPU with interrupts off, after it has left the online mask. */
export function* smpcfdDyingCpu(cpu: Cpu): Kernel<number> {
  if (cpu.bugs.has('M15')) return 0
  yield* flushCallQueue(cpu, false)
  yield* flushCallSenders(cpu, false)
  return 0
}

/** smpcfd:dead: whatever were still queued would never run. */
export function* smpcfdDeadCpu(cpu: Cpu, subject: number): Kernel<number> {
  const { memory } = cpu
  const queued = yield cpu.load(memory.percpu(subject) + PERCPU.callQueue, acquire, 'smpcfd_dead_cpu')
  cpu.warn(queued !== 0, 'smpcfd_dead_cpu', `CPU${subject} died with function calls queued`)
  return 0
}
