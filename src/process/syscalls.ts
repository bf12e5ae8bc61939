// System calls of user tasks. Those that sleep do so at a restart point: what they need to go on stands in the task's
// struct, and they are entered again wherever the task wakes.
import { ERRNO } from '../base/errno.js'
import { schedSetaffinity } from '../cgroup/cpuset.js'
import type { Memory } from '../memory/memory.js'
import { MUTEX, PROGRAM, RUNQUEUE, TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { type Kernel, relaxed } from '../ops/operation.js'
import { migrateDisable, migrateEnable } from '../sched/affinity.js'
import { yieldFair } from '../sched/fair.js'
import { POLICY, RESTART, STATE } from '../sched/task.js'
import { mutexReady, mutexUnlock } from '../sync/mutex.js'
import { cancelSleep, prepareToSleep } from '../time/sleep.js'
import { CALL } from '../workloads/workload.js'
import { ASLEEP, futexCancel, futexWait, futexWake } from './futex.js'

/** Carries out the call that stands in the task's struct. Answers its result, or RESTART. */
export function* systemCall(cpu: Cpu, task: number): Kernel<number> {
  const { memory } = cpu
  const program = memory.program(memory.get(task + TASK.program))
  const argument = memory.get(task + TASK.callArgument)
  const value = memory.get(task + TASK.callValue)
  if (memory.get(program + PROGRAM.killed) === 1) {
    // It ends here: nothing of it waits for anything any more, but for a mutex that may be on its way to it.
    if (!(yield* leaveMutex(cpu))) return RESTART
    memory.set(task + TASK.userCall, CALL.done)
    return 0
  }
  switch (memory.get(task + TASK.userCall)) {
    case CALL.yield:
      return yield* yieldCpu(cpu)
    case CALL.sleep:
      return yield* sleep(cpu, memory.getTime(task + TASK.callTime))
    case CALL.wait: {
      const result = yield* futexWait(cpu, argument, value)
      return result === ASLEEP ? RESTART : result
    }
    case CALL.wake:
      return yield* futexWake(cpu, argument, value)
    case CALL.lock:
      return yield* lock(cpu, lockOf(memory, program, argument))
    case CALL.unlock:
      return yield* unlock(cpu, lockOf(memory, program, argument))
    case CALL.setAffinity:
      return yield* setAffinity(cpu, argument)
    case CALL.migrateDisable:
      yield* migrateDisable(cpu)
      return 0
    case CALL.migrateEnable:
      if (memory.get(task + TASK.migrationDisabled) === 0) return -ERRNO.EINVAL
      yield* migrateEnable(cpu)
      return 0
    default:
      return 0
  }
}

/** Kernel mutex `n` of a process, 0 when it has none of that number. */
function lockOf(memory: Memory, program: number, n: number): number {
  if (n < 0 || n >= memory.get(program + PROGRAM.tasks)) return 0
  return memory.userTask(memory.get(program + PROGRAM.firstTask) + n) + TASK.userLock
}

function* yieldCpu(cpu: Cpu): Kernel<number> {
  const { memory, task } = cpu
  const rq = memory.runqueue(cpu.id)
  yield cpu.lockIrq(rq + RUNQUEUE.lock, 'sched_yield')
  if (memory.get(task + TASK.policy) === POLICY.normal) yieldFair(memory, rq, task)
  yield cpu.unlockIrq(rq + RUNQUEUE.lock, 'sched_yield')
  cpu.needResched = true
  return 0
}

/** Sleeps for `ns`; a wakeup before that is none for it. */
function* sleep(cpu: Cpu, ns: number): Kernel<number> {
  const { memory, task } = cpu
  const now = yield cpu.clock('nanosleep:now')
  // From its first round on, callTime is when it is over.
  if (memory.get(task + TASK.callPhase) === 0) memory.setTime(task + TASK.callTime, now + ns)
  memory.set(task + TASK.callPhase, 1)
  const left = memory.getTime(task + TASK.callTime) - now
  if (left <= 0) return 0
  yield* prepareToSleep(cpu, left, STATE.interruptible)
  return RESTART
}

function* lock(cpu: Cpu, mutex: number): Kernel<number> {
  if (mutex === 0) return -ERRNO.EINVAL
  const { memory, task } = cpu
  const waits = memory.get(task + TASK.callPhase) === 1
  const owner = yield cpu.load(mutex + MUTEX.owner, relaxed, 'user_lock:owner')
  if (!waits && owner === task) return -ERRNO.EDEADLK
  if (!waits && owner !== 0 && cpu.bugs.has('no-exclusion')) return 0
  memory.set(task + TASK.callPhase, 1)
  return (yield* mutexReady(cpu, mutex)) ? 0 : RESTART
}

function* unlock(cpu: Cpu, mutex: number): Kernel<number> {
  if (mutex === 0) return -ERRNO.EINVAL
  if ((yield cpu.load(mutex + MUTEX.owner, relaxed, 'user_unlock:owner')) !== cpu.task) return -ERRNO.EPERM
  yield* mutexUnlock(cpu, mutex)
  return 0
}

/** `bits`: CPUs 0 to 31. */
function* setAffinity(cpu: Cpu, bits: number): Kernel<number> {
  return yield* schedSetaffinity(cpu, cpu.task, (w) => (w === 0 ? bits : 0))
}

/** Whether the current task, which is to end, waits for no mutex; else it sleeps until it gets it. */
function* leaveMutex(cpu: Cpu): Kernel<boolean> {
  const { memory, task } = cpu
  if (memory.get(task + TASK.userCall) !== CALL.lock || memory.get(task + TASK.callPhase) === 0) return true
  const program = memory.program(memory.get(task + TASK.program))
  const mutex = lockOf(memory, program, memory.get(task + TASK.callArgument))
  return mutex === 0 || (yield* mutexReady(cpu, mutex))
}

/** What a task that ends leaves: it waits for nothing, may change CPU, and holds none of its process's mutexes. */
export function* cancelCall(cpu: Cpu): Kernel<void> {
  const { memory, task } = cpu
  const program = memory.program(memory.get(task + TASK.program))
  yield* cancelSleep(cpu)
  if (memory.get(task + TASK.waitsFor) !== 0) yield* futexCancel(cpu, memory.get(task + TASK.callArgument))
  while (memory.get(task + TASK.migrationDisabled) > 0) yield* migrateEnable(cpu)
  for (let n = 0; n < memory.get(program + PROGRAM.tasks); n++) {
    const mutex = lockOf(memory, program, n)
    if ((yield cpu.load(mutex + MUTEX.owner, relaxed, 'do_exit:mutex')) === task) yield* mutexUnlock(cpu, mutex)
  }
}
