// The scheduler's tick: time slices, the bandwidth of FIFO and RR tasks, and the periodic look at who has too much to do.
//
// A CPU ticks while it runs tasks, 250 times a second as Linux does by default. It stops by itself on an idle CPU, unless
// tasks are held up there or softirqs wait: an idle CPU costs nothing.
import { NS_PER_MS } from '../base/time.js'
import { SOFTIRQ_DATA } from '../memory/structs/deferred.js'
import { GLOBAL, PERCPU, RUNQUEUE } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { maskWord } from '../ops/mask.js'
import { full, type Kernel, relaxed } from '../ops/operation.js'
import { JIFFY_NS } from '../trace/fields.js'
import { balanceAtTick } from './balance.js'
import { assignAtTick } from './bandwidth.js'
import { sliceIsOver } from './fair.js'
import { lacksRuntime } from './group.js'
import { rcuHooks } from './read-side.js'
import { BANDWIDTH, checkBandwidth, roundRobinIsOver } from './realtime.js'
import { accountCurrent } from './runqueue.js'
import { levelOf } from './task.js'

export const TICK_NS = 4 * NS_PER_MS

/** Brings the jiffies up to date, and answers with them. They only grow, whoever's clock is ahead. */
export function* updateJiffies(cpu: Cpu, now: number): Kernel<number> {
  const word = cpu.memory.global + GLOBAL.jiffies
  const due = Math.floor(now / JIFFY_NS)
  let seen = yield cpu.load(word, relaxed, 'tick_do_update_jiffies64:look')
  while (seen < due) {
    const before = yield cpu.compareExchange(word, seen, due, full, 'tick_do_update_jiffies64')
    if (before === seen) return due
    seen = before
  }
  return seen
}

/** The CPU is going to run a task, and does not tick: begins. Nobody may have kept the jiffies meanwhile. */
export function* startTick(cpu: Cpu, now: number): Kernel<void> {
  yield* updateJiffies(cpu, now)
  cpu.tickAt = now + TICK_NS
  yield cpu.armTimer('tick_nohz_restart')
}

/** The tick is due: in the timer's interrupt, which arms the timer again afterwards. */
export function* schedulerTick(cpu: Cpu, now: number): Kernel<void> {
  const { memory } = cpu
  const rq = memory.runqueue(cpu.id)
  yield cpu.lockIrq(rq + RUNQUEUE.lock, 'scheduler_tick')
  const ran = accountCurrent(memory, rq, now)
  const current = memory.get(rq + RUNQUEUE.current)
  const bandwidth = checkBandwidth(memory, rq, now)
  const isIdle = current === memory.get(rq + RUNQUEUE.idle)
  const level = levelOf(memory, current)
  if (bandwidth !== BANDWIDTH.same) cpu.needResched = true
  else if (level === 0 && sliceIsOver(memory, rq, current)) cpu.needResched = true
  else if (level > 0 && roundRobinIsOver(memory, rq, current, ran, level)) cpu.needResched = true
  if (level === 0 && lacksRuntime(memory, cpu.id, current) && !(yield* assignAtTick(cpu, current, now)))
    cpu.needResched = true
  const few = memory.get(rq + RUNQUEUE.running) < 2 && memory.get(rq + RUNQUEUE.overloaded) === 1
  if (few) {
    memory.set(rq + RUNQUEUE.overloaded, 0)
    yield cpu.and(maskWord(memory.overloaded, cpu.id), ~(1 << (cpu.id & 31)), relaxed, 'scheduler_tick:overloaded')
    yield cpu.add(memory.global + GLOBAL.overloadedCount, -1, relaxed, 'scheduler_tick:overloaded_count')
  }
  const heldUp = memory.get(rq + RUNQUEUE.realtimeThrottled) === 1
  yield cpu.unlockIrq(rq + RUNQUEUE.lock, 'scheduler_tick')
  if (bandwidth === BANDWIDTH.throttled) yield* logThrottling(cpu)
  yield* rcuHooks.tick(cpu, now)
  if (
    isIdle &&
    !heldUp &&
    !rcuHooks.needsCpu(cpu) &&
    memory.get(memory.percpu(cpu.id) + PERCPU.softirq + SOFTIRQ_DATA.pending) === 0
  ) {
    cpu.tickAt = Number.POSITIVE_INFINITY
    return
  }
  cpu.tickAt = now - cpu.tickAt > TICK_NS ? now + TICK_NS : cpu.tickAt + TICK_NS
  if (!isIdle) yield* balanceAtTick(cpu, rq, now)
}

/** Once for a machine, as Linux says it. */
function* logThrottling(cpu: Cpu): Kernel<void> {
  const word = cpu.memory.global + GLOBAL.throttlingLogged
  if ((yield cpu.exchange(word, 1, full, 'sched_rt_runtime_exceeded')) === 0) {
    cpu.printk(6, 'sched: RT throttling activated')
  }
}
