// Tasks of a group that has no runtime on their CPU: they are runnable, and held up beside the runqueue, which does not count them.
//
// All of this is plain work on guarded data: the caller holds rq.lock.

import type { Memory } from '../memory/memory.js'
import { CFS_RQ } from '../memory/structs/task-groups.js'
import { TASK } from '../memory/structs.js'

/** What a task's group has on `cpu`; 0: it is in none. */
export function cfsRqOf(memory: Memory, cpu: number, task: number): number {
  const group = memory.get(task + TASK.group)
  return group === 0 ? 0 : memory.cfsRq(group, cpu)
}

/** Whether a task would be held up on `cpu`. */
export function isThrottled(memory: Memory, cpu: number, task: number): boolean {
  const cfs = cfsRqOf(memory, cpu, task)
  return cfs !== 0 && memory.get(cfs + CFS_RQ.throttled) === 1
}

/** Whether a fair task may not run on before its group has got more runtime for its CPU. */
export function lacksRuntime(memory: Memory, cpu: number, task: number): boolean {
  const cfs = cfsRqOf(memory, cpu, task)
  if (cfs === 0 || memory.get(cfs + CFS_RQ.runtimeEnabled) === 0) return false
  return memory.getTime(cfs + CFS_RQ.runtimeRemaining) <= 0
}

/** A fair task that comes onto the runqueue of a CPU; answers whether it is held up there. */
export function joinGroup(memory: Memory, cpu: number, task: number): boolean {
  const cfs = cfsRqOf(memory, cpu, task)
  if (cfs === 0) return false
  memory.set(cfs + CFS_RQ.count, memory.get(cfs + CFS_RQ.count) + 1)
  if (memory.get(cfs + CFS_RQ.throttled) === 0) return false
  hold(memory, cfs, task)
  return true
}

/** One that leaves it; answers whether it was held up. */
export function leaveGroup(memory: Memory, cpu: number, task: number): boolean {
  const cfs = cfsRqOf(memory, cpu, task)
  if (cfs === 0) return false
  memory.set(cfs + CFS_RQ.count, memory.get(cfs + CFS_RQ.count) - 1)
  if (memory.get(task + TASK.held) === 0) return false
  letGo(memory, cfs, task)
  return true
}

export function hold(memory: Memory, cfs: number, task: number): void {
  const first = memory.get(cfs + CFS_RQ.held)
  memory.set(task + TASK.held, 1)
  memory.set(task + TASK.heapPrevious, 0)
  memory.set(task + TASK.heapNext, first)
  if (first !== 0) memory.set(first + TASK.heapPrevious, task)
  memory.set(cfs + CFS_RQ.held, task)
}

export function letGo(memory: Memory, cfs: number, task: number): void {
  const next = memory.get(task + TASK.heapNext)
  const previous = memory.get(task + TASK.heapPrevious)
  if (previous === 0) memory.set(cfs + CFS_RQ.held, next)
  else memory.set(previous + TASK.heapNext, next)
  if (next !== 0) memory.set(next + TASK.heapPrevious, previous)
  memory.set(task + TASK.held, 0)
}

/** Accounts that a fair task has run for `ns` on `cpu`. */
export function accountGroup(memory: Memory, cpu: number, task: number, ns: number): void {
  const cfs = cfsRqOf(memory, cpu, task)
  if (cfs === 0 || memory.get(cfs + CFS_RQ.runtimeEnabled) === 0) return
  memory.setTime(cfs + CFS_RQ.runtimeRemaining, memory.getTime(cfs + CFS_RQ.runtimeRemaining) - ns)
}
