// Stoppers: a thread on every CPU (migration/N) that runs before everything else, and its list of work.
//
// Work for a stopper that is not enabled (its CPU is not up) is refused; its sender learns so at once.

import { ERRNO } from '../base/errno.js'
import { parkThread, threadOf, unparkThread, wakeUpProcess } from '../kthread/kthread.js'
import { type HotplugThread, THREADS } from '../kthread/smpboot.js'
import { STOP_DONE, STOP_WORK, STOPPER, TASK } from '../memory/structs.js'
import { bugOn } from '../ops/bug.js'
import type { Cpu } from '../ops/cpu.js'
import { full, type Kernel } from '../ops/operation.js'
import { POLICY } from '../sched/task.js'
import { complete, reinitCompletion, waitForCompletion } from '../sync/completion.js'
import { wakeQAdd, wakeUpQ } from './wake-q.js'

/** Prepares the record that `count` works report to. */
export function initStopDone(cpu: Cpu, done: number, count: number): void {
  cpu.memory.set(done + STOP_DONE.todo, count)
  cpu.memory.set(done + STOP_DONE.result, 0)
  reinitCompletion(cpu, done + STOP_DONE.completion)
}

export function setStopWork(cpu: Cpu, work: number, fn: number, argument: number, done: number): void {
  cpu.memory.set(work + STOP_WORK.function, fn)
  cpu.memory.set(work + STOP_WORK.argument, argument)
  cpu.memory.set(work + STOP_WORK.done, done)
}

/** Counts one of the works as done; the last one completes. */
export function* stopSignalDone(cpu: Cpu, done: number): Kernel<void> {
  if ((yield cpu.add(done + STOP_DONE.todo, -1, full, 'cpu_stop_signal_done')) === 1) {
    yield* complete(cpu, done + STOP_DONE.completion)
  }
}

/** Queues work for a stopper and wakes it. Answers whether the stopper is enabled; if not, the work counts as done. */
export function* queueStopWork(cpu: Cpu, target: number, work: number): Kernel<boolean> {
  const { memory } = cpu
  const stopper = memory.stopper(target)
  cpu.preemptDisable()
  yield cpu.lockIrq(stopper + STOPPER.lock, 'cpu_stop_queue_work')
  const enabled = memory.get(stopper + STOPPER.enabled) === 1
  if (enabled) appendWork(cpu, stopper, work)
  const thread = threadOf(memory, target, THREADS.migration)
  const late = enabled && cpu.bugs.has('M11') ? yield* wakeQAdd(cpu, thread) : null
  yield cpu.unlockIrq(stopper + STOPPER.lock, 'cpu_stop_queue_work')
  if (late !== null) yield* wakeUpQ(cpu, thread, late)
  else if (enabled) yield* wakeUpProcess(cpu, thread)
  else if (memory.get(work + STOP_WORK.done) !== 0) yield* stopSignalDone(cpu, memory.get(work + STOP_WORK.done))
  cpu.preemptEnable()
  return enabled
}

/** The stopper's lock is held. */
export function appendWork(cpu: Cpu, stopper: number, work: number): void {
  const { memory } = cpu
  const last = memory.get(stopper + STOPPER.tail)
  bugOn(last === work, '__list_add_valid', 'list_add double add: a stopper is given work that is the last on its list')
  memory.set(work + STOP_WORK.next, 0)
  if (last === 0) memory.set(stopper + STOPPER.head, work)
  else memory.set(last + STOP_WORK.next, work)
  memory.set(stopper + STOPPER.tail, work)
}

/** Runs `fn`(argument) on a CPU's stopper and waits. Answers what it returned, or -ENOENT when the CPU is not up. */
export function* stopOneCpu(cpu: Cpu, target: number, fn: number, argument: number): Kernel<number> {
  const done = cpu.task + TASK.stopDone
  initStopDone(cpu, done, 1)
  setStopWork(cpu, cpu.task + TASK.stopWork, fn, argument, done)
  if (!(yield* queueStopWork(cpu, target, cpu.task + TASK.stopWork))) return -ERRNO.ENOENT
  yield* waitForCompletion(cpu, done + STOP_DONE.completion)
  return cpu.memory.get(done + STOP_DONE.result)
}

/** Queues `fn`(argument) and does not wait: `work` stays in use until it has run. Answers 1 when it was accepted. */
export function* stopOneCpuNowait(
  cpu: Cpu,
  target: number,
  fn: number,
  argument: number,
  work: number,
): Kernel<number> {
  setStopWork(cpu, work, fn, argument, 0)
  return (yield* queueStopWork(cpu, target, work)) ? 1 : 0
}

function* takeWork(cpu: Cpu): Kernel<number> {
  const { memory } = cpu
  const stopper = memory.stopper(cpu.id)
  yield cpu.lockIrq(stopper + STOPPER.lock, 'cpu_stopper_thread')
  const work = memory.get(stopper + STOPPER.head)
  if (work !== 0) {
    const next = memory.get(work + STOP_WORK.next)
    memory.set(stopper + STOPPER.head, next)
    if (next === 0) memory.set(stopper + STOPPER.tail, 0)
  }
  yield cpu.unlockIrq(stopper + STOPPER.lock, 'cpu_stopper_thread')
  return work
}

export const stopperThread: HotplugThread = {
  comm: 'migration',
  policy: POLICY.stop,
  selfParking: true,
  *shouldRun(cpu) {
    const stopper = cpu.memory.stopper(cpu.id)
    yield cpu.lockIrq(stopper + STOPPER.lock, 'cpu_stop_should_run')
    const run = cpu.memory.get(stopper + STOPPER.head) !== 0
    yield cpu.unlockIrq(stopper + STOPPER.lock, 'cpu_stop_should_run')
    return run
  },
  *run(cpu) {
    const { memory } = cpu
    for (let work = yield* takeWork(cpu); work !== 0; work = yield* takeWork(cpu)) {
      const done = memory.get(work + STOP_WORK.done)
      const fn = memory.get(work + STOP_WORK.function)
      const argument = memory.get(work + STOP_WORK.argument)
      // What a stopper runs may not be preempted: nothing is above it, and nothing of it may sleep.
      cpu.preemptDisable()
      const result = yield* cpu.functions.get(fn)(cpu, argument, 0)
      cpu.preemptEnable()
      if (done === 0) continue
      if (result !== 0) memory.set(done + STOP_DONE.result, result)
      yield* stopSignalDone(cpu, done)
    }
  },
  *park(cpu) {
    bugOn(cpu.memory.get(cpu.memory.stopper(cpu.id) + STOPPER.head) !== 0, 'cpu_stop_park', 'a stopper parks with work')
  },
}

function* setEnabled(cpu: Cpu, subject: number, enabled: number): Kernel<void> {
  const stopper = cpu.memory.stopper(subject)
  yield cpu.lockIrq(stopper + STOPPER.lock, 'stop_machine_set_enabled')
  cpu.memory.set(stopper + STOPPER.enabled, enabled)
  yield cpu.unlockIrq(stopper + STOPPER.lock, 'stop_machine_set_enabled')
}

/** By the dying CPU's stopper itself: no more work; it parks when it is through. */
export function* stopMachinePark(cpu: Cpu, subject: number): Kernel<void> {
  if (!cpu.bugs.has('open-stopper')) yield* setEnabled(cpu, subject, 0)
  yield* parkThread(cpu, threadOf(cpu.memory, subject, THREADS.migration))
}

export function* stopMachineUnpark(cpu: Cpu, subject: number): Kernel<void> {
  yield* setEnabled(cpu, subject, 1)
  yield* unparkThread(cpu, threadOf(cpu.memory, subject, THREADS.migration))
}
