// The list of tasks that wait for one thing, linked through task.waitNext; guarded by that thing's lock.
import { assert } from '../base/assert.js'
import type { Memory } from '../memory/memory.js'
import { TASK } from '../memory/structs.js'

export function appendWaiter(memory: Memory, head: number, tail: number, task: number): void {
  memory.set(task + TASK.waitNext, 0)
  const last = memory.get(tail)
  if (last === 0) memory.set(head, task)
  else memory.set(last + TASK.waitNext, task)
  memory.set(tail, task)
}

/** The task that has waited longest, taken off the list; 0 when there is none. */
export function takeFirstWaiter(memory: Memory, head: number, tail: number): number {
  const task = memory.get(head)
  if (task === 0) return 0
  const next = memory.get(task + TASK.waitNext)
  memory.set(head, next)
  if (next === 0) memory.set(tail, 0)
  memory.set(task + TASK.waitNext, 0)
  return task
}

/** Takes a task off the list that it is on. */
export function removeWaiter(memory: Memory, head: number, tail: number, task: number): void {
  let before = 0
  for (let at = memory.get(head); at !== task; at = memory.get(at + TASK.waitNext)) {
    assert(at !== 0, 'a task is not on the wait list that it says it is on')
    before = at
  }
  const next = memory.get(task + TASK.waitNext)
  if (before === 0) memory.set(head, next)
  else memory.set(before + TASK.waitNext, next)
  if (next === 0) memory.set(tail, before)
  memory.set(task + TASK.waitNext, 0)
}
