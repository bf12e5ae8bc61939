// Calling the callbacks of steps, one or a range of them, and turning round when one fails.
import { ERRNO } from '../base/errno.js'
import type { Memory } from '../memory/memory.js'
import { CPUHP, INSTANCE, STEP } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { clearBit, hasBit, loadBit, setBit } from '../ops/mask.js'
import type { Kernel } from '../ops/operation.js'
import { EVENT, withFunction } from '../trace/events.js'
import { callbackOf, INVALID, isMulti, nextState } from './states.js'

/** A callback's events are recorded only where the CPU that runs it is online. */
function traces(cpu: Cpu): boolean {
  return hasBit(cpu.memory.get(cpu.memory.online + (cpu.id >> 5)), cpu.id)
}

export function traceEnter(cpu: Cpu, subject: number, step: number, fn: number, multi: boolean): void {
  if (!traces(cpu)) return
  const event = multi ? EVENT.cpuhp_multi_enter : EVENT.cpuhp_enter
  const target = cpu.memory.get(cpu.memory.cpuhp(subject) + CPUHP.target)
  cpu.trace(withFunction(event, fn), subject, target, step)
}

export function traceExit(cpu: Cpu, subject: number, step: number, result: number): void {
  if (!traces(cpu)) return
  const state = cpu.memory.get(cpu.memory.cpuhp(subject) + CPUHP.state)
  cpu.trace(EVENT.cpuhp_exit, subject, state, step | (result << 16))
}

/**
 * Calls the callback of a step for one CPU. `node` is the instance to call it for, 0: all of a multi-instance step.
 * With `remember`, a multi-instance step that fails half-way leaves the failing instance in the record's `last`, and
 * the next call for it, the other way round, stops there; without, it undoes its instances itself.
 * Answers 0 or a negative errno; -EAGAIN when the step had been told to fail.
 */
export function invokeCallback(
  cpu: Cpu,
  subject: number,
  step: number,
  bringup: boolean,
  node: number,
  remember: boolean,
): Kernel<number> {
  const { memory } = cpu
  const record = memory.cpuhp(subject)
  if (memory.get(record + CPUHP.fail) === step) {
    memory.set(record + CPUHP.fail, INVALID)
    return answering(-ERRNO.EAGAIN)
  }
  const fn = callbackOf(memory, step, bringup)
  if (fn === 0) return answering(0)
  if (!isMulti(memory, step)) return traced(cpu, subject, step, fn, 0, false)
  if (node !== 0) return traced(cpu, subject, step, fn, node, true)
  return invokeInstances(cpu, subject, step, bringup, remember)
}

/** A callback that is only a name: see kernel/callbacks.ts. */
export function* namedStep(): Kernel<number> {
  return 0
}

function* answering(result: number): Kernel<number> {
  return result
}

function* traced(cpu: Cpu, subject: number, step: number, fn: number, node: number, multi: boolean): Kernel<number> {
  traceEnter(cpu, subject, step, fn, multi)
  const callback = cpu.functions.get(fn)
  const result = callback === namedStep ? 0 : yield* callback(cpu, subject, node)
  traceExit(cpu, subject, step, result)
  return result
}

function* invokeInstances(
  cpu: Cpu,
  subject: number,
  step: number,
  bringup: boolean,
  remember: boolean,
): Kernel<number> {
  const { memory } = cpu
  const last = memory.cpuhp(subject) + CPUHP.last
  const fn = callbackOf(memory, step, bringup)
  const done: number[] = []
  for (const node of instancesOf(memory, step)) {
    if (remember && node === memory.get(last)) break
    const result = yield* traced(cpu, subject, step, fn, node, true)
    if (result !== 0) {
      if (remember) memory.set(last, node)
      else yield* undoInstances(cpu, subject, step, !bringup, done)
      return result
    }
    done.push(node)
  }
  if (remember) memory.set(last, 0)
  return 0
}

function* undoInstances(cpu: Cpu, subject: number, step: number, bringup: boolean, done: number[]): Kernel<void> {
  const fn = callbackOf(cpu.memory, step, bringup)
  if (fn === 0) return
  for (const node of done) {
    const result = yield* traced(cpu, subject, step, fn, node, true)
    cpu.warn(result !== 0, 'cpuhp_invoke_callback', `undoing step ${step} failed with ${result}`)
  }
}

/** The instances of a multi-instance step; cpuhp_state_mutex or the hotplug lock keeps them still. */
export function* instancesOf(memory: Memory, step: number): Generator<number, void, undefined> {
  const head = memory.get(memory.step(step) + STEP.instances)
  for (let node = head; node !== 0; node = memory.get(node + INSTANCE.next)) yield node
}

/** Calls the callbacks between the CPU's state and `target`, stopping at the first that fails. */
export function* invokeRange(cpu: Cpu, subject: number, bringup: boolean, target: number): Kernel<number> {
  const record = cpu.memory.cpuhp(subject)
  for (;;) {
    const step = nextState(cpu.memory, record, bringup, target)
    if (step < 0) return 0
    const result = yield* invokeCallback(cpu, subject, step, bringup, 0, false)
    if (result !== 0) return result
  }
}

/** The same for the STARTING and DYING sections: a failure is warned about, and does not stop half-way. */
export function* invokeRangeNoFail(cpu: Cpu, subject: number, bringup: boolean, target: number): Kernel<void> {
  const record = cpu.memory.cpuhp(subject)
  for (;;) {
    const step = nextState(cpu.memory, record, bringup, target)
    if (step < 0) return
    const result = yield* invokeCallback(cpu, subject, step, bringup, 0, false)
    const direction = bringup ? 'UP' : 'DOWN'
    cpu.warn(result !== 0, 'cpuhp_invoke_callback', `CPU ${subject} ${direction} state ${step} failed (${result})`)
    if (result !== 0 && cpu.bugs.has('M24')) return
  }
}

/** Begins an operation: its target and direction. Answers the state before. */
export function* setTarget(cpu: Cpu, subject: number, target: number): Kernel<number> {
  const { memory } = cpu
  const record = memory.cpuhp(subject)
  const before = memory.get(record + CPUHP.state)
  const bringup = before < target
  memory.set(record + CPUHP.rollback, 0)
  memory.set(record + CPUHP.last, 0)
  memory.set(record + CPUHP.target, target)
  memory.set(record + CPUHP.single, 0)
  memory.set(record + CPUHP.bringup, bringup ? 1 : 0)
  yield* setDying(cpu, subject, !bringup)
  return before
}

/** Turns an operation round after a failure: back to `before`, one step from where it is. */
export function* resetTarget(cpu: Cpu, subject: number, before: number): Kernel<void> {
  const { memory } = cpu
  const record = memory.cpuhp(subject)
  const bringup = memory.get(record + CPUHP.bringup) === 0
  if (!cpu.bugs.has('forgotten-target')) memory.set(record + CPUHP.target, before)
  if (memory.get(record + CPUHP.rollback) === 1) return
  memory.set(record + CPUHP.rollback, 1)
  // The state already counts the step that failed; a multi-instance step that stopped half-way is gone through again.
  if (memory.get(record + CPUHP.last) === 0) {
    memory.set(record + CPUHP.state, memory.get(record + CPUHP.state) + (bringup ? 1 : -1))
  }
  memory.set(record + CPUHP.bringup, bringup ? 1 : 0)
  yield* setDying(cpu, subject, !bringup)
}

function* setDying(cpu: Cpu, subject: number, dying: boolean): Kernel<void> {
  const { memory } = cpu
  if (hasBit(yield loadBit(cpu, memory.dying, subject, 'set_cpu_dying:look'), subject) === dying) return
  if (!dying && cpu.bugs.has('late-mask')) return
  yield (dying ? setBit : clearBit)(cpu, memory.dying, subject, 'set_cpu_dying')
}
