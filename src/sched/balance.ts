// Load balancing: CPUs that have little to do take tasks from those that have too much.
//
//   a CPU that falls idle        looks at the CPUs that have had a task too many lately, and takes it
//   a CPU at its tick            wakes an idle CPU when it has too much itself (that one then looks); now and then
//                                looks whether another has at least two tasks more, and takes half of the difference
//
// All of it within the domain (domains.ts): isolated CPUs neither give nor take.
// Only fair tasks of user processes are taken, and of those only what waits, may leave and may come. Both runqueues are locked, in the
// order of their CPUs, so that a task is always on one of them.
import { NS_PER_MS } from '../base/time.js'
import { GLOBAL, RUNQUEUE, TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { hasBit, loadBit, maskWord, testBit } from '../ops/mask.js'
import { type Kernel, relaxed } from '../ops/operation.js'
import { ARRIVAL, waitingFair } from './fair.js'
import { isThrottled } from './group.js'
import { MIGRATION, type Migration, mustStay, setTaskCpu } from './placement.js'
import { dequeueTask, enqueueTask } from './runqueue.js'
import { isLoad } from './task.js'
import { becomesOverloaded, noteOverload, reschedule } from './wakeup.js'

const INTERVAL_NS = 32 * NS_PER_MS
/** Tasks that are taken at once, at most; tasks that are looked at; CPUs that are looked at for one that is idle. */
const MOST = 8
const LOOKS = 32

/** An idle CPU looks for something to run. */
export function* idleBalance(cpu: Cpu): Kernel<void> {
  const { memory } = cpu
  if ((yield cpu.load(memory.global + GLOBAL.overloadedCount, relaxed, 'newidle_balance:any')) === 0) return
  for (let w = 0; w < memory.layout.maskWords; w++) {
    let rest = yield cpu.load(memory.overloaded + w, relaxed, 'newidle_balance:overloaded')
    for (; rest !== 0; rest &= rest - 1) {
      const busy = w * 32 + (31 - Math.clz32(rest & -rest))
      if (busy === cpu.id || !testBit(memory, memory.housekeeping, busy)) continue
      const rq = memory.runqueue(busy)
      if ((yield cpu.load(rq + RUNQUEUE.running, relaxed, 'newidle_balance:running')) < 2) continue
      // One that goes down leaves the domain later: what it took it would push away again.
      if (!hasBit(yield loadBit(cpu, memory.active, cpu.id, 'newidle_balance:active'), cpu.id)) return
      if (!hasBit(yield loadBit(cpu, memory.domain, cpu.id, 'newidle_balance:domain'), cpu.id)) return
      if ((yield* pullTasks(cpu, busy, 1, MIGRATION.idle)) > 0) return
    }
  }
}

/** At a tick of a CPU that runs something; in its interrupt. */
export function* balanceAtTick(cpu: Cpu, rq: number, now: number): Kernel<void> {
  const { memory } = cpu
  const running = yield cpu.load(rq + RUNQUEUE.running, relaxed, 'trigger_load_balance')
  if (running > 1 && testBit(memory, memory.housekeeping, cpu.id)) yield* kickIdle(cpu)
  if (now < memory.getTime(rq + RUNQUEUE.nextBalance)) return
  memory.setTime(rq + RUNQUEUE.nextBalance, now + INTERVAL_NS)
  if (!hasBit(yield loadBit(cpu, memory.active, cpu.id, 'load_balance:active'), cpu.id)) return
  if (!hasBit(yield loadBit(cpu, memory.domain, cpu.id, 'load_balance:domain'), cpu.id)) return
  let busiest = -1
  let most = running + 1
  for (let w = 0; w < memory.layout.maskWords; w++) {
    let rest = yield cpu.load(memory.overloaded + w, relaxed, 'load_balance:overloaded')
    for (; rest !== 0; rest &= rest - 1) {
      const other = w * 32 + (31 - Math.clz32(rest & -rest))
      const has = yield cpu.load(memory.runqueue(other) + RUNQUEUE.running, relaxed, 'load_balance:running')
      if (other === cpu.id || has <= most || !testBit(memory, memory.housekeeping, other)) continue
      most = has
      busiest = other
    }
  }
  if (busiest >= 0) yield* pullTasks(cpu, busiest, (most - running) >> 1, MIGRATION.balance)
}

/** Wakes a CPU of the domain that has nothing to do, so that it looks for something. */
function* kickIdle(cpu: Cpu): Kernel<void> {
  const { memory } = cpu
  const { cpus } = memory.layout.config
  for (let n = 1; n < Math.min(cpus, LOOKS); n++) {
    const other = (cpu.id + n) % cpus
    if ((yield cpu.load(memory.runqueue(other) + RUNQUEUE.running, relaxed, 'nohz_balancer_kick:running')) !== 0)
      continue
    if (!hasBit(yield loadBit(cpu, memory.domain, other, 'nohz_balancer_kick:domain'), other)) continue
    yield* reschedule(cpu, other)
    return
  }
}

/** Takes up to `count` tasks from another CPU. Answers how many. */
function* pullTasks(cpu: Cpu, from: number, count: number, why: Migration): Kernel<number> {
  const { memory } = cpu
  const source = memory.runqueue(from)
  const here = memory.runqueue(cpu.id)
  const [first, second] = from < cpu.id ? [source, here] : [here, source]
  yield cpu.lockIrq(first + RUNQUEUE.lock, 'load_balance:first')
  yield cpu.lockIrq(second + RUNQUEUE.lock, 'load_balance:second')
  let taken = 0
  // This CPU may have begun to go down meanwhile; from then on nothing comes here.
  if (memory.get(here + RUNQUEUE.online) === 1) {
    for (const task of candidates(cpu, source, Math.min(count, MOST))) {
      yield* moveQueuedTask(cpu, task, from, cpu.id, why)
      taken++
    }
  }
  const better = taken > 0 && memory.get(here + RUNQUEUE.current) === memory.get(here + RUNQUEUE.idle)
  yield cpu.unlockIrq(second + RUNQUEUE.lock, 'load_balance:second')
  yield cpu.unlockIrq(first + RUNQUEUE.lock, 'load_balance:first')
  if (better) cpu.needResched = true
  return taken
}

/**
 * Tasks that wait on a runqueue and may come here, those with the least vruntime first: their turn is next, and here they have it at
 * once. Linux takes those that have not run for longest, from a list of its own. With those that wait longest (the greatest
 * vruntime) minVruntime stands still where tasks are pushed to, and kernel threads there use their share up.
 */
function candidates(cpu: Cpu, source: number, count: number): number[] {
  const { memory } = cpu
  const found: number[] = []
  let looked = 0
  for (const task of waitingFair(memory, source)) {
    if (++looked > LOOKS) break
    if (mustStay(cpu, task) || !isLoad(memory, task) || isThrottled(memory, cpu.id, task)) continue
    if (hasBit(memory.get(maskWord(memory.affinity(task), cpu.id)), cpu.id)) found.push(task)
  }
  return found.sort((a, b) => memory.getTime(a + TASK.vruntime) - memory.getTime(b + TASK.vruntime)).slice(0, count)
}

/** Moves a task that waits from one runqueue to another; both are locked. */
export function* moveQueuedTask(cpu: Cpu, task: number, from: number, to: number, why: Migration): Kernel<void> {
  const { memory } = cpu
  if (!cpu.bugs.has('double-enqueue')) dequeueTask(memory, memory.runqueue(from), task)
  yield* setTaskCpu(cpu, task, from, to, why)
  // Nobody sees it in between: whoever looks for a runnable task by its runqueue has that runqueue's lock.
  memory.set(task + TASK.onRunqueue, 0)
  enqueueTask(memory, to, task, ARRIVAL.moved)
  memory.set(task + TASK.onRunqueue, 1)
  if (becomesOverloaded(memory, to)) yield* noteOverload(cpu, to)
}
