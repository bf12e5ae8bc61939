// cpuhp/N and those who send it to work.
//
//   controller                                cpuhp/N
//   fill the record: target, bringup, ...     sleeps
//   shouldRun = 1         (full)              shouldRun?           (acquire)
//   wake it                                   one callback each time round, until the target
//   sleep until doneUp / doneDown             or an error: shouldRun = 0, complete doneUp / doneDown
//
// The record is the controller's until shouldRun is up, and cpuhp/N's until it is down again.

import { threadOf, wakeUpProcess } from '../kthread/kthread.js'
import { type HotplugThread, THREADS } from '../kthread/smpboot.js'
import { CPUHP } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { FN } from '../ops/functions.js'
import { acquire, full, type Kernel, relaxed } from '../ops/operation.js'
import { POLICY } from '../sched/task.js'
import { complete, waitForCompletion } from '../sync/completion.js'
import { invokeCallback, resetTarget, setTarget, traceEnter, traceExit } from './callbacks.js'
import { isApState, isAtomicState, nextState } from './states.js'

export function doneOf(cpu: Cpu, subject: number, bringup: boolean): number {
  return cpu.memory.cpuhp(subject) + (bringup ? CPUHP.doneUp : CPUHP.doneDown)
}

export const hotplugThread: HotplugThread = {
  comm: 'cpuhp',
  policy: POLICY.normal,
  selfParking: true,
  *shouldRun(cpu) {
    return (yield cpu.load(cpu.memory.cpuhp(cpu.id) + CPUHP.shouldRun, acquire, 'cpuhp_should_run')) === 1
  },
  // One callback each time round.
  *run(cpu) {
    const { memory, id } = cpu
    const record = memory.cpuhp(id)
    const bringup = memory.get(record + CPUHP.bringup) === 1
    const single = memory.get(record + CPUHP.single) === 1
    const step = single
      ? memory.get(record + CPUHP.callbackState)
      : nextState(memory, record, bringup, memory.get(record + CPUHP.target))
    let more = !single && step >= 0
    if (step >= 0) {
      cpu.warn(!isApState(step), 'cpuhp_thread_fun', `step ${step} is not for cpuhp/${id}`)
      const node = memory.get(record + CPUHP.node)
      const result = isAtomicState(step)
        ? yield* invokeAtomically(cpu, step, bringup, node)
        : yield* invokeCallback(cpu, id, step, bringup, node, true)
      memory.set(record + CPUHP.result, result)
      if (result !== 0) {
        const lost = memory.get(record + CPUHP.rollback) === 1
        cpu.warn(lost, 'cpuhp_thread_fun', `CPU ${id} failed at step ${step} while rolling back`)
        more = false
      }
    }
    if (more && memory.get(record + CPUHP.state) !== memory.get(record + CPUHP.target)) return
    yield cpu.store(record + CPUHP.shouldRun, 0, relaxed, 'cpuhp_thread_fun:done')
    yield* complete(cpu, doneOf(cpu, id, bringup))
  },
}

/** A CPU on its way up may get here by a request from a state in the STARTING section. */
function* invokeAtomically(cpu: Cpu, step: number, bringup: boolean, node: number): Kernel<number> {
  cpu.irqDisable()
  const result = yield* invokeCallback(cpu, cpu.id, step, bringup, node, true)
  cpu.irqEnable()
  cpu.warn(result !== 0, 'cpuhp_thread_fun', `step ${step} must not fail`)
  return result
}

/** Has cpuhp/N do what the record says, and waits; the record's result says how it went. */
export function* kick(cpu: Cpu, subject: number): Kernel<void> {
  const { memory } = cpu
  const record = memory.cpuhp(subject)
  const there = memory.get(record + CPUHP.state) === memory.get(record + CPUHP.target)
  if (memory.get(record + CPUHP.single) === 0 && there) return
  memory.set(record + CPUHP.result, 0)
  const bringup = memory.get(record + CPUHP.bringup) === 1
  const order = cpu.bugs.has('M28') ? relaxed : full
  yield cpu.store(record + CPUHP.shouldRun, 1, order, 'cpuhp_kick_ap:should_run')
  yield* wakeUpProcess(cpu, threadOf(memory, subject, THREADS.cpuhp))
  yield* waitForCompletion(cpu, doneOf(cpu, subject, bringup))
}

/** Has cpuhp/N run to `target`; when a step fails, back to where it was. Answers the step's error. */
export function* kickAp(cpu: Cpu, subject: number, target: number): Kernel<number> {
  const record = cpu.memory.cpuhp(subject)
  const before = yield* setTarget(cpu, subject, target)
  yield* kick(cpu, subject)
  const result = cpu.memory.get(record + CPUHP.result)
  if (result !== 0) {
    yield* resetTarget(cpu, subject, before)
    yield* kick(cpu, subject)
  }
  return result
}

/** The same, traced as a step of its own. */
export function* kickApWork(cpu: Cpu, subject: number): Kernel<number> {
  const record = cpu.memory.cpuhp(subject)
  const before = cpu.memory.get(record + CPUHP.state)
  traceEnter(cpu, subject, before, FN.cpuhp_kick_ap_work, false)
  const result = yield* kickAp(cpu, subject, cpu.memory.get(record + CPUHP.target))
  traceExit(cpu, subject, before, result)
  return result
}

/** Calls one callback of one CPU, on its own thread when it has one. Answers its result; undone when it fails half-way. */
export function* issueCall(cpu: Cpu, subject: number, step: number, bringup: boolean, node: number): Kernel<number> {
  const { memory } = cpu
  const record = memory.cpuhp(subject)
  memory.set(record + CPUHP.last, 0)
  if (!isApState(step)) return yield* invokeCallback(cpu, subject, step, bringup, node, false)
  memory.set(record + CPUHP.rollback, 0)
  memory.set(record + CPUHP.node, node)
  memory.set(record + CPUHP.bringup, bringup ? 1 : 0)
  memory.set(record + CPUHP.callbackState, step)
  memory.set(record + CPUHP.single, 1)
  yield* kick(cpu, subject)
  const result = memory.get(record + CPUHP.result)
  memory.set(record + CPUHP.single, 0)
  if (cpu.bugs.has('M26')) return result
  // What is left in the record would be taken for the next operation's.
  memory.set(record + CPUHP.node, 0)
  memory.set(record + CPUHP.last, 0)
  return result
}
