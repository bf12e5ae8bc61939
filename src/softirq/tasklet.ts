// Tasklets: functions that a softirq calls once for each time that they are scheduled, on one CPU at a time.
//
//   taskletSchedule                           the softirq, on the same CPU
//   SCHED set already? done: it will run      take the whole list
//   join this CPU's list; raise the softirq   RUN set: another CPU is in it: back onto the list, raise again
//                                             disabled: the same
//                                             SCHED = 0, then the function: it may be scheduled again meanwhile
//                                             RUN = 0
//
// Struct and list follow Linux's tasklet_struct and tasklet_head. A list is its CPU's own; when that is dead, it is given to
// the CPU that took it down (softirq:dead).
import { SOFTIRQ_DATA, TASKLET, TASKLET_HEAD } from '../memory/structs/deferred.js'
import { GLOBAL, PERCPU, WAIT_QUEUE } from '../memory/structs.js'
import { bugOn } from '../ops/bug.js'
import type { Cpu } from '../ops/cpu.js'
import { acquire, full, type Kernel, relaxed, release } from '../ops/operation.js'
import { waitEvent, wakeUp } from '../sync/waitqueue.js'
import { raiseSoftirq, SOFTIRQ, type Softirq } from './softirq.js'

/** Bits of a tasklet's state. */
const TASKLET_STATE = { sched: 1, run: 2 } as const

/** A CPU's list of one of the two kinds. */
function listOf(cpu: Cpu, owner: number, nr: Softirq): number {
  const data = cpu.memory.percpu(owner) + PERCPU.softirq
  return data + (nr === SOFTIRQ.hi ? SOFTIRQ_DATA.hiTasklets : SOFTIRQ_DATA.tasklets)
}

function count(cpu: Cpu, field: number): void {
  const word = cpu.memory.percpu(cpu.id) + PERCPU.softirq + field
  cpu.memory.set(word, (cpu.memory.get(word) + 1) | 0)
}

/** A tasklet in memory that nobody else knows of: `fn`(argument, tasklet) is what it calls. */
export function taskletInit(cpu: Cpu, tasklet: number, fn: number, argument: number): void {
  const { memory } = cpu
  memory.set(tasklet + TASKLET.next, 0)
  memory.set(tasklet + TASKLET.state, 0)
  memory.set(tasklet + TASKLET.disabled, 0)
  memory.set(tasklet + TASKLET.function, fn)
  memory.set(tasklet + TASKLET.argument, argument)
}

/** Has a tasklet run soon on this CPU: once, however often it is scheduled before it does. */
export function* taskletSchedule(cpu: Cpu, tasklet: number): Kernel<void> {
  yield* schedule(cpu, tasklet, SOFTIRQ.tasklet)
}

/** The same, before all other softirqs. */
export function* taskletHiSchedule(cpu: Cpu, tasklet: number): Kernel<void> {
  yield* schedule(cpu, tasklet, SOFTIRQ.hi)
}

function* schedule(cpu: Cpu, tasklet: number, nr: Softirq): Kernel<void> {
  const before = yield cpu.or(tasklet + TASKLET.state, TASKLET_STATE.sched, full, 'tasklet_schedule')
  if ((before & TASKLET_STATE.sched) !== 0) return
  count(cpu, SOFTIRQ_DATA.taskletsScheduled)
  append(cpu, listOf(cpu, cpu.id, nr), tasklet)
  yield* raiseSoftirq(cpu, nr)
}

function append(cpu: Cpu, list: number, tasklet: number): void {
  const { memory } = cpu
  const last = memory.get(list + TASKLET_HEAD.tail)
  memory.set(tasklet + TASKLET.next, 0)
  memory.set(last === 0 ? list + TASKLET_HEAD.head : last + TASKLET.next, tasklet)
  memory.set(list + TASKLET_HEAD.tail, tasklet)
}

/** What the softirqs of tasklets do. */
export function* taskletAction(cpu: Cpu): Kernel<void> {
  yield* serve(cpu, SOFTIRQ.tasklet)
}

export function* taskletHiAction(cpu: Cpu): Kernel<void> {
  yield* serve(cpu, SOFTIRQ.hi)
}

function* serve(cpu: Cpu, nr: Softirq): Kernel<void> {
  const { memory } = cpu
  const list = listOf(cpu, cpu.id, nr)
  let tasklet = memory.get(list + TASKLET_HEAD.head)
  memory.set(list + TASKLET_HEAD.head, 0)
  memory.set(list + TASKLET_HEAD.tail, 0)
  while (tasklet !== 0) {
    // Once it has run it may be on another CPU's list.
    const next = memory.get(tasklet + TASKLET.next)
    if (!(yield* runTasklet(cpu, tasklet))) {
      append(cpu, list, tasklet)
      yield* raiseSoftirq(cpu, nr)
    }
    tasklet = next
  }
}

/** Runs it, if nobody else does and it is not disabled. */
function* runTasklet(cpu: Cpu, tasklet: number): Kernel<boolean> {
  const { memory } = cpu
  const state = tasklet + TASKLET.state
  if (((yield cpu.or(state, TASKLET_STATE.run, full, 'tasklet_trylock')) & TASKLET_STATE.run) !== 0) return false
  const enabled = (yield cpu.load(tasklet + TASKLET.disabled, acquire, 'tasklet_action:count')) === 0
  if (enabled) {
    const before = yield cpu.and(state, ~TASKLET_STATE.sched, full, 'tasklet_clear_sched')
    bugOn((before & TASKLET_STATE.sched) === 0, 'tasklet_action', 'a tasklet is served that nobody has scheduled')
    yield* wakeKillers(cpu)
    count(cpu, SOFTIRQ_DATA.taskletsRun)
    yield* cpu.functions.get(memory.get(tasklet + TASKLET.function))(
      cpu,
      memory.get(tasklet + TASKLET.argument),
      tasklet,
    )
  }
  // Pairs with unlockWait.
  yield cpu.and(state, ~TASKLET_STATE.run, release, 'tasklet_unlock')
  return enabled
}

/** Keeps a tasklet from running until it is enabled again, and waits until it does not run. They nest. */
export function* taskletDisable(cpu: Cpu, tasklet: number): Kernel<void> {
  yield cpu.add(tasklet + TASKLET.disabled, 1, full, 'tasklet_disable')
  yield* unlockWait(cpu, tasklet)
}

export function* taskletEnable(cpu: Cpu, tasklet: number): Kernel<void> {
  yield cpu.add(tasklet + TASKLET.disabled, -1, full, 'tasklet_enable')
}

/** Waits until a tasklet neither runs nor is scheduled. Sleeps; nobody may schedule it any more. */
export function* taskletKill(cpu: Cpu, tasklet: number): Kernel<void> {
  const state = tasklet + TASKLET.state
  yield* waitEvent(cpu, killers(cpu), function* () {
    return ((yield cpu.or(state, TASKLET_STATE.sched, full, 'tasklet_kill')) & TASKLET_STATE.sched) === 0
  })
  yield* unlockWait(cpu, tasklet)
  yield cpu.and(state, ~TASKLET_STATE.sched, full, 'tasklet_kill:done')
}

/** Where it runs is another CPU: a softirq is over before the task that it has interrupted goes on. */
function* unlockWait(cpu: Cpu, tasklet: number): Kernel<void> {
  const word = tasklet + TASKLET.state
  let state = yield cpu.load(word, acquire, 'tasklet_unlock_wait')
  while ((state & TASKLET_STATE.run) !== 0) state = yield cpu.waitWhile(word, state, 'tasklet_unlock_wait')
}

function killers(cpu: Cpu): number {
  return cpu.memory.global + GLOBAL.taskletKillers
}

/** Whoever waits in taskletKill for this one, or for another. */
function* wakeKillers(cpu: Cpu): Kernel<void> {
  const queue = killers(cpu)
  if (yield cpu.load(queue + WAIT_QUEUE.head, relaxed, 'tasklet_clear_sched:waiters')) yield* wakeUp(cpu, queue)
}

/** softirq:dead: this CPU gets the tasklets that `subject` has left behind. */
export function* takeoverTasklets(cpu: Cpu, subject: number): Kernel<number> {
  yield* takeOver(cpu, subject, SOFTIRQ.tasklet)
  yield* takeOver(cpu, subject, SOFTIRQ.hi)
  return 0
}

function* takeOver(cpu: Cpu, subject: number, nr: Softirq): Kernel<void> {
  const { memory } = cpu
  const from = listOf(cpu, subject, nr)
  const first = memory.get(from + TASKLET_HEAD.head)
  if (first === 0 || cpu.bugs.has('lost-tasklet')) return
  const to = listOf(cpu, cpu.id, nr)
  const last = memory.get(to + TASKLET_HEAD.tail)
  memory.set(last === 0 ? to + TASKLET_HEAD.head : last + TASKLET.next, first)
  memory.set(to + TASKLET_HEAD.tail, memory.get(from + TASKLET_HEAD.tail))
  memory.set(from + TASKLET_HEAD.head, 0)
  memory.set(from + TASKLET_HEAD.tail, 0)
  yield* raiseSoftirq(cpu, nr)
}
