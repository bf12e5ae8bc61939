// A CPU's runqueue: its runnable tasks, by class. stop above FIFO and RR (realtime.ts) above fair (fair.ts) above idle.
//
// All of this is plain work on guarded data: the caller holds rq.lock.
import { assert } from '../base/assert.js'
import type { Memory } from '../memory/memory.js'
import { RUNQUEUE, TASK } from '../memory/structs.js'
import {
  ARRIVAL,
  type Arrival,
  accountFair,
  dequeueFair,
  enqueueFair,
  firstFair,
  putPreviousFair,
  setNextFair,
} from './fair.js'
import { accountGroup, joinGroup, leaveGroup } from './group.js'
import { accountRealtime, dequeueLevel, enqueueLevel, firstOfLevels, ROUND_ROBIN_NS, STOP_LEVEL } from './realtime.js'
import { FLAG, isLoad, levelOf } from './task.js'

/**
 * What is to be done when a runqueue's lock is given up, as the tail of schedule() does (Linux's rq->balance_callback).
 * balancePush stays there as long as its CPU is not active, and keeps others out.
 */
export const CALLBACK = { none: 0, balancePush: 1, pushTasks: 2 } as const

/** Puts a task onto the runqueue of `cpu`. */
export function enqueueTask(memory: Memory, cpu: number, task: number, arrival: Arrival): void {
  assert(memory.get(task + TASK.onRunqueue) === 0, 'a task is put on a runqueue while it is on one')
  const rq = memory.runqueue(cpu)
  const level = levelOf(memory, task)
  if (level > 0) {
    memory.setTime(task + TASK.roundRobinLeft, ROUND_ROBIN_NS)
    enqueueLevel(memory, rq, task, level)
  } else if (joinGroup(memory, cpu, task)) return
  else enqueueFair(memory, rq, cpu, task, arrival)
  count(memory, rq, task, 1)
}

/** Takes a task off its runqueue, whether it waits there or runs. */
export function dequeueTask(memory: Memory, rq: number, task: number): void {
  const level = levelOf(memory, task)
  if (level > 0) dequeueLevel(memory, rq, task, level)
  else if (leaveGroup(memory, cpuOf(memory, rq), task)) return
  else dequeueFair(memory, rq, task)
  count(memory, rq, task, -1)
}

/** One runnable task more or less. */
function count(memory: Memory, rq: number, task: number, change: 1 | -1): void {
  const running = memory.get(rq + RUNQUEUE.running) + change
  assert(running >= 0, 'a runqueue has fewer than no tasks')
  memory.set(rq + RUNQUEUE.running, running)
  if (isLoad(memory, task)) memory.set(rq + RUNQUEUE.loads, memory.get(rq + RUNQUEUE.loads) + change)
}

/** A fair task whose group has been given runtime: from now on it waits with the others. */
export function enqueueFairTask(memory: Memory, cpu: number, task: number): void {
  const rq = memory.runqueue(cpu)
  enqueueFair(memory, rq, cpu, task, ARRIVAL.woken)
  count(memory, rq, task, 1)
}

/** A fair task that waits is going to be held up. */
export function dequeueFairTask(memory: Memory, rq: number, task: number): void {
  dequeueFair(memory, rq, task)
  count(memory, rq, task, -1)
}

/** Whose runqueue that is. */
function cpuOf(memory: Memory, rq: number): number {
  return (rq - memory.layout.runqueues.base) / memory.layout.runqueues.stride
}

/** The task that should run: of the highest class that has one; else the idle task. The current one counts when it waits. */
export function pickNextTask(memory: Memory, rq: number): number {
  return firstOfLevels(memory, rq) || firstFair(memory, rq) || memory.get(rq + RUNQUEUE.idle)
}

/** The task runs from `now` on. */
export function setNextTask(memory: Memory, rq: number, task: number, now: number): void {
  if (levelOf(memory, task) === 0) setNextFair(memory, rq, task)
  memory.setTime(task + TASK.execStart, now)
}

/** The task has run and is still runnable: it waits with the others. */
export function putPreviousTask(memory: Memory, rq: number, task: number): void {
  if (levelOf(memory, task) === 0) putPreviousFair(memory, rq, task)
}

/**
 * Accounts what the current task has run since it was last accounted; what was stolen meanwhile it has not run (as with
 * CONFIG_PARAVIRT_TIME_ACCOUNTING). Answers how long that was, ns; 0 of the idle task.
 */
export function accountCurrent(memory: Memory, rq: number, now: number): number {
  const task = memory.get(rq + RUNQUEUE.current)
  const since = now - memory.getTime(task + TASK.execStart)
  // The clocks of two workers may be a little apart, and a waker accounts with its own.
  if (since <= 0) return 0
  memory.setTime(task + TASK.execStart, now)
  const stolen = Math.min(stealOf(memory, rq), since)
  if (stolen > 0) memory.setTime(rq + RUNQUEUE.stealNs, memory.getTime(rq + RUNQUEUE.stealNs) + stolen)
  const ran = since - stolen
  const spent = rq + timeFieldOf(memory, task)
  memory.setTime(spent, memory.getTime(spent) + ran)
  if ((memory.get(task + TASK.flags) & FLAG.idle) !== 0) return 0
  memory.setTime(task + TASK.sumExec, memory.getTime(task + TASK.sumExec) + ran)
  const level = levelOf(memory, task)
  if (level === 0) {
    accountFair(memory, rq, task, ran)
    if (memory.get(task + TASK.group) !== 0) accountGroup(memory, cpuOf(memory, rq), task, ran)
  }
  if (level > 0 && level !== STOP_LEVEL) accountRealtime(memory, rq, ran, now)
  return ran
}

/** What has been stolen from a CPU and is not accounted yet, ns. */
export function stealOf(memory: Memory, rq: number): number {
  return memory.getTime(rq + RUNQUEUE.steal) - memory.getTime(rq + RUNQUEUE.stealNs)
}

/** As what its CPU counts the time that a task runs: a field of the runqueue. What a user task does in the kernel is its own. */
export function timeFieldOf(memory: Memory, task: number): number {
  const flags = memory.get(task + TASK.flags)
  if ((flags & FLAG.idle) !== 0) return RUNQUEUE.idleNs
  if ((flags & FLAG.user) === 0) return RUNQUEUE.systemNs
  return memory.get(task + TASK.nice) > 0 ? RUNQUEUE.niceNs : RUNQUEUE.userNs
}
