// Per-CPU threads: one loop that drives them (cpuhp/N, migration/N, ksoftirqd/N).
//
// Each kind of thread is a descriptor: when it has something to do, what, and what it does when it parks and unparks.
// The loop: asked to park -> park; else something to do -> do it; else sleep.
import { GLOBAL, PERCPU, TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { FN } from '../ops/functions.js'
import { full, type Kernel } from '../ops/operation.js'
import { threadgroupChangeBegin, threadgroupChangeEnd } from '../process/threadgroup.js'
import { schedule, setCurrentState } from '../sched/core.js'
import { FLAG, initTask, type Policy, STATE } from '../sched/task.js'
import { complete } from '../sync/completion.js'
import { mutexLock, mutexUnlock } from '../sync/mutex.js'
import { parkSelf, parkThread, setThread, THREAD, threadFlags, threadOf, unparkThread } from './kthread.js'

/** A kind of thread. */
export interface HotplugThread {
  /** 'cpuhp' for cpuhp/0, cpuhp/1, ... */
  readonly comm: string
  readonly policy: Policy
  /** parks and unparks by its own subsystem's means, if at all, not by the smpboot/threads step */
  readonly selfParking: boolean
  /** Whether there is something to do. Preemption is off. */
  shouldRun(cpu: Cpu): Kernel<boolean>
  run(cpu: Cpu): Kernel<void>
  /** once, when the thread first runs */
  setup?(cpu: Cpu): Kernel<void>
  park?(cpu: Cpu): Kernel<void>
  unpark?(cpu: Cpu): Kernel<void>
}

const STATUS = { none: 0, active: 1, parked: 2 } as const

/** The kinds of per-CPU threads by number, in the order in which they are unparked. */
export const THREADS = { cpuhp: 0, migration: 1, ksoftirqd: 2 } as const

/** Their descriptors; kernel/ fills it. */
export const hotplugThreads: HotplugThread[] = []

/** Where the loop of every per-CPU thread is. */
export function* smpbootThreadFn(cpu: Cpu, _task: number, index: number): Kernel<number> {
  const thread = hotplugThreads[index]!
  const status = cpu.memory.percpu(cpu.id) + PERCPU.threadStatus + index
  for (;;) {
    yield setCurrentState(cpu, STATE.interruptible, 'smpboot_thread_fn')
    cpu.preemptDisable()
    const flags = yield threadFlags(cpu, 'smpboot_thread_fn:flags')
    if (flags & THREAD.shouldPark) {
      yield setCurrentState(cpu, STATE.running, 'smpboot_thread_fn:park')
      cpu.preemptEnable()
      if (cpu.memory.get(status) === STATUS.active) {
        if (thread.park) yield* thread.park(cpu)
        cpu.memory.set(status, STATUS.parked)
      }
      yield* parkSelf(cpu)
      continue
    }
    if (cpu.memory.get(status) !== STATUS.active) {
      yield setCurrentState(cpu, STATE.running, 'smpboot_thread_fn:start')
      cpu.preemptEnable()
      const first = cpu.memory.get(status) === STATUS.none
      if (first && thread.setup) yield* thread.setup(cpu)
      if (!first && thread.unpark) yield* thread.unpark(cpu)
      cpu.memory.set(status, STATUS.active)
      continue
    }
    if (yield* thread.shouldRun(cpu)) {
      yield setCurrentState(cpu, STATE.running, 'smpboot_thread_fn:run')
      cpu.preemptEnable()
      yield* thread.run(cpu)
    } else {
      cpu.preemptEnable()
      yield* schedule(cpu)
    }
  }
}

/** Makes a CPU's threads that do not exist yet, parked or asleep. (threads:prepare, on the controlling CPU.) */
export function* smpbootCreateThreads(cpu: Cpu, subject: number): Kernel<number> {
  const { memory } = cpu
  const mutex = memory.global + GLOBAL.smpbootMutex
  yield* mutexLock(cpu, mutex)
  for (let index = 0; index < hotplugThreads.length; index++) {
    if (threadOf(memory, subject, index) !== 0) continue
    const thread = hotplugThreads[index]!
    const task = memory.threadTask(subject, index)
    const pid = (yield cpu.add(memory.global + GLOBAL.nextPid, 1, full, 'smpboot_create_threads:pid')) + 1
    const description = {
      comm: `${thread.comm}/${subject}`,
      pid,
      cpu: subject,
      flags: FLAG.kthread | FLAG.perCpu,
      affinity: [subject],
      policy: thread.policy,
      startTime: cpu.services.now(),
      entry: FN.smpboot_thread_fn,
      argument: index,
    }
    memory.set(memory.percpu(subject) + PERCPU.threadStatus + index, STATUS.none)
    yield* threadgroupChangeBegin(cpu)
    initTask(memory, task, description, STATE.parked)
    memory.set(task + TASK.threadFlags, THREAD.shouldPark)
    yield* complete(cpu, task + TASK.parked)
    yield* threadgroupChangeEnd(cpu)
    setThread(memory, subject, index, task)
  }
  yield* mutexUnlock(cpu, mutex)
  return 0
}

/** smpboot/threads coming up: lets a CPU's threads go. */
export function* smpbootUnparkThreads(cpu: Cpu, subject: number): Kernel<number> {
  const { memory } = cpu
  yield* mutexLock(cpu, memory.global + GLOBAL.smpbootMutex)
  for (let index = 0; index < hotplugThreads.length; index++) {
    if (!hotplugThreads[index]!.selfParking) yield* unparkThread(cpu, threadOf(memory, subject, index))
  }
  yield* mutexUnlock(cpu, memory.global + GLOBAL.smpbootMutex)
  return 0
}

/** smpboot/threads going down: parks them, the last kind first. */
export function* smpbootParkThreads(cpu: Cpu, subject: number): Kernel<number> {
  const { memory } = cpu
  if (cpu.bugs.has('unparked-thread')) return 0
  yield* mutexLock(cpu, memory.global + GLOBAL.smpbootMutex)
  for (let index = hotplugThreads.length - 1; index >= 0; index--) {
    if (!hotplugThreads[index]!.selfParking) yield* parkThread(cpu, threadOf(memory, subject, index))
  }
  yield* mutexUnlock(cpu, memory.global + GLOBAL.smpbootMutex)
  return 0
}
