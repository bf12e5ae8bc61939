// CFS bandwidth: the tasks of a group run for at most `quota` in each `period`, all CPUs together (cpu.max of cgroup v2).
//
//   a CPU that runs the group's tasks         the group
//   takes a slice of 5 ms; it is used up  <-  what is left of the quota: `runtime`
//   takes another one: there is none
//     throttled: its tasks are held up        the period timer: runtime = quota; what the throttled CPUs
//     given back what it owes  <------------    owe is given to them, the longest throttled first
//   its last task sleeps: gives back  ----->  the slack timer, soon after: gives that to who is throttled
//
// A tick late a CPU finds that it has run too long: it owes that to the periods that follow. Groups are flat here: none is in another,
// and their tasks share a CPU as if there were no groups.
//
// rq.lock comes before the group's lock. A CPU that is closed to tasks throttles nobody, or they could not leave it.
import { NS_PER_MS } from '../base/time.js'
import { LIMITS } from '../memory/layout.js'
import type { Memory } from '../memory/memory.js'
import { HRTIMER } from '../memory/structs/hrtimers.js'
import { CFS_RQ, TASK_GROUP } from '../memory/structs/task-groups.js'
import { GLOBAL, RUNQUEUE, TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { bitsOf } from '../ops/mask.js'
import { full, type Kernel, relaxed } from '../ops/operation.js'
import { waitingFair } from './fair.js'
import { cfsRqOf, hold, letGo } from './group.js'
import { dequeueFairTask, enqueueFairTask } from './runqueue.js'
import { becomesOverloaded, noteOverload, reschedule } from './wakeup.js'

/** What a CPU takes of the quota at once (sched_cfs_bandwidth_slice_us), and what it keeps when its last task sleeps. */
export const SLICE_NS = 5 * NS_PER_MS
const MIN_KEPT_NS = NS_PER_MS
/** How long what is given back waits for more; not started so shortly before a period ends. */
const SLACK_NS = 5 * NS_PER_MS
const MIN_LEFT_NS = 2 * NS_PER_MS

/** What it needs of the timers, which are built on the scheduler's room; kernel/ fills it. */
export const bandwidthHooks = {
  hrtimerStart: function* (_cpu: Cpu, _timer: number, _expires: number): Kernel<void> {},
  hrtimerForward: (_memory: Memory, _timer: number, _now: number, _interval: number): number => 0,
}
/** What a timer's function answers, as time/hrtimer.ts has it. */
const NORESTART = 0
const RESTART = 1

/**
 * Before a fair task is picked that lacks runtime: gets some from the group, or throttles that here; then the task is held up, and another one is to be picked.
 * The lock of this CPU's runqueue is held.
 */
export function* checkCfsRqRuntime(cpu: Cpu, task: number, now: number): Kernel<void> {
  if (yield* assignRuntime(cpu, task, now, true)) return
  const { memory } = cpu
  const cfs = cfsRqOf(memory, cpu.id, task)
  const rq = memory.runqueue(cpu.id)
  if (memory.get(cfs + CFS_RQ.throttled) === 0) memory.setTime(cfs + CFS_RQ.throttledSince, now)
  memory.set(cfs + CFS_RQ.throttled, 1)
  const group = memory.get(task + TASK.group)
  const held = [...waitingFair(memory, rq)].filter((one) => memory.get(one + TASK.group) === group)
  for (const one of held) {
    dequeueFairTask(memory, rq, one)
    hold(memory, cfs, one)
  }
}

/** At a tick, for the current task, which lacks runtime: answers whether it has got some. rq.lock is held. */
export function* assignAtTick(cpu: Cpu, task: number, now: number): Kernel<boolean> {
  return yield* assignRuntime(cpu, task, now, false)
}

/** Takes a slice of the group's runtime for this CPU. Answers whether there is some now; with `throttle`, it is entered as throttled otherwise. */
function* assignRuntime(cpu: Cpu, task: number, now: number, throttle: boolean): Kernel<boolean> {
  const { memory } = cpu
  const number = memory.get(task + TASK.group)
  const group = memory.taskGroup(number)
  const cfs = memory.cfsRq(number, cpu.id)
  // A task that runs may have come into a group that is throttled here.
  if (memory.get(cfs + CFS_RQ.throttled) === 1) return false
  const remaining = memory.getTime(cfs + CFS_RQ.runtimeRemaining)
  yield cpu.lockIrq(group + TASK_GROUP.lock, 'assign_cfs_rq_runtime')
  let amount = SLICE_NS - remaining
  if (memory.getTime(group + TASK_GROUP.quota) !== 0) {
    yield* startPeriodTimer(cpu, group, now)
    amount = Math.min(amount, memory.getTime(group + TASK_GROUP.runtime))
    memory.setTime(group + TASK_GROUP.runtime, memory.getTime(group + TASK_GROUP.runtime) - amount)
    memory.set(group + TASK_GROUP.idle, 0)
  }
  // What a CPU owes is part of what it takes.
  memory.setTime(cfs + CFS_RQ.runtimeRemaining, cpu.bugs.has('unpaid-runtime') ? SLICE_NS : remaining + amount)
  const enough = remaining + amount > 0
  if (!enough && throttle) append(memory, group, cfs)
  yield cpu.unlockIrq(group + TASK_GROUP.lock, 'assign_cfs_rq_runtime')
  return enough
}

/** The group's lock is held. */
function* startPeriodTimer(cpu: Cpu, group: number, now: number): Kernel<void> {
  const { memory } = cpu
  if (memory.get(group + TASK_GROUP.periodActive) === 1) return
  memory.set(group + TASK_GROUP.periodActive, 1)
  const timer = group + TASK_GROUP.periodTimer
  bandwidthHooks.hrtimerForward(memory, timer, now, memory.getTime(group + TASK_GROUP.period))
  yield* bandwidthHooks.hrtimerStart(cpu, timer, memory.getTime(timer + HRTIMER.expires))
}

/** The period timer's function: a new period, in which who is throttled gets what it owes. Stops when nobody needs it. */
export function* schedCfsPeriodTimer(cpu: Cpu, number: number, timer: number): Kernel<number> {
  const { memory } = cpu
  const group = memory.taskGroup(number)
  const now = yield cpu.clock('sched_cfs_period_timer:now')
  yield cpu.lockIrq(group + TASK_GROUP.lock, 'sched_cfs_period_timer')
  const passed = bandwidthHooks.hrtimerForward(memory, timer, now, memory.getTime(group + TASK_GROUP.period))
  const stops = cpu.bugs.has('stopped-period') && memory.get(group + TASK_GROUP.periods) % 4 === 3
  const goesOn = passed === 0 || (beginPeriod(memory, group, passed) && !stops)
  if (goesOn) yield* distribute(cpu, group, now)
  else memory.set(group + TASK_GROUP.periodActive, 0)
  yield cpu.unlockIrq(group + TASK_GROUP.lock, 'sched_cfs_period_timer')
  return goesOn ? RESTART : NORESTART
}

/** The group's lock is held. Answers whether there will be another period. */
function beginPeriod(memory: Memory, group: number, passed: number): boolean {
  const quota = memory.getTime(group + TASK_GROUP.quota)
  if (quota === 0) return false
  memory.set(group + TASK_GROUP.periods, memory.get(group + TASK_GROUP.periods) + passed)
  memory.setTime(group + TASK_GROUP.runtime, quota)
  if (memory.get(group + TASK_GROUP.head) !== 0) {
    memory.set(group + TASK_GROUP.throttledPeriods, memory.get(group + TASK_GROUP.throttledPeriods) + passed)
    memory.set(group + TASK_GROUP.idle, 0)
    return true
  }
  if (memory.get(group + TASK_GROUP.idle) === 1) return false
  memory.set(group + TASK_GROUP.idle, 1)
  return true
}

/** Gives the throttled CPUs what they owe, as far as it goes. The group's lock is held, and is again when this returns. */
function* distribute(cpu: Cpu, group: number, now: number): Kernel<void> {
  const { memory } = cpu
  for (;;) {
    const cfs = memory.get(group + TASK_GROUP.head)
    if (cfs === 0 || memory.getTime(group + TASK_GROUP.runtime) <= 0) return
    const owner = memory.cpuOfCfsRq(cfs)
    const rq = memory.runqueue(owner)
    yield cpu.unlockIrq(group + TASK_GROUP.lock, 'distribute_cfs_runtime')
    yield cpu.lockIrq(rq + RUNQUEUE.lock, 'distribute_cfs_runtime:rq')
    yield cpu.lockIrq(group + TASK_GROUP.lock, 'distribute_cfs_runtime:again')
    if (memory.get(cfs + CFS_RQ.throttled) === 1) {
      const owed = 1 - memory.getTime(cfs + CFS_RQ.runtimeRemaining)
      const given = Math.min(owed, memory.getTime(group + TASK_GROUP.runtime))
      memory.setTime(group + TASK_GROUP.runtime, memory.getTime(group + TASK_GROUP.runtime) - given)
      memory.setTime(cfs + CFS_RQ.runtimeRemaining, memory.getTime(cfs + CFS_RQ.runtimeRemaining) + given)
      if (given === owed) yield* unthrottle(cpu, group, cfs, owner, now)
    }
    yield cpu.unlockIrq(group + TASK_GROUP.lock, 'distribute_cfs_runtime:group')
    yield cpu.unlockIrq(rq + RUNQUEUE.lock, 'distribute_cfs_runtime:rq')
    yield cpu.lockIrq(group + TASK_GROUP.lock, 'distribute_cfs_runtime')
  }
}

/** The locks of the CPU's runqueue and of the group are held. */
function* unthrottle(cpu: Cpu, group: number, cfs: number, owner: number, now: number): Kernel<void> {
  const { memory } = cpu
  const rq = memory.runqueue(owner)
  memory.set(cfs + CFS_RQ.throttled, 0)
  unlink(memory, group, cfs)
  const since = memory.getTime(cfs + CFS_RQ.throttledSince)
  memory.setTime(
    group + TASK_GROUP.throttledNs,
    memory.getTime(group + TASK_GROUP.throttledNs) + Math.max(0, now - since),
  )
  for (let task = memory.get(cfs + CFS_RQ.held); task !== 0; task = memory.get(cfs + CFS_RQ.held)) {
    letGo(memory, cfs, task)
    enqueueFairTask(memory, owner, task)
  }
  if (memory.get(rq + RUNQUEUE.running) === 0) return
  if (becomesOverloaded(memory, owner)) yield* noteOverload(cpu, owner)
  if (memory.get(rq + RUNQUEUE.current) === memory.get(rq + RUNQUEUE.idle)) yield* reschedule(cpu, owner)
}

/** The last task of its group has gone to sleep here: what is left of the CPU's slice may go elsewhere. rq.lock is held. */
export function* returnCfsRqRuntime(cpu: Cpu, task: number, now: number): Kernel<void> {
  const { memory } = cpu
  const cfs = cfsRqOf(memory, cpu.id, task)
  if (cfs === 0 || memory.get(cfs + CFS_RQ.runtimeEnabled) === 0 || memory.get(cfs + CFS_RQ.count) > 0) return
  const slack = memory.getTime(cfs + CFS_RQ.runtimeRemaining) - MIN_KEPT_NS
  if (slack <= 0) return
  const group = memory.taskGroup(memory.get(task + TASK.group))
  yield cpu.lockIrq(group + TASK_GROUP.lock, 'return_cfs_rq_runtime')
  if (memory.getTime(group + TASK_GROUP.quota) !== 0) {
    const runtime = memory.getTime(group + TASK_GROUP.runtime) + slack
    memory.setTime(group + TASK_GROUP.runtime, runtime)
    if (runtime > SLICE_NS && memory.get(group + TASK_GROUP.head) !== 0) yield* startSlackTimer(cpu, group, now)
  }
  memory.setTime(cfs + CFS_RQ.runtimeRemaining, MIN_KEPT_NS)
  yield cpu.unlockIrq(group + TASK_GROUP.lock, 'return_cfs_rq_runtime')
}

/** The group's lock is held. */
function* startSlackTimer(cpu: Cpu, group: number, now: number): Kernel<void> {
  const { memory } = cpu
  if (memory.get(group + TASK_GROUP.slackStarted) === 1 || isPeriodOver(memory, group, now + SLACK_NS + MIN_LEFT_NS))
    return
  memory.set(group + TASK_GROUP.slackStarted, 1)
  yield* bandwidthHooks.hrtimerStart(cpu, group + TASK_GROUP.slackTimer, now + SLACK_NS)
}

/** Whether a new period will have begun at `time`. */
function isPeriodOver(memory: Memory, group: number, time: number): boolean {
  return memory.getTime(group + TASK_GROUP.periodTimer + HRTIMER.expires) < time
}

/** The slack timer's function: what has been given back goes to who is throttled. */
export function* schedCfsSlackTimer(cpu: Cpu, number: number): Kernel<number> {
  const { memory } = cpu
  const group = memory.taskGroup(number)
  const now = yield cpu.clock('sched_cfs_slack_timer:now')
  yield cpu.lockIrq(group + TASK_GROUP.lock, 'sched_cfs_slack_timer')
  memory.set(group + TASK_GROUP.slackStarted, 0)
  const some = memory.getTime(group + TASK_GROUP.quota) !== 0 && memory.getTime(group + TASK_GROUP.runtime) > SLICE_NS
  if (some && !isPeriodOver(memory, group, now + MIN_LEFT_NS)) yield* distribute(cpu, group, now)
  yield cpu.unlockIrq(group + TASK_GROUP.lock, 'sched_cfs_slack_timer')
  return NORESTART
}

/** A CPU is closed to tasks: from here on its groups need no runtime, and those that are held up run. rq.lock is held. */
export function* unthrottleOfflineCfsRqs(cpu: Cpu, subject: number): Kernel<void> {
  const { memory } = cpu
  if ((yield cpu.load(memory.global + GLOBAL.bandwidthUsed, relaxed, 'unthrottle_offline_cfs_rqs:any')) === 0) return
  const now = yield cpu.clock('unthrottle_offline_cfs_rqs:now')
  for (let number = 1; number < LIMITS.groups; number++) {
    const cfs = memory.cfsRq(number, subject)
    if (memory.get(cfs + CFS_RQ.runtimeEnabled) === 0 || cpu.bugs.has('kept-throttled')) continue
    const owed = Math.max(0, -memory.getTime(cfs + CFS_RQ.runtimeRemaining))
    memory.setTime(cfs + CFS_RQ.letOff, memory.getTime(cfs + CFS_RQ.letOff) + owed)
    memory.setTime(cfs + CFS_RQ.runtimeRemaining, 1)
    memory.set(cfs + CFS_RQ.runtimeEnabled, 0)
    yield* unthrottleIfThrottled(cpu, number, subject, now)
  }
}

/** A CPU is open to tasks: its groups need runtime again. rq.lock is held. */
export function* updateRuntimeEnabled(cpu: Cpu, subject: number): Kernel<void> {
  const { memory } = cpu
  if ((yield cpu.load(memory.global + GLOBAL.bandwidthUsed, relaxed, 'update_runtime_enabled:any')) === 0) return
  for (let number = 1; number < LIMITS.groups; number++) {
    const group = memory.taskGroup(number)
    if ((yield cpu.load(group + TASK_GROUP.used, relaxed, 'update_runtime_enabled:used')) === 0) continue
    yield cpu.lockIrq(group + TASK_GROUP.lock, 'update_runtime_enabled')
    const limited = memory.getTime(group + TASK_GROUP.quota) !== 0
    memory.set(memory.cfsRq(number, subject) + CFS_RQ.runtimeEnabled, limited ? 1 : 0)
    yield cpu.unlockIrq(group + TASK_GROUP.lock, 'update_runtime_enabled')
  }
}

/** rq.lock of `owner` is held. */
function* unthrottleIfThrottled(cpu: Cpu, number: number, owner: number, now: number): Kernel<void> {
  const { memory } = cpu
  const cfs = memory.cfsRq(number, owner)
  if (memory.get(cfs + CFS_RQ.throttled) === 0) return
  const group = memory.taskGroup(number)
  yield cpu.lockIrq(group + TASK_GROUP.lock, 'unthrottle_cfs_rq')
  yield* unthrottle(cpu, group, cfs, owner, now)
  yield cpu.unlockIrq(group + TASK_GROUP.lock, 'unthrottle_cfs_rq')
}

/** Makes a group, without a limit. Answers its number, 1..., or 0 when there is no room for another. */
export function* schedCreateGroup(cpu: Cpu): Kernel<number> {
  const { memory } = cpu
  for (let number = 1; number < LIMITS.groups; number++) {
    const used = memory.taskGroup(number) + TASK_GROUP.used
    if ((yield cpu.exchange(used, 1, full, 'sched_create_group')) !== 0) continue
    forgetStatistics(memory, number)
    return number
  }
  return 0
}

/** What is counted of a group begins with the group, though another one has had its place. */
function forgetStatistics(memory: Memory, number: number): void {
  const group = memory.taskGroup(number)
  memory.set(group + TASK_GROUP.periods, 0)
  memory.set(group + TASK_GROUP.throttledPeriods, 0)
  memory.setTime(group + TASK_GROUP.throttledNs, 0)
  for (let owner = 0; owner < memory.layout.config.cpus; owner++) {
    memory.setTime(memory.cfsRq(number, owner) + CFS_RQ.letOff, 0)
  }
}

/** Takes a group away that has no tasks; its limit has been taken off (setBandwidth with quota 0). */
export function* schedDestroyGroup(cpu: Cpu, number: number): Kernel<void> {
  yield cpu.exchange(cpu.memory.taskGroup(number) + TASK_GROUP.used, 0, full, 'sched_destroy_group')
}

/**
 * Limits a group to `quotaNs` in each `periodNs`, all CPUs together; a quota of 0: no limit. The hotplug lock is held for reading,
 * and cpu.max has been checked: a period of 1 ms to 1 s, a quota of at least 1 ms.
 */
export function* setBandwidth(cpu: Cpu, number: number, quotaNs: number, periodNs: number): Kernel<void> {
  const { memory } = cpu
  const group = memory.taskGroup(number)
  const now = yield cpu.clock('tg_set_cfs_bandwidth:now')
  yield cpu.lockIrq(group + TASK_GROUP.lock, 'tg_set_cfs_bandwidth')
  const before = memory.getTime(group + TASK_GROUP.quota) !== 0
  memory.setTime(group + TASK_GROUP.quota, quotaNs)
  memory.setTime(group + TASK_GROUP.period, periodNs)
  memory.setTime(group + TASK_GROUP.runtime, quotaNs)
  const limited = quotaNs !== 0
  if (limited) yield* startPeriodTimer(cpu, group, now)
  yield cpu.unlockIrq(group + TASK_GROUP.lock, 'tg_set_cfs_bandwidth')
  if (limited !== before) {
    yield cpu.add(memory.global + GLOBAL.bandwidthUsed, limited ? 1 : -1, full, 'tg_set_cfs_bandwidth:used')
  }
  for (const owner of bitsOf(memory, memory.online)) {
    const rq = memory.runqueue(owner)
    const cfs = memory.cfsRq(number, owner)
    yield cpu.lockIrq(rq + RUNQUEUE.lock, 'tg_set_cfs_bandwidth:rq')
    memory.set(cfs + CFS_RQ.runtimeEnabled, limited && memory.get(rq + RUNQUEUE.online) === 1 ? 1 : 0)
    memory.setTime(cfs + CFS_RQ.runtimeRemaining, 0)
    yield* unthrottleIfThrottled(cpu, number, owner, now)
    yield cpu.unlockIrq(rq + RUNQUEUE.lock, 'tg_set_cfs_bandwidth:rq')
  }
}

/** The group's lock is held. */
function append(memory: Memory, group: number, cfs: number): void {
  const last = memory.get(group + TASK_GROUP.tail)
  memory.set(cfs + CFS_RQ.next, 0)
  memory.set(cfs + CFS_RQ.previous, last)
  if (last === 0) memory.set(group + TASK_GROUP.head, cfs)
  else memory.set(last + CFS_RQ.next, cfs)
  memory.set(group + TASK_GROUP.tail, cfs)
}

/** The group's lock is held. */
function unlink(memory: Memory, group: number, cfs: number): void {
  const next = memory.get(cfs + CFS_RQ.next)
  const previous = memory.get(cfs + CFS_RQ.previous)
  if (previous === 0) memory.set(group + TASK_GROUP.head, next)
  else memory.set(previous + CFS_RQ.next, next)
  if (next === 0) memory.set(group + TASK_GROUP.tail, previous)
  else memory.set(next + CFS_RQ.previous, previous)
}
