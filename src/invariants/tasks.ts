// Tasks: every one is in exactly one place, and none where it must not be.

import { NS_PER_S } from '../base/time.js'
import { LIMITS } from '../memory/layout.js'
import type { Memory } from '../memory/memory.js'
import { HRTIMER } from '../memory/structs/hrtimers.js'
import { LOADS } from '../memory/structs/loads.js'
import { CPUHP, GLOBAL, PERCPU, PERCPU_RWSEM, RUN_LEVELS, RUNQUEUE, TASK } from '../memory/structs.js'
import { testBit } from '../ops/mask.js'
import { weightOf } from '../sched/fair.js'
import { CALLBACK } from '../sched/runqueue.js'
import { FLAG, isLoad, levelOf, NORMAL_SLEEP, STATE } from '../sched/task.js'
import { heldOn } from './bandwidth.js'
import { type HeapNode, heapOf } from './heap.js'
import { cpusOf, type Findings, type Invariant, nameOf, stateOf, tasksOf, type World } from './invariant.js'

const STATES: readonly number[] = Object.values(STATE)

function isIdle(memory: Memory, task: number): boolean {
  return (memory.get(task + TASK.flags) & FLAG.idle) !== 0
}

/** The tasks of one level's list, as far as it can be followed: not for ever when it runs in a circle. */
function* listOf(memory: Memory, rq: number, level: number): Generator<number, void, undefined> {
  let left = memory.layout.taskCount + 1
  for (let task = memory.get(rq + RUNQUEUE.levelHead + level); task !== 0 && left-- > 0; ) {
    yield task
    task = memory.get(task + TASK.runNext)
  }
}

const HEAP = { child: TASK.heapChild, next: TASK.heapNext }

/** The fair tasks that wait on a runqueue. */
function waitingOn(memory: Memory, rq: number): Generator<HeapNode> {
  return heapOf(memory, memory.get(rq + RUNQUEUE.fairRoot), HEAP)
}

/** Every task on a runqueue. */
function* queuedOn(memory: Memory, cpu: number): Generator<number, void, undefined> {
  const rq = memory.runqueue(cpu)
  for (let level = 1; level < RUN_LEVELS; level++) yield* listOf(memory, rq, level)
  const current = memory.get(rq + RUNQUEUE.fairCurrent)
  if (current !== 0) yield current
  for (const { node } of waitingOn(memory, rq)) yield node
  for (let group = 1; group < LIMITS.groups; group++) yield* heldOn(memory, memory.cfsRq(group, cpu))
}

function* runqueues({ memory }: World): Findings {
  for (const cpu of cpusOf(memory)) {
    const rq = memory.runqueue(cpu)
    let found = 0
    let stoppers = 0
    for (let level = 1; level < RUN_LEVELS; level++) {
      let previous = 0
      for (const task of listOf(memory, rq, level)) {
        if (++found > memory.layout.taskCount) break
        if (level === RUN_LEVELS - 1) stoppers++
        const name = nameOf(memory, task)
        if (memory.get(task + TASK.runPrevious) !== previous) yield `rq ${cpu}: ${name} is linked forth and not back`
        if (levelOf(memory, task) !== level) yield `rq ${cpu}: ${name} is on level ${level}, not on its own`
        previous = task
      }
      if (found > memory.layout.taskCount) {
        yield `rq ${cpu}: the list of level ${level} has no end`
        break
      }
      if (memory.get(rq + RUNQUEUE.levelTail + level) !== previous) yield `rq ${cpu}: level ${level} ends elsewhere`
      const bit = (memory.get(rq + RUNQUEUE.levelBits + (level >> 5)) >>> (level & 31)) & 1
      if ((bit === 1) !== (previous !== 0)) {
        yield `rq ${cpu}: level ${level} is ${previous === 0 ? 'empty' : 'not empty'}, its bit says otherwise`
      }
    }
    const realtime = memory.get(rq + RUNQUEUE.realtimeCount)
    if (realtime !== found - stoppers) {
      yield `rq ${cpu}: ${realtime} FIFO and RR tasks are counted, ${found - stoppers} are on its lists`
    }
    const fair = yield* fairTasks(memory, cpu, rq)
    const running = memory.get(rq + RUNQUEUE.running)
    if (running !== found + fair) yield `rq ${cpu}: ${running} tasks are counted, ${found + fair} are on its lists`
    else {
      const loads = memory.get(rq + RUNQUEUE.loads)
      const users = loadsOn(memory, cpu)
      if (loads !== users) yield `rq ${cpu}: ${loads} user tasks are counted, ${users} are on its lists`
    }
    if (memory.get(rq + RUNQUEUE.idle) !== memory.idleTask(cpu)) yield `rq ${cpu}: its idle task is another's`
  }
}

/** User tasks that wait or run on a CPU. */
function loadsOn(memory: Memory, cpu: number): number {
  let loads = 0
  for (const task of queuedOn(memory, cpu)) {
    if (isLoad(memory, task) && memory.get(task + TASK.held) === 0) loads++
  }
  return loads
}

/** What is wrong with a runqueue's fair class; answers how many tasks it has. */
function* fairTasks(memory: Memory, cpu: number, rq: number): Generator<string, number, undefined> {
  const current = memory.get(rq + RUNQUEUE.fairCurrent)
  let count = current === 0 ? 0 : 1
  let load = current === 0 ? 0 : weightOf(memory, current)
  for (const { node: task, parent, previous } of waitingOn(memory, rq)) {
    const name = nameOf(memory, task)
    count++
    load += weightOf(memory, task)
    if (memory.get(task + TASK.heapPrevious) !== previous) yield `rq ${cpu}: ${name} is linked forth and not back`
    if (levelOf(memory, task) !== 0) yield `rq ${cpu}: ${name} is among the fair tasks, and is none`
    const early = parent !== 0 && memory.getTime(task + TASK.vruntime) < memory.getTime(parent + TASK.vruntime)
    if (early) yield `rq ${cpu}: ${name} is below one with a later vruntime`
    if (task === current) yield `rq ${cpu}: ${name} runs, and waits`
  }
  if (memory.get(rq + RUNQUEUE.fairCount) !== count) {
    yield `rq ${cpu}: ${memory.get(rq + RUNQUEUE.fairCount)} fair tasks are counted, there are ${count}`
  }
  if (memory.get(rq + RUNQUEUE.fairLoad) !== load) {
    yield `rq ${cpu}: its load is ${memory.get(rq + RUNQUEUE.fairLoad)}, that of its tasks ${load}`
  }
  if (current !== 0 && memory.get(rq + RUNQUEUE.current) !== current) {
    yield `rq ${cpu}: ${nameOf(memory, current)} is the fair task that runs, and does not`
  }
  return count
}

function* onePlace({ memory }: World): Findings {
  const places = new Map<number, number>()
  for (const cpu of cpusOf(memory)) {
    const seen = new Set<number>()
    for (const task of queuedOn(memory, cpu)) {
      if (seen.has(task)) break
      seen.add(task)
      const other = places.get(task)
      if (other !== undefined) yield `${nameOf(memory, task)} is on the runqueues of CPU ${other} and CPU ${cpu}`
      places.set(task, cpu)
    }
  }
  for (const task of tasksOf(memory)) {
    const name = nameOf(memory, task)
    const place = places.get(task)
    const state = memory.get(task + TASK.state)
    const on = memory.get(task + TASK.onRunqueue)
    if (!STATES.includes(state)) yield `${name} is in no known state: ${state}`
    if (on === 1 && place === undefined) yield `${name} says it is on a runqueue, and is on none`
    if (on !== 1 && place !== undefined) yield `${name} is on the runqueue of CPU ${place}, and says it is on none`
    if (on === 1 && place !== undefined && place !== memory.get(task + TASK.cpu)) {
      yield `${name} is on the runqueue of CPU ${place}, and says it belongs to CPU ${memory.get(task + TASK.cpu)}`
    }
    if (state === STATE.running && on !== 1 && !isIdle(memory, task))
      yield `${name} is runnable and on no runqueue: lost`
    if (state === STATE.dead && on === 1) yield `${name} is dead and on a runqueue`
  }
}

function* currentTasks({ memory }: World): Findings {
  const current = new Map<number, number>()
  for (const cpu of cpusOf(memory)) {
    const task = memory.get(memory.runqueue(cpu) + RUNQUEUE.current)
    const name = nameOf(memory, task)
    const shown = memory.get(memory.percpu(cpu) + PERCPU.current)
    if (shown !== task) yield `CPU ${cpu} runs ${nameOf(memory, shown)}, its runqueue says ${name}`
    if (current.has(task)) yield `${name} runs on CPU ${current.get(task)} and CPU ${cpu}`
    current.set(task, cpu)
    if (memory.get(task + TASK.onCpu) !== 1) yield `CPU ${cpu} runs ${name}, which says it is on no CPU`
    if (!testBit(memory, memory.online, cpu) && task !== memory.idleTask(cpu))
      yield `CPU ${cpu} is offline and runs ${name}`
  }
  for (const task of tasksOf(memory)) {
    if (memory.get(task + TASK.onCpu) !== 0 && !current.has(task)) yield `${nameOf(memory, task)} is on a CPU, on none`
  }
}

function* runnableTasks(world: World): Findings {
  const { memory } = world
  const vacatedBelow = stateOf(world, 'sched_cpu_wait_empty', false)
  for (const task of tasksOf(memory)) {
    if (memory.get(task + TASK.onRunqueue) !== 1) continue
    const cpu = memory.get(task + TASK.cpu)
    const name = nameOf(memory, task)
    if (!testBit(memory, memory.online, cpu)) {
      yield `${name} is runnable on CPU ${cpu}, which is offline`
      continue
    }
    // One whose affinity has just been changed is on its way.
    const leaves = memory.get(task + TASK.migrationPending) === 1
    if (!testBit(memory, memory.affinity(task), cpu) && !leaves)
      yield `${name} is runnable on CPU ${cpu}, which it may not use`
    const vacated = memory.get(memory.cpuhp(cpu) + CPUHP.state) < vacatedBelow
    const user = (memory.get(task + TASK.flags) & FLAG.kthread) === 0
    if (vacated && user) yield `${name} is runnable on CPU ${cpu}, which has been vacated`
  }
}

function* pinned({ memory }: World): Findings {
  const counts = new Int32Array(memory.layout.config.cpus)
  for (const task of tasksOf(memory)) {
    const cpu = memory.get(task + TASK.cpu)
    const bound = (memory.get(task + TASK.flags) & (FLAG.perCpu | FLAG.idle)) !== 0
    if (!bound && memory.get(task + TASK.pinned) === 1) counts[cpu]!++
    if (memory.get(task + TASK.migrationDisabled) > 0) counts[cpu]!++
  }
  for (const cpu of cpusOf(memory)) {
    const counted = memory.get(memory.runqueue(cpu) + RUNQUEUE.pinned)
    if (counted !== counts[cpu]) yield `rq ${cpu}: ${counted} tasks are counted as pinned there, ${counts[cpu]} are`
  }
}

/** Whether a task has armed the timer that wakes it. */
export function hasTimer(memory: Memory, task: number): boolean {
  return memory.get(task + TASK.sleepTimer + HRTIMER.queued) === 1
}

/**
 * A task in uninterruptible sleep, and a user task in any, has told what for: a wait list, a timer, readers to leave, a CPU
 * to become empty.
 */
function* sleepers({ memory }: World): Findings {
  const ofMachine = [GLOBAL.hotplugLock, GLOBAL.threadgroupLock].map((sem) => memory.global + sem)
  const semaphores = [...ofMachine, memory.loads + LOADS.lock]
  const waiters = new Set(semaphores.map((sem) => memory.get(sem + PERCPU_RWSEM.writer)))
  for (const cpu of cpusOf(memory)) waiters.add(memory.get(memory.runqueue(cpu) + RUNQUEUE.hotplugWait))
  for (const task of tasksOf(memory)) {
    const user = (memory.get(task + TASK.flags) & FLAG.user) !== 0
    const asleep = memory.get(task + TASK.state) & (user ? NORMAL_SLEEP : STATE.uninterruptible)
    if (asleep === 0 || memory.get(task + TASK.onRunqueue) === 1) continue
    const known = memory.get(task + TASK.waitsFor) !== 0 || hasTimer(memory, task) || waiters.has(task)
    if (!known) yield `${nameOf(memory, task)} sleeps, and nothing is there to wake it`
  }
}

/** How long a task may be in uninterruptible sleep, and how late a sleeper may be woken, before it counts as hung. */
const HUNG_NS = 20 * NS_PER_S

/** What the machine's time is, as far as memory tells: when some task was last picked to run. */
function latestTime(memory: Memory): number {
  let latest = 0
  for (const task of tasksOf(memory)) latest = Math.max(latest, memory.getTime(task + TASK.execStart))
  return latest
}

function* hungTasks({ memory, stalledSince = () => 0 }: World): Findings {
  const now = latestTime(memory)
  const passed = (since: number): number => now - since - stalledSince(since)
  for (const task of tasksOf(memory)) {
    if (memory.get(task + TASK.onRunqueue) === 1) continue
    const name = nameOf(memory, task)
    const since = passed(memory.getTime(task + TASK.sleepStart))
    const waits = memory.get(task + TASK.state) === STATE.uninterruptible && !hasTimer(memory, task)
    if (waits && since > HUNG_NS) yield `${name} has been asleep for ${Math.round(since / NS_PER_S)} s: hung`
    const late = hasTimer(memory, task) ? passed(memory.getTime(task + TASK.sleepTimer + HRTIMER.expires)) : 0
    if (late > HUNG_NS) yield `${name} should have been woken ${Math.round(late / NS_PER_S)} s ago`
  }
}

function* balancePush(world: World): Findings {
  const { memory } = world
  const activeFrom = stateOf(world, 'sched_cpu_activate', true)
  for (const cpu of cpusOf(memory)) {
    const rq = memory.runqueue(cpu)
    const pushes = memory.get(rq + RUNQUEUE.balanceCallback) === CALLBACK.balancePush
    if (pushes && testBit(memory, memory.active, cpu)) yield `CPU ${cpu} is active and pushes its tasks away`
    const waiter = memory.get(rq + RUNQUEUE.hotplugWait)
    if (waiter !== 0) yield `${nameOf(memory, waiter)} still waits for CPU ${cpu} to become empty`
    const online = memory.get(rq + RUNQUEUE.online) === 1
    const open = memory.get(memory.cpuhp(cpu) + CPUHP.state) >= activeFrom
    if (activeFrom >= 0 && online !== open) {
      yield `the runqueue of CPU ${cpu} is ${online ? 'online' : 'offline'}, the CPU is ${open ? 'up' : 'not'}`
    }
  }
}

export const TASK_INVARIANTS: readonly Invariant[] = [
  { name: 'runqueues-sound', says: "a runqueue's lists, bits and counts agree", check: runqueues },
  {
    name: 'tasks-in-one-place',
    says: 'every task is in exactly one place, and a runnable one is on a runqueue',
    check: onePlace,
  },
  {
    name: 'current-tasks',
    says: 'a CPU runs one task, a task runs on one CPU, and an offline CPU runs its idle task',
    check: currentTasks,
  },
  {
    name: 'tasks-where-allowed',
    says: 'runnable tasks are on CPUs that are online and that they may use',
    check: runnableTasks,
  },
  {
    name: 'pinned-tasks-counted',
    says: 'a runqueue counts the tasks that have kernel frames on its CPU',
    check: pinned,
  },
  { name: 'sleepers-can-wake', says: 'a sleeping task is where a wakeup finds it', check: sleepers },
  { name: 'no-hung-tasks', says: 'nobody sleeps much longer than it should', check: hungTasks },
  {
    name: 'runqueues-open',
    says: 'an active CPU keeps and takes tasks, another one does not, and nobody waits for one to become empty',
    check: balancePush,
  },
]
