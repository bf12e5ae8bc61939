// Kernel threads of a test's own: started, and waited for. They live in the task structs that `tasks` makes room for.
import { type Cpu, full, type Kernel, waitForCompletion } from '../../src/kernel-api.js'
import { wakeUpProcess } from '../../src/kthread/kthread.js'
import type { Memory } from '../../src/memory/memory.js'
import { GLOBAL, TASK } from '../../src/memory/structs.js'
import { FLAG, initTask, POLICY, type Policy, STATE } from '../../src/sched/task.js'

export interface NewTask {
  /** which of the test's task structs; free */
  readonly slot: number
  readonly cpu: number
  /** name of a module function: (cpu, task, argument) */
  readonly entry: string
  readonly argument?: number
  readonly policy?: Policy
  readonly priority?: number
  /** FLAG bits (default: a kernel thread) */
  readonly flags?: number
  /** allowed CPUs (default: its CPU alone) */
  readonly affinity?: readonly number[]
}

export function testTask(memory: Memory, slot: number): number {
  return memory.userTask(slot)
}

/** Makes a task and wakes it. Answers its address. */
export function* startTask(cpu: Cpu, made: NewTask): Kernel<number> {
  const { memory } = cpu
  const task = testTask(memory, made.slot)
  const description = {
    comm: `test/${made.slot}`,
    pid: (yield cpu.add(memory.global + GLOBAL.nextPid, 1, full, 'start_task:pid')) + 1,
    cpu: made.cpu,
    flags: made.flags ?? FLAG.kthread,
    policy: made.policy ?? POLICY.normal,
    priority: made.priority ?? 0,
    entry: cpu.functions.find(made.entry),
    argument: made.argument ?? 0,
    affinity: made.affinity ?? [made.cpu],
  }
  initTask(memory, task, description, STATE.uninterruptible)
  yield* wakeUpProcess(cpu, task)
  return task
}

/** Waits until a task has returned; answers what. Its struct is free then. */
export function* joinTask(cpu: Cpu, task: number): Kernel<number> {
  yield* waitForCompletion(cpu, task + TASK.exited)
  yield cpu.waitUntil(task + TASK.onRunqueue, 0, 'join_task:off_runqueue')
  yield cpu.waitUntil(task + TASK.onCpu, 0, 'join_task:off_cpu')
  return cpu.memory.get(task + TASK.exitCode)
}
