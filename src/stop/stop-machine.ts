// stop_machine: every online CPU's stopper enters the same function in lockstep, with interrupts off.
//
//   PREPARE -> DISABLE_IRQ -> RUN -> EXIT       every CPU waits for the phase, does its part, acknowledges;
//                                               the last to acknowledge opens the next phase
//
//   each CPU                                    the last one
//   see phase (acquire); do its part
//   ack = ack - 1       (full)                  ack was 1: ack = number of CPUs, phase + 1 (release)

import { ERRNO } from '../base/errno.js'
import { threadOf, wakeUpProcess } from '../kthread/kthread.js'
import { THREADS } from '../kthread/smpboot.js'
import { GLOBAL, MULTI_STOP, STOP_DONE, STOPPER, TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { FN } from '../ops/functions.js'
import { bitsOf } from '../ops/mask.js'
import { full, type Kernel, relaxed, release } from '../ops/operation.js'
import { waitForCompletion } from '../sync/completion.js'
import { mutexLock, mutexUnlock } from '../sync/mutex.js'
import { EVENT, MARK } from '../trace/events.js'
import { appendWork, initStopDone, queueStopWork, setStopWork } from './stopper.js'
import { wakeQAdd, wakeUpQ } from './wake-q.js'

const PHASE = { none: 0, prepare: 1, disableIrq: 2, run: 3, exit: 4 } as const

function* beginMulti(
  cpu: Cpu,
  data: number,
  fn: number,
  argument: number,
  count: number,
  active: number,
): Kernel<void> {
  const { memory } = cpu
  memory.set(data + MULTI_STOP.function, fn)
  memory.set(data + MULTI_STOP.argument, argument)
  memory.set(data + MULTI_STOP.count, count)
  memory.set(data + MULTI_STOP.activeCpu, active)
  yield* setPhase(cpu, data, PHASE.prepare)
}

function* setPhase(cpu: Cpu, data: number, phase: number): Kernel<void> {
  yield cpu.store(data + MULTI_STOP.ack, cpu.memory.get(data + MULTI_STOP.count), relaxed, 'multi_cpu_stop:set_state')
  yield cpu.store(data + MULTI_STOP.phase, phase, release, 'multi_cpu_stop:phase')
}

/** What every stopper runs: `data` is the record of the lockstep. */
export function* multiCpuStop(cpu: Cpu, data: number): Kernel<number> {
  const { memory } = cpu
  const active = memory.get(data + MULTI_STOP.activeCpu) === cpu.id
  let irqsOff = false
  let result = 0
  let phase: number = PHASE.none
  do {
    phase = yield cpu.waitWhile(data + MULTI_STOP.phase, phase, 'multi_cpu_stop:wait')
    if (phase === PHASE.disableIrq) {
      cpu.irqDisable()
      irqsOff = true
      cpu.trace(EVENT.cpuhp_mark, cpu.id, MARK.irqsOff, 0)
    } else if (phase === PHASE.run && active) {
      cpu.trace(EVENT.cpuhp_mark, cpu.id, MARK.stopRun, 0)
      const fn = cpu.functions.get(memory.get(data + MULTI_STOP.function))
      result = yield* fn(cpu, memory.get(data + MULTI_STOP.argument), 0)
      cpu.trace(EVENT.cpuhp_mark, cpu.id, MARK.stopRan, 0)
    }
    if ((yield cpu.add(data + MULTI_STOP.ack, -1, full, 'multi_cpu_stop:ack')) === 1 && phase !== PHASE.exit) {
      yield* setPhase(cpu, data, phase + 1)
    }
  } while (phase !== PHASE.exit)
  if (irqsOff) {
    cpu.trace(EVENT.cpuhp_mark, cpu.id, MARK.irqsOn, 0)
    cpu.irqEnable()
  }
  return result
}

/**
 * Stops all online CPUs and runs `fn`(argument) on `active` alone, with interrupts off everywhere. The caller holds the
 * hotplug lock. Answers what `fn` returned.
 */
export function* stopMachine(cpu: Cpu, fn: number, argument: number, active: number): Kernel<number> {
  const { memory } = cpu
  const mutex = memory.global + GLOBAL.stopCpusMutex
  const done = memory.global + GLOBAL.stopDone
  const data = memory.global + GLOBAL.stopData
  yield* mutexLock(cpu, mutex)
  const cpus = [...bitsOf(memory, memory.online)]
  yield cpu.store(data + MULTI_STOP.phase, PHASE.none, relaxed, 'stop_machine:reset')
  yield* beginMulti(cpu, data, fn, argument, cpus.length, active)
  initStopDone(cpu, done, cpus.length)
  // With preemption off the own stopper can't start before all have been told; with the flag up, no pair of stoppers
  // is queued across this one (see stopTwoCpus).
  cpu.preemptDisable()
  cpu.trace(EVENT.cpuhp_mark, active, MARK.stopBegin, 0)
  yield cpu.store(memory.global + GLOBAL.stopInProgress, 1, full, 'queue_stop_cpus_work:begin')
  for (const target of cpus) {
    const work = memory.stopper(target) + STOPPER.stopWork
    setStopWork(cpu, work, FN.multi_cpu_stop, data, done)
    yield* queueStopWork(cpu, target, work)
  }
  yield cpu.store(memory.global + GLOBAL.stopInProgress, 0, release, 'queue_stop_cpus_work:end')
  cpu.preemptEnable()
  yield* waitForCompletion(cpu, done + STOP_DONE.completion)
  const result = memory.get(done + STOP_DONE.result)
  yield* mutexUnlock(cpu, mutex)
  return result
}

/**
 * Stops two CPUs and runs `fn`(argument) on `active`, one of them. Answers what it returned, or -ENOENT when one of the
 * CPUs is not up. Both stoppers get their work or neither does, in the same order as any other pair's: otherwise two
 * pairs could wait for each other.
 */
export function* stopTwoCpus(
  cpu: Cpu,
  first: number,
  second: number,
  fn: number,
  argument: number,
  active: number,
): Kernel<number> {
  const { memory, task } = cpu
  const low = Math.min(first, second)
  const high = Math.max(first, second)
  const done = task + TASK.stopDone
  const data = task + TASK.stopData
  initStopDone(cpu, done, 2)
  yield cpu.store(data + MULTI_STOP.phase, PHASE.none, relaxed, 'stop_two_cpus:reset')
  yield* beginMulti(cpu, data, fn, argument, 2, active)
  setStopWork(cpu, task + TASK.stopWork, FN.multi_cpu_stop, data, done)
  setStopWork(cpu, task + TASK.stopWorkSecond, FN.multi_cpu_stop, data, done)
  if (!(yield* queueTwoWorks(cpu, low, high))) return -ERRNO.ENOENT
  yield* waitForCompletion(cpu, done + STOP_DONE.completion)
  return memory.get(done + STOP_DONE.result)
}

function* queueTwoWorks(cpu: Cpu, low: number, high: number): Kernel<boolean> {
  const { memory, task } = cpu
  const firstStopper = memory.stopper(low)
  const secondStopper = memory.stopper(high)
  const firstThread = threadOf(memory, low, THREADS.migration)
  const secondThread = threadOf(memory, high, THREADS.migration)
  const inProgress = memory.global + GLOBAL.stopInProgress
  for (;;) {
    cpu.preemptDisable()
    yield cpu.lockIrq(firstStopper + STOPPER.lock, 'cpu_stop_queue_two_works:first')
    yield cpu.lockIrq(secondStopper + STOPPER.lock, 'cpu_stop_queue_two_works:second')
    const enabled =
      memory.get(firstStopper + STOPPER.enabled) === 1 && memory.get(secondStopper + STOPPER.enabled) === 1
    // A stop_machine that has reached one of the two but not the other would have to run after this work there and
    // before it here: wait until it has reached all.
    const retry = enabled && (yield cpu.load(inProgress, full, 'cpu_stop_queue_two_works:in_progress')) === 1
    let late: readonly [boolean, boolean] | null = null
    if (enabled && !retry) {
      appendWork(cpu, firstStopper, task + TASK.stopWork)
      appendWork(cpu, secondStopper, task + TASK.stopWorkSecond)
      if (cpu.bugs.has('M11')) late = [yield* wakeQAdd(cpu, firstThread), yield* wakeQAdd(cpu, secondThread)]
    }
    yield cpu.unlockIrq(secondStopper + STOPPER.lock, 'cpu_stop_queue_two_works:second')
    yield cpu.unlockIrq(firstStopper + STOPPER.lock, 'cpu_stop_queue_two_works:first')
    if (late !== null) {
      yield* wakeUpQ(cpu, firstThread, late[0])
      yield* wakeUpQ(cpu, secondThread, late[1])
    } else if (enabled && !retry) {
      yield* wakeUpProcess(cpu, firstThread)
      if (cpu.bugs.has('M10')) {
        cpu.preemptEnable()
        yield cpu.fence(relaxed, 'cpu_stop_queue_two_works:M10')
        cpu.preemptDisable()
      }
      yield* wakeUpProcess(cpu, secondThread)
    }
    cpu.preemptEnable()
    if (!retry) return enabled
    yield cpu.waitUntil(inProgress, 0, 'cpu_stop_queue_two_works:retry')
  }
}
