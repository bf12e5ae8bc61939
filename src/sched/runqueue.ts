// A CPU's runqueue: for each level a list of runnable tasks, and a bit that says it is not empty.
//
// The current task stays in its list. All of this is plain work on guarded data: the caller holds rq.lock.
import { assert } from '../base/assert.js'
import type { Memory } from '../memory/memory.js'
import { RUNQUEUE, TASK } from '../memory/structs.js'
import { levelOf } from './task.js'

/** Appends a task to the list of its level. */
export function enqueueTask(memory: Memory, rq: number, task: number): void {
  assert(memory.get(task + TASK.onRunqueue) === 0, 'a task is put on a runqueue while it is on one')
  const level = levelOf(memory, task)
  const head = rq + RUNQUEUE.levelHead + level
  const tail = rq + RUNQUEUE.levelTail + level
  const last = memory.get(tail)
  memory.set(task + TASK.runNext, 0)
  memory.set(task + TASK.runPrevious, last)
  if (last === 0) memory.set(head, task)
  else memory.set(last + TASK.runNext, task)
  memory.set(tail, task)
  const bits = rq + RUNQUEUE.levelBits + (level >> 5)
  memory.set(bits, memory.get(bits) | (1 << (level & 31)))
  memory.set(rq + RUNQUEUE.running, memory.get(rq + RUNQUEUE.running) + 1)
}

/** Takes a task off the list of its level. */
export function dequeueTask(memory: Memory, rq: number, task: number): void {
  const level = levelOf(memory, task)
  const head = rq + RUNQUEUE.levelHead + level
  const tail = rq + RUNQUEUE.levelTail + level
  const next = memory.get(task + TASK.runNext)
  const previous = memory.get(task + TASK.runPrevious)
  if (previous === 0) memory.set(head, next)
  else memory.set(previous + TASK.runNext, next)
  if (next === 0) memory.set(tail, previous)
  else memory.set(next + TASK.runPrevious, previous)
  if (memory.get(head) === 0) {
    const bits = rq + RUNQUEUE.levelBits + (level >> 5)
    memory.set(bits, memory.get(bits) & ~(1 << (level & 31)))
  }
  const running = memory.get(rq + RUNQUEUE.running) - 1
  assert(running >= 0, 'a runqueue has fewer than no tasks')
  memory.set(rq + RUNQUEUE.running, running)
}

/** The task that should run: the first of the highest level, else the idle task. */
export function pickNextTask(memory: Memory, rq: number): number {
  for (let w = 3; w >= 0; w--) {
    const bits = memory.get(rq + RUNQUEUE.levelBits + w)
    if (bits !== 0) return memory.get(rq + RUNQUEUE.levelHead + w * 32 + (31 - Math.clz32(bits)))
  }
  return memory.get(rq + RUNQUEUE.idle)
}

/** The tasks on a runqueue, for reports and checks. */
export function* tasksOf(memory: Memory, rq: number): Generator<number, void, undefined> {
  for (let level = 100; level >= 0; level--) {
    for (let t = memory.get(rq + RUNQUEUE.levelHead + level); t !== 0; t = memory.get(t + TASK.runNext)) yield t
  }
}
