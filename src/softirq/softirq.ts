// Softirqs: what an interrupt leaves to be done as soon as it is over, with interrupts on again.
//
//   a handler                     on the way out of the outermost interrupt    ksoftirqd/N
//   raiseSoftirq: sets its bit      pending? doSoftirq, on top of whatever       woken when that is not the end of it, and
//                                   was interrupted: ten rounds, or 2 ms         when a task raises one: doSoftirq
//
// While they are served, and in sections that hold them off (localBhDisable), preemption is off, and the way out of an
// interrupt leaves them alone: a CPU never serves softirqs on top of softirqs. All of a CPU's pending word is its own doing,
// between two operations, so it needs no atomic operations.
//
// ksoftirqd/N is parked before its CPU dies. What is raised after that is served by the tick, which goes on while anything is
// pending; an offline CPU serves nothing. What is left then is its subsystem's to move (takeoverTasklets); the bit stays, as in
// Linux, and finds nothing to do when the CPU is up again.
import { NS_PER_MS } from '../base/time.js'
import { SOFTIRQ_DATA, SOFTIRQS } from '../memory/structs/deferred.js'
import { PERCPU } from '../memory/structs.js'
import { bugOn } from '../ops/bug.js'
import type { Cpu } from '../ops/cpu.js'
import type { Kernel } from '../ops/operation.js'
import { NORMAL_SLEEP } from '../sched/task.js'
import { tryToWakeUp } from '../sched/wakeup.js'
import { EVENT } from '../trace/events.js'

/** Linux's numbers: the lowest is served first. */
export const SOFTIRQ = {
  hi: 0,
  timer: 1,
  netTx: 2,
  netRx: 3,
  block: 4,
  irqPoll: 5,
  tasklet: 6,
  sched: 7,
  hrtimer: 8,
  rcu: 9,
} as const
export type Softirq = (typeof SOFTIRQ)[keyof typeof SOFTIRQ]

/** What each does, by number; kernel/ fills it (open_softirq). Interrupts are on, preemption is off. */
export const softirqActions: ((cpu: Cpu) => Kernel<void>)[] = new Array(SOFTIRQS)

/** As long as this, and as often, softirqs that are raised anew are served at once; then ksoftirqd/N does it. */
const MAX_SOFTIRQ_NS = 2 * NS_PER_MS
const MAX_SOFTIRQ_RESTART = 10

function dataOf(cpu: Cpu): number {
  return cpu.memory.percpu(cpu.id) + PERCPU.softirq
}

/** The softirqs of this CPU that wait, a bit each. */
export function softirqsPending(cpu: Cpu): number {
  return cpu.memory.get(dataOf(cpu) + SOFTIRQ_DATA.pending)
}

function mayServe(cpu: Cpu): boolean {
  return cpu.inInterrupt === 0 && cpu.softirqDisabled === 0 && !cpu.softirqsStopped
}

/** Whether softirqs are to be served now: some wait, and neither an interrupt nor a section without them is under way. */
export function softirqsDue(cpu: Cpu): boolean {
  return mayServe(cpu) && softirqsPending(cpu) !== 0
}

/**
 * Has a softirq served on this CPU: when the interrupt, or the section without softirqs, is over; a task has ksoftirqd/N do it.
 * The lock of no runqueue is held.
 */
export function* raiseSoftirq(cpu: Cpu, nr: Softirq): Kernel<void> {
  const pending = dataOf(cpu) + SOFTIRQ_DATA.pending
  cpu.trace(EVENT.softirq_raise, nr, 0, 0)
  cpu.memory.set(pending, cpu.memory.get(pending) | (1 << nr))
  if (mayServe(cpu)) yield* wakeupSoftirqd(cpu)
}

/** Nothing before the thread has run for the first time: then it looks by itself. */
function* wakeupSoftirqd(cpu: Cpu): Kernel<void> {
  const thread = cpu.memory.get(dataOf(cpu) + SOFTIRQ_DATA.thread)
  if (thread !== 0) yield* tryToWakeUp(cpu, thread, NORMAL_SLEEP)
}

/** Serves what is pending. Interrupts are on; it is no place inside another one (softirqsDue). */
export function* doSoftirq(cpu: Cpu): Kernel<void> {
  const end = (yield cpu.clock('do_softirq:begin')) + MAX_SOFTIRQ_NS
  localBhDisable(cpu)
  cpu.servingSoftirq = true
  for (let restarts = 1; softirqsPending(cpu) !== 0; restarts++) {
    yield* serveRound(cpu)
    if (softirqsPending(cpu) === 0) break
    const over = restarts === MAX_SOFTIRQ_RESTART || cpu.needResched
    if (over || (yield cpu.clock('do_softirq:now')) >= end) {
      yield* wakeupSoftirqd(cpu)
      break
    }
  }
  cpu.servingSoftirq = false
  cpu.softirqDisabled--
  cpu.preemptEnable()
}

/** Those that are pending now, each once. */
function* serveRound(cpu: Cpu): Kernel<void> {
  const { memory } = cpu
  const data = dataOf(cpu)
  const pending = memory.get(data + SOFTIRQ_DATA.pending)
  memory.set(data + SOFTIRQ_DATA.pending, 0)
  for (let rest = pending; rest !== 0; rest &= rest - 1) {
    const nr = 31 - Math.clz32(rest & -rest)
    const action = softirqActions[nr]
    bugOn(action === undefined, 'do_softirq', `nobody has opened softirq ${nr}`)
    const served = data + SOFTIRQ_DATA.served + nr
    memory.set(served, (memory.get(served) + 1) | 0)
    cpu.trace(EVENT.softirq_entry, nr, 0, 0)
    yield* action!(cpu)
    cpu.trace(EVENT.softirq_exit, nr, 0, 0)
  }
}

/** Begins a section in which no softirq is served here, and preemption is off. They nest. */
export function localBhDisable(cpu: Cpu): void {
  cpu.softirqDisabled++
  cpu.preemptCount++
}

/** Ends it: what was held off is served here and now. Interrupts are on, or it is an interrupt's own section. */
export function* localBhEnable(cpu: Cpu): Kernel<void> {
  cpu.softirqDisabled--
  if (softirqsDue(cpu)) {
    cpu.warn(cpu.irqDisabled > 0, '__local_bh_enable_ip', 'softirqs are let go with interrupts off')
    yield* doSoftirq(cpu)
  }
  cpu.preemptEnable()
}

/** By a CPU that is offline from now on: what an interrupt that it still takes leaves is not served here any more. */
export function stopSoftirqs(cpu: Cpu): void {
  cpu.softirqsStopped = true
}

/** By a CPU that is online from now on. */
export function startSoftirqs(cpu: Cpu): void {
  cpu.softirqsStopped = false
}

/** ksoftirqd/N's part of the loop of per-CPU threads. */
export const ksoftirqd = {
  *setup(cpu: Cpu): Kernel<void> {
    cpu.memory.set(dataOf(cpu) + SOFTIRQ_DATA.thread, cpu.task)
  },
  *shouldRun(cpu: Cpu): Kernel<boolean> {
    return softirqsPending(cpu) !== 0
  },
  *run(cpu: Cpu): Kernel<void> {
    if (softirqsDue(cpu)) yield* doSoftirq(cpu)
  },
}
