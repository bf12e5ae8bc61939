// The fair class: every runnable task gets a share of its CPU's time in proportion to its weight.
//
// A task's vruntime is the time that it has run, stretched by its weight. The one with the least runs next. Those that
// wait are in a heap (memory/heap.ts); the one that runs is not. minVruntime of a
// runqueue only grows; what is new there, or has slept, starts near it, so that nobody can save time up.
//
// All of this is plain work on guarded data: the caller holds rq.lock. Weights and times are those of Linux 6.1's CFS.
import { assert } from '../base/assert.js'
import { NS_PER_MS } from '../base/time.js'
import { Heap } from '../memory/heap.js'
import type { Memory } from '../memory/memory.js'
import { RUNQUEUE, TASK } from '../memory/structs.js'

/** Weights by nice, -20..19: about a quarter more for each step (sched_prio_to_weight). */
const WEIGHTS = [
  88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916, 9548, 7620, 6100, 4904, 3906, 3121, 2501, 1991,
  1586, 1277, 1024, 820, 655, 526, 423, 335, 272, 215, 172, 137, 110, 87, 70, 56, 45, 36, 29, 23, 18, 15,
] as const
const NICE_0 = 1024

/** Those that wait on a runqueue. */
const WAITING = new Heap({
  child: TASK.heapChild,
  next: TASK.heapNext,
  previous: TASK.heapPrevious,
  key: TASK.vruntime,
})

/** How many tasks share one latency; with more of them, each gets its least slice. */
const LATENCY_TASKS = 8
/** With more CPUs, slices are longer: Linux's scaling by the logarithm of their number. */
const scaleOf = (memory: Memory): number => 1 + Math.floor(Math.log2(Math.min(memory.layout.config.cpus, 8)))
/** In which every task runs once. */
const latencyOf = (memory: Memory): number => 6 * NS_PER_MS * scaleOf(memory)
const leastSliceOf = (memory: Memory): number => 0.75 * NS_PER_MS * scaleOf(memory)
const wakeupGranularityOf = (memory: Memory): number => NS_PER_MS * scaleOf(memory)

export function weightOf(memory: Memory, task: number): number {
  return WEIGHTS[memory.get(task + TASK.nice) + 20]!
}

/** Time that a task runs, as its vruntime counts it. */
function stretched(memory: Memory, task: number, ns: number): number {
  return (ns * NICE_0) / weightOf(memory, task)
}

const vruntime = (memory: Memory, task: number): number => memory.getTime(task + TASK.vruntime)

/** How long a task may run before another has its turn. */
function sliceOf(memory: Memory, rq: number, task: number): number {
  const count = memory.get(rq + RUNQUEUE.fairCount)
  const period = count > LATENCY_TASKS ? count * leastSliceOf(memory) : latencyOf(memory)
  return (period * weightOf(memory, task)) / Math.max(memory.get(rq + RUNQUEUE.fairLoad), weightOf(memory, task))
}

/** How a task comes onto a runqueue. */
export const ARRIVAL = { woken: 0, made: 1, moved: 2 } as const
export type Arrival = (typeof ARRIVAL)[keyof typeof ARRIVAL]

/** Puts a task among those that wait, with a vruntime that fits this runqueue. */
export function enqueueFair(memory: Memory, rq: number, cpu: number, task: number, arrival: Arrival): void {
  const least = memory.getTime(rq + RUNQUEUE.minVruntime)
  let start = vruntime(memory, task)
  // From another runqueue it brings its lead or lag along.
  if (memory.get(task + TASK.fairCpu) !== cpu) start += least - memory.getTime(task + TASK.fairBase)
  if (arrival === ARRIVAL.made) {
    const count = memory.get(rq + RUNQUEUE.fairCount) + 1
    const period = count > LATENCY_TASKS ? count * leastSliceOf(memory) : latencyOf(memory)
    const load = memory.get(rq + RUNQUEUE.fairLoad) + weightOf(memory, task)
    start = least + stretched(memory, task, (period * weightOf(memory, task)) / load)
  } else if (arrival === ARRIVAL.woken) start = Math.max(start, least - latencyOf(memory) / 2)
  memory.setTime(task + TASK.vruntime, start)
  memory.set(task + TASK.fairCpu, cpu)
  memory.set(rq + RUNQUEUE.fairCount, memory.get(rq + RUNQUEUE.fairCount) + 1)
  memory.set(rq + RUNQUEUE.fairLoad, memory.get(rq + RUNQUEUE.fairLoad) + weightOf(memory, task))
  WAITING.insert(memory, rq + RUNQUEUE.fairRoot, task)
}

/** Takes a task off, whether it waits or runs. */
export function dequeueFair(memory: Memory, rq: number, task: number): void {
  if (memory.get(rq + RUNQUEUE.fairCurrent) === task) memory.set(rq + RUNQUEUE.fairCurrent, 0)
  else WAITING.remove(memory, rq + RUNQUEUE.fairRoot, task)
  memory.setTime(task + TASK.fairBase, memory.getTime(rq + RUNQUEUE.minVruntime))
  memory.set(rq + RUNQUEUE.fairCount, memory.get(rq + RUNQUEUE.fairCount) - 1)
  memory.set(rq + RUNQUEUE.fairLoad, memory.get(rq + RUNQUEUE.fairLoad) - weightOf(memory, task))
}

/** The task with the least vruntime of those that wait, 0 when there is none. */
export function firstFair(memory: Memory, rq: number): number {
  return memory.get(rq + RUNQUEUE.fairRoot)
}

/** The task is going to run: it no longer waits. */
export function setNextFair(memory: Memory, rq: number, task: number): void {
  WAITING.remove(memory, rq + RUNQUEUE.fairRoot, task)
  memory.set(rq + RUNQUEUE.fairCurrent, task)
  memory.setTime(task + TASK.previousSumExec, memory.getTime(task + TASK.sumExec))
}

/** The task has run, and waits again. */
export function putPreviousFair(memory: Memory, rq: number, task: number): void {
  assert(memory.get(rq + RUNQUEUE.fairCurrent) === task, 'the task that has run is not the one that was picked')
  memory.set(rq + RUNQUEUE.fairCurrent, 0)
  WAITING.insert(memory, rq + RUNQUEUE.fairRoot, task)
}

/** Accounts that the current task has run for `ns`. */
export function accountFair(memory: Memory, rq: number, task: number, ns: number): void {
  memory.setTime(task + TASK.vruntime, vruntime(memory, task) + stretched(memory, task, ns))
  const first = firstFair(memory, rq)
  const least = first === 0 ? vruntime(memory, task) : Math.min(vruntime(memory, task), vruntime(memory, first))
  memory.setTime(rq + RUNQUEUE.minVruntime, Math.max(memory.getTime(rq + RUNQUEUE.minVruntime), least))
}

/** At a tick: whether the current task has had its slice. */
export function sliceIsOver(memory: Memory, rq: number, task: number): boolean {
  const first = firstFair(memory, rq)
  if (first === 0) return false
  const ran = memory.getTime(task + TASK.sumExec) - memory.getTime(task + TASK.previousSumExec)
  const slice = sliceOf(memory, rq, task)
  if (ran > slice) return true
  return ran >= leastSliceOf(memory) && vruntime(memory, task) - vruntime(memory, first) > slice
}

/** Whether a task that has just woken is so far behind the current one that it runs at once. */
export function wakeupPreempts(memory: Memory, current: number, task: number): boolean {
  const granularity = stretched(memory, task, wakeupGranularityOf(memory))
  return vruntime(memory, current) - vruntime(memory, task) > granularity
}

/** sched_yield: the current task lets the next one go first. */
export function yieldFair(memory: Memory, rq: number, task: number): void {
  const first = firstFair(memory, rq)
  if (first === 0) return
  memory.setTime(task + TASK.vruntime, Math.max(vruntime(memory, task), vruntime(memory, first) + 1))
}

/** The tasks that wait, the next one first, the others in no order. */
export function waitingFair(memory: Memory, rq: number): Generator<number, void, undefined> {
  return WAITING.nodes(memory, rq + RUNQUEUE.fairRoot)
}
