// FIFO and RR tasks, and the stopper above them: a list for each level, and a bit that says it is not empty.
//
// So that a task that never sleeps cannot keep everything else off its CPU, FIFO and RR tasks together run for at most
// 950 ms in each second; then they are held up until the second is over. (Linux's sched_rt_runtime_us of 6.1.)
//
// All of this is plain work on guarded data: the caller holds rq.lock.
import { NS_PER_MS, NS_PER_S } from '../base/time.js'
import type { Memory } from '../memory/memory.js'
import { RUN_LEVELS, RUNQUEUE, TASK } from '../memory/structs.js'
import { POLICY } from './task.js'

const PERIOD_NS = NS_PER_S
const RUNTIME_NS = 950 * NS_PER_MS
/** What an RR task runs before another of its priority has its turn. */
export const ROUND_ROBIN_NS = 100 * NS_PER_MS
/** The stopper's level: it is never held up. */
export const STOP_LEVEL = RUN_LEVELS - 1

/** Adds a task to the list of its level: at the end, or, where it was preempted, stays where it is. */
export function enqueueLevel(memory: Memory, rq: number, task: number, level: number): void {
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
  if (level !== STOP_LEVEL) memory.set(rq + RUNQUEUE.realtimeCount, memory.get(rq + RUNQUEUE.realtimeCount) + 1)
}

export function dequeueLevel(memory: Memory, rq: number, task: number, level: number): void {
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
  if (level !== STOP_LEVEL) memory.set(rq + RUNQUEUE.realtimeCount, memory.get(rq + RUNQUEUE.realtimeCount) - 1)
}

/** The first task of the highest level that may run, 0 when there is none. */
export function firstOfLevels(memory: Memory, rq: number): number {
  const stopper = memory.get(rq + RUNQUEUE.levelHead + STOP_LEVEL)
  if (stopper !== 0 || memory.get(rq + RUNQUEUE.realtimeThrottled) === 1) return stopper
  for (let w = 3; w >= 0; w--) {
    const bits = memory.get(rq + RUNQUEUE.levelBits + w)
    if (bits !== 0) return memory.get(rq + RUNQUEUE.levelHead + w * 32 + (31 - Math.clz32(bits)))
  }
  return 0
}

/** The tasks of all levels, the highest first. */
export function* tasksOfLevels(memory: Memory, rq: number): Generator<number, void, undefined> {
  for (let level = STOP_LEVEL; level > 0; level--) {
    for (let t = memory.get(rq + RUNQUEUE.levelHead + level); t !== 0; t = memory.get(t + TASK.runNext)) yield t
  }
}

/** Accounts that the current task, FIFO or RR, has run for `ns` until `now`. */
export function accountRealtime(memory: Memory, rq: number, ns: number, now: number): void {
  if (memory.getTime(rq + RUNQUEUE.realtimePeriodEnd) === 0) {
    memory.setTime(rq + RUNQUEUE.realtimePeriodEnd, now - ns + PERIOD_NS)
  }
  memory.setTime(rq + RUNQUEUE.realtimeNs, memory.getTime(rq + RUNQUEUE.realtimeNs) + ns)
}

/** What a look at the bandwidth leads to. */
export const BANDWIDTH = { same: 0, throttled: 1, released: 2 } as const

/** Begins new periods as time passes; holds FIFO and RR tasks up, or lets them go. A CPU that is being emptied holds none. */
export function checkBandwidth(memory: Memory, rq: number, now: number): number {
  const end = memory.getTime(rq + RUNQUEUE.realtimePeriodEnd)
  if (end === 0) return BANDWIDTH.same
  if (now >= end) {
    const periods = Math.floor((now - end) / PERIOD_NS) + 1
    const left = Math.max(0, memory.getTime(rq + RUNQUEUE.realtimeNs) - periods * RUNTIME_NS)
    memory.setTime(rq + RUNQUEUE.realtimeNs, left)
    const idle = left === 0 && memory.get(rq + RUNQUEUE.realtimeCount) === 0
    memory.setTime(rq + RUNQUEUE.realtimePeriodEnd, idle ? 0 : end + periods * PERIOD_NS)
  }
  const over = memory.getTime(rq + RUNQUEUE.realtimeNs) > RUNTIME_NS && memory.get(rq + RUNQUEUE.online) === 1
  const before = memory.get(rq + RUNQUEUE.realtimeThrottled) === 1
  if (over === before) return BANDWIDTH.same
  memory.set(rq + RUNQUEUE.realtimeThrottled, over ? 1 : 0)
  return over ? BANDWIDTH.throttled : BANDWIDTH.released
}

/** At a tick: whether an RR task has had its slice, and another of its priority waits; then it goes to the end. */
export function roundRobinIsOver(memory: Memory, rq: number, task: number, ran: number, level: number): boolean {
  if (memory.get(task + TASK.policy) !== POLICY.roundRobin) return false
  const left = memory.getTime(task + TASK.roundRobinLeft) - ran
  memory.setTime(task + TASK.roundRobinLeft, left > 0 ? left : ROUND_ROBIN_NS)
  if (left > 0 || memory.get(rq + RUNQUEUE.levelHead + level) === memory.get(rq + RUNQUEUE.levelTail + level))
    return false
  dequeueLevel(memory, rq, task, level)
  enqueueLevel(memory, rq, task, level)
  return true
}
