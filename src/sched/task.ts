// Tasks: their states, kinds and policies, and making one.
import { assert } from '../base/assert.js'
import type { Memory } from '../memory/memory.js'
import { HRTIMER } from '../memory/structs/hrtimers.js'
import { GLOBAL, TASK } from '../memory/structs.js'
import { FN } from '../ops/functions.js'

/** Task states; a wakeup names those that it wakes. */
export const STATE = {
  running: 0,
  interruptible: 1,
  uninterruptible: 2,
  parked: 0x40,
  dead: 0x80,
  /** made, and not yet woken for the first time: no wakeup that is meant for somebody before it wakes it */
  new: 0x800,
} as const
/** What an ordinary wakeup wakes. */
export const NORMAL_SLEEP = STATE.interruptible | STATE.uninterruptible

const LETTERS = new Map<number, string>([
  [STATE.running, 'R'],
  [STATE.interruptible, 'S'],
  [STATE.uninterruptible, 'D'],
  [STATE.parked, 'P'],
  [STATE.dead, 'X'],
  [STATE.new, 'R'],
])

/** A task state as /proc and ps write it. */
export function stateLetter(state: number): string {
  return LETTERS.get(state) ?? '?'
}

export const FLAG = {
  /** a kernel thread */
  kthread: 1,
  /** bound to its CPU: for good, or as a kworker while that is up */
  perCpu: 2,
  idle: 4,
  /** runs a program of its own, natively */
  user: 8,
} as const

export const POLICY = { normal: 0, fifo: 1, roundRobin: 2, stop: 3, idle: 4 } as const
export type Policy = (typeof POLICY)[keyof typeof POLICY]

/** What a task's function returns when it sleeps at a restart point: it is entered again when it has been woken. */
export const RESTART = -0x7fff_ffff

/** What to put into a task's struct before it first runs. */
export interface TaskDescription {
  readonly comm: string
  readonly pid: number
  readonly cpu: number
  readonly flags: number
  readonly policy: Policy
  /** FIFO and RR tasks: 1..99 */
  readonly priority?: number
  /** normal tasks: -20..19 (default 0) */
  readonly nice?: number
  readonly entry: number
  readonly argument: number
  /** when it is made, ns (default 0: while the machine boots) */
  readonly startTime?: number
  /** allowed CPUs; without it, only `cpu` for perCpu tasks, and for others all CPUs that are not isolated */
  readonly affinity?: Iterable<number>
}

/**
 * Fills a task struct that is free. The task is asleep in `state`. Its piLock is not touched: where the struct is used again,
 * the caller holds it, for others may still look at the task that had it before.
 */
export function initTask(memory: Memory, task: number, description: TaskDescription, state: number): void {
  for (let w = 0; w < TASK.$size; w++) if (w !== TASK.piLock) memory.set(task + w, 0)
  memory.set(task + TASK.state, state)
  memory.set(task + TASK.cpu, description.cpu)
  memory.set(task + TASK.fairCpu, description.cpu)
  memory.set(task + TASK.pid, description.pid)
  memory.set(task + TASK.flags, description.flags)
  memory.set(task + TASK.policy, description.policy)
  memory.set(task + TASK.priority, description.priority ?? 0)
  memory.set(task + TASK.nice, description.nice ?? 0)
  memory.set(task + TASK.entry, description.entry)
  memory.set(task + TASK.argument, description.argument)
  memory.setTime(task + TASK.startTime, description.startTime ?? 0)
  memory.setText(task + TASK.comm, 4, description.comm)
  // As hrtimerInit does it.
  memory.set(task + TASK.sleepTimer + HRTIMER.base, description.cpu + 1)
  memory.set(task + TASK.sleepTimer + HRTIMER.function, FN.hrtimer_wakeup)
  memory.set(task + TASK.sleepTimer + HRTIMER.argument, task)
  const mask = memory.affinity(task)
  const bound = description.flags & (FLAG.perCpu | FLAG.idle)
  if (bound || description.affinity !== undefined) {
    for (let w = 0; w < memory.layout.maskWords; w++) memory.set(mask + w, 0)
    for (const cpu of description.affinity ?? [description.cpu]) {
      memory.set(mask + (cpu >> 5), memory.get(mask + (cpu >> 5)) | (1 << (cpu & 31)))
    }
  } else {
    for (let w = 0; w < memory.layout.maskWords; w++) memory.set(mask + w, memory.get(memory.housekeeping + w))
  }
}

/** For tasks that are made before any CPU runs; later ones draw their pid by an operation. */
export function nextPid(memory: Memory): number {
  const pid = memory.get(memory.global + GLOBAL.nextPid) + 1
  memory.set(memory.global + GLOBAL.nextPid, pid)
  return pid
}

/**
 * Whether a task is of a user process. Only those are spread over the CPUs: kernel threads and requesters have little to do,
 * and stay where they are as long as they may.
 */
export function isLoad(memory: Memory, task: number): boolean {
  return (memory.get(task + TASK.flags) & FLAG.user) !== 0
}

/** Where a task stands among all: stop above FIFO and RR (by priority) above normal; idle below all. It may be boosted. */
export function levelOf(memory: Memory, task: number): number {
  return memory.get(task + TASK.boost) || ownLevelOf(memory, task)
}

function ownLevelOf(memory: Memory, task: number): number {
  const policy = memory.get(task + TASK.policy)
  switch (policy) {
    case POLICY.stop:
      return 100
    case POLICY.fifo:
    case POLICY.roundRobin: {
      const priority = memory.get(task + TASK.priority)
      assert(priority >= 1 && priority <= 99, `the priority of a FIFO or RR task is 1..99, not ${priority}`)
      return priority
    }
    case POLICY.normal:
      return 0
    default:
      return -1
  }
}

/** A task's priority as Linux's trace events give it: 0 stop, 99 - p FIFO and RR, 120 + nice; the idle task has 120. */
export function priorityOf(memory: Memory, task: number): number {
  switch (memory.get(task + TASK.policy)) {
    case POLICY.stop:
      return 0
    case POLICY.fifo:
    case POLICY.roundRobin:
      return 99 - memory.get(task + TASK.priority)
    default:
      return 120 + memory.get(task + TASK.nice)
  }
}

export function commOf(memory: Memory, task: number): string {
  return task === 0 ? '-' : memory.getText(task + TASK.comm, 4)
}
