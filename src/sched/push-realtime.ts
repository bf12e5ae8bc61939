// Pushing FIFO and RR tasks: one that waits behind another of them goes to a CPU that runs none. A balance callback, for
// the two runqueues are locked in their order, and so this one's lock has to be dropped.
import type { Memory } from '../memory/memory.js'
import { RUNQUEUE } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { hasBit, maskWord, testBit } from '../ops/mask.js'
import { type Kernel, relaxed } from '../ops/operation.js'
import { moveQueuedTask } from './balance.js'
import { MIGRATION, mustStay } from './placement.js'
import { STOP_LEVEL, tasksOfLevels } from './realtime.js'
import { CALLBACK } from './runqueue.js'
import { levelOf } from './task.js'
import { reschedule } from './wakeup.js'

/** CPUs that are looked at for one that could take a task. */
const LOOKS = 32

/**
 * Has FIFO and RR tasks pushed that wait while `runs`, one of them, runs: when the lock, which is held, is given up. A CPU
 * that is being emptied pushes all its tasks anyway.
 */
export function queuePushTasks(memory: Memory, rq: number, runs: number): void {
  if (memory.get(rq + RUNQUEUE.realtimeCount) < 2) return
  const level = levelOf(memory, runs)
  if (level <= 0 || level === STOP_LEVEL) return
  if (memory.get(rq + RUNQUEUE.balanceCallback) !== CALLBACK.none) return
  memory.set(rq + RUNQUEUE.balanceCallback, CALLBACK.pushTasks)
}

/** The callback. The lock of the runqueue of `owner` is held, and is again when this returns. */
export function* pushRealtimeTasks(cpu: Cpu, owner: number): Kernel<void> {
  while (yield* pushOne(cpu, owner));
}

/** Pushes the first task that waits. Answers whether it could. */
function* pushOne(cpu: Cpu, owner: number): Kernel<boolean> {
  const { memory } = cpu
  const rq = memory.runqueue(owner)
  const task = firstPushable(cpu, rq)
  if (task === 0) return false
  const target = yield* findLowestRq(cpu, owner, task)
  if (target < 0) return false
  const newRq = memory.runqueue(target)
  cpu.preemptDisable()
  cpu.irqDisable()
  yield cpu.unlockIrq(rq + RUNQUEUE.lock, 'push_rt_task')
  yield cpu.lockIrq(Math.min(rq, newRq) + RUNQUEUE.lock, 'push_rt_task:first')
  yield cpu.lockIrq(Math.max(rq, newRq) + RUNQUEUE.lock, 'push_rt_task:second')
  // Both may have changed meanwhile.
  const waits = firstPushable(cpu, rq) === task
  const fits = memory.get(newRq + RUNQUEUE.online) === 1 && isWithin(cpu, task, target)
  const moves = waits && fits && levelOf(memory, task) > levelOf(memory, memory.get(newRq + RUNQUEUE.current))
  if (moves) yield* moveQueuedTask(cpu, task, owner, target, MIGRATION.balance)
  yield cpu.unlockIrq(newRq + RUNQUEUE.lock, 'push_rt_task')
  cpu.irqEnable()
  cpu.preemptEnable()
  if (moves) yield* reschedule(cpu, target)
  return moves
}

/** The first FIFO or RR task that waits on a runqueue and may leave it, 0 when there is none. */
function firstPushable(cpu: Cpu, rq: number): number {
  const current = cpu.memory.get(rq + RUNQUEUE.current)
  for (const task of tasksOfLevels(cpu.memory, rq)) {
    if (task !== current && levelOf(cpu.memory, task) !== STOP_LEVEL && !mustStay(cpu, task)) return task
  }
  return 0
}

function isWithin(cpu: Cpu, task: number, target: number): boolean {
  return hasBit(cpu.memory.get(maskWord(cpu.memory.affinity(task), target)), target)
}

/** A CPU that the task may use and that runs no FIFO or RR task, best nothing at all; -1 when none is found soon. */
function* findLowestRq(cpu: Cpu, owner: number, task: number): Kernel<number> {
  const { memory } = cpu
  const { cpus } = memory.layout.config
  let found = -1
  // An isolated CPU is in no domain with others: its tasks stay.
  if (!testBit(memory, memory.housekeeping, owner)) return found
  for (let n = 1; n < Math.min(cpus, LOOKS); n++) {
    const target = (owner + n) % cpus
    if (!isWithin(cpu, task, target) || !testBit(memory, memory.housekeeping, target)) continue
    const rq = memory.runqueue(target)
    if ((yield cpu.load(rq + RUNQUEUE.online, relaxed, 'find_lowest_rq:online')) === 0) continue
    if ((yield cpu.load(rq + RUNQUEUE.running, relaxed, 'find_lowest_rq:running')) === 0) return target
    if (found >= 0) continue
    if ((yield cpu.load(rq + RUNQUEUE.realtimeCount, relaxed, 'find_lowest_rq:count')) === 0) found = target
  }
  return found
}
