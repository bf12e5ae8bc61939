// User processes: instances of a workload, with memory that their tasks share. Making them, running them, ending them.
//
// A user task's program runs natively, a stretch at a time: the operation `execute` does up to a budget of it and answers
// with the system call that the stretch ended with. Between two stretches the task is in user mode: nothing of it is in
// this CPU's worker, so it may be preempted and go on elsewhere. A system call that sleeps does so at a restart point.
import { ERRNO } from '../base/errno.js'
import type { Memory } from '../memory/memory.js'
import { GLOBAL, PROGRAM, TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { FN } from '../ops/functions.js'
import { bitsOf } from '../ops/mask.js'
import { full, type Kernel, relaxed } from '../ops/operation.js'
import { returnToUser, setCpusAllowed } from '../sched/affinity.js'
import { setCurrentState } from '../sched/core.js'
import { exitMm, mmAlloc, mmDrop, setMm } from '../sched/mm.js'
import { FLAG, initTask, NORMAL_SLEEP, type Policy, RESTART, STATE } from '../sched/task.js'
import { tryToWakeUp, wakeUpNewTask } from '../sched/wakeup.js'
import { EVENT } from '../trace/events.js'
import { CALL } from '../workloads/workload.js'
import { cancelCall, systemCall } from './syscalls.js'
import { threadgroupChangeBegin, threadgroupChangeEnd } from './threadgroup.js'

/** Starts the tasks of a process that the host has described. -EINVAL when no CPU that they may use is active. */
export function* spawnProcess(cpu: Cpu, index: number): Kernel<number> {
  const { memory } = cpu
  const program = memory.program(index)
  const mask = memory.programMask(index)
  let usable = 0
  for (let w = 0; w < memory.layout.maskWords; w++) {
    usable |= memory.get(mask + w) & (yield cpu.load(memory.active + w, relaxed, 'spawn:active'))
  }
  if (usable === 0) return -ERRNO.EINVAL
  const count = memory.get(program + PROGRAM.tasks)
  memory.set(program + PROGRAM.killed, 0)
  memory.set(program + PROGRAM.faulted, 0)
  yield cpu.store(program + PROGRAM.alive, count, full, 'spawn:alive')
  const mm = yield* mmAlloc(cpu)
  for (let member = 0; member < count; member++) yield* makeTask(cpu, index, member, mm)
  for (let member = 0; member < count; member++) yield* wakeUpNewTask(cpu, taskOf(memory, program, member))
  return 0
}

/** Member number `member` of a process. */
export function taskOf(memory: Memory, program: number, member: number): number {
  return memory.userTask(memory.get(program + PROGRAM.firstTask) + member)
}

function* makeTask(cpu: Cpu, index: number, member: number, mm: number): Kernel<void> {
  const { memory } = cpu
  const program = memory.program(index)
  const task = taskOf(memory, program, member)
  // Whoever had the struct before has ended, and may still be on its way off its CPU.
  yield cpu.waitUntil(task + TASK.onRunqueue, 0, 'spawn:off_runqueue')
  yield cpu.waitUntil(task + TASK.onCpu, 0, 'spawn:off_cpu')
  const description = {
    comm: memory.getText(program + PROGRAM.comm, 4),
    pid: (yield cpu.add(memory.global + GLOBAL.nextPid, 1, full, 'spawn:pid')) + 1,
    cpu: cpu.id,
    flags: FLAG.user,
    policy: memory.get(program + PROGRAM.policy) as Policy,
    priority: memory.get(program + PROGRAM.priority),
    nice: memory.get(program + PROGRAM.nice),
    entry: FN.user_task,
    argument: index,
    startTime: cpu.services.now(),
    affinity: bitsOf(memory, memory.programMask(index)),
  }
  yield* threadgroupChangeBegin(cpu)
  yield cpu.lockIrq(task + TASK.piLock, 'copy_process')
  initTask(memory, task, description, STATE.new)
  memory.set(task + TASK.group, memory.get(program + PROGRAM.group))
  memory.set(task + TASK.program, index)
  memory.set(task + TASK.member, member)
  setMm(memory, task, mm)
  cpu.trace(EVENT.sched_process_fork, task, description.pid, 0)
  yield cpu.unlockIrq(task + TASK.piLock, 'copy_process')
  yield* threadgroupChangeEnd(cpu)
}

/** What every user task runs. */
export function* userTask(cpu: Cpu, task: number, index: number): Kernel<number> {
  const { memory } = cpu
  const killed = memory.program(index) + PROGRAM.killed
  for (;;) {
    if (memory.get(task + TASK.userCall) !== CALL.usedUp) {
      const result = yield* systemCall(cpu, task)
      if (result === RESTART) {
        // Killed after the call had looked, and before it said that it sleeps: that wakeup found nobody asleep.
        const missed =
          (yield cpu.load(killed, full, 'user_task:signal')) === 1 && memory.get(task + TASK.userCall) !== CALL.lock
        if (!missed) return RESTART
        yield setCurrentState(cpu, STATE.running, 'user_task:signal')
        continue
      }
      memory.set(task + TASK.callResult, result)
      if (memory.get(task + TASK.userCall) === CALL.done) return yield* exitTask(cpu, index)
      memory.set(task + TASK.userCall, CALL.usedUp)
    }
    yield* returnToUser(cpu)
    const call = yield cpu.execute(task, 'user')
    cpu.restartable = false
    if (call < 0) return yield* faultTask(cpu, index)
    if (memory.get(killed) === 1) return yield* exitTask(cpu, index)
    memory.set(task + TASK.callPhase, 0)
    memory.set(task + TASK.userCall, call)
  }
}

/** A task that has thrown takes the others of its process with it. */
function* faultTask(cpu: Cpu, index: number): Kernel<number> {
  cpu.memory.set(cpu.memory.program(index) + PROGRAM.faulted, 1)
  yield* killProcess(cpu, index)
  return yield* exitTask(cpu, index)
}

/** Has all tasks of a process end as soon as they can. */
export function* killProcess(cpu: Cpu, index: number): Kernel<number> {
  const { memory } = cpu
  const program = memory.program(index)
  yield cpu.store(program + PROGRAM.killed, 1, full, 'kill')
  for (let member = 0; member < memory.get(program + PROGRAM.tasks); member++) {
    const task = taskOf(memory, program, member)
    if (task !== cpu.task) yield* tryToWakeUp(cpu, task, NORMAL_SLEEP)
  }
  return 0
}

/** The current task ends; with the last one, its process: the host is told. */
function* exitTask(cpu: Cpu, index: number): Kernel<number> {
  const { memory } = cpu
  const program = memory.program(index)
  yield* cancelCall(cpu)
  const mm = yield* exitMm(cpu)
  if ((yield cpu.add(program + PROGRAM.alive, -1, full, 'do_exit:alive')) === 1) {
    yield* mmDrop(cpu, mm)
    yield cpu.or(memory.exited + (index >> 5), 1 << (index & 31), full, 'do_exit:tell')
    yield cpu.notifyHost('do_exit')
  }
  return 0
}

/** Allows all tasks of a process the CPUs of its mask, as the host has written it. -ESRCH when all have ended. */
export function* setProcessAffinity(cpu: Cpu, index: number): Kernel<number> {
  const { memory } = cpu
  const program = memory.program(index)
  let answer: number = -ERRNO.ESRCH
  for (let member = 0; member < memory.get(program + PROGRAM.tasks); member++) {
    const task = taskOf(memory, program, member)
    const result = yield* setCpusAllowed(cpu, task, (w) => memory.get(memory.programMask(index) + w))
    if (result === -ERRNO.EINVAL) return result
    if (result === 0) answer = 0
  }
  return answer
}
