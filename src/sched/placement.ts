// Which CPU a task may run on, and which it gets.
import type { Memory } from '../memory/memory.js'
import { RUNQUEUE, TASK } from '../memory/structs.js'
import { bugOn } from '../ops/bug.js'
import type { Cpu } from '../ops/cpu.js'
import { hasBit, loadBit, maskWord, testBit } from '../ops/mask.js'
import { type Kernel, relaxed, release } from '../ops/operation.js'
import { EVENT, withPriorities } from '../trace/events.js'
import { cpusetHooks } from './cpuset-hooks.js'
import { leaveReadSide, rcuHooks, rcuReadLock } from './read-side.js'
import { CALLBACK } from './runqueue.js'
import { commOf, FLAG, isLoad, priorityOf } from './task.js'

/** Why a task changes CPU: part of the sched_migrate_task event. */
export const MIGRATION = { wakeup: 0, made: 1, push: 2, affinity: 3, idle: 4, balance: 5 } as const
export type Migration = (typeof MIGRATION)[keyof typeof MIGRATION]

/** Whether a task belongs to its CPU, whatever its frames say. */
export function isBound(cpu: Cpu, task: number): boolean {
  return (cpu.memory.get(task + TASK.flags) & (FLAG.perCpu | FLAG.idle)) !== 0
}

/** Whether a task that is switched out may not leave its CPU for now: it has frames there, or has asked to stay. */
export function mustStay(cpu: Cpu, task: number): boolean {
  const { memory } = cpu
  return isBound(cpu, task) || memory.get(task + TASK.pinned) === 1 || memory.get(task + TASK.migrationDisabled) > 0
}

/** Whether a task may be put on a CPU now: user tasks need it active, unbound kernel threads online and not dying. */
export function* isCpuAllowed(cpu: Cpu, task: number, target: number): Kernel<boolean> {
  const { memory } = cpu
  const within = hasBit(memory.get(maskWord(memory.affinity(task), target)), target)
  if (!within && !cpu.bugs.has('ignored-affinity')) return false
  if ((memory.get(task + TASK.flags) & FLAG.kthread) === 0) {
    return hasBit(yield loadBit(cpu, memory.active, target, 'is_cpu_allowed:active'), target)
  }
  if (!hasBit(yield loadBit(cpu, memory.online, target, 'is_cpu_allowed:online'), target)) return false
  return !(yield* isClosing(cpu, target))
}

/** Whether a CPU is on its way down: from where it leaves the active mask on, unbound kernel threads must go as well. */
export function* isClosing(cpu: Cpu, target: number): Kernel<boolean> {
  const { memory } = cpu
  if (cpu.bugs.has('M09'))
    return memory.get(memory.runqueue(target) + RUNQUEUE.balanceCallback) === CALLBACK.balancePush
  return hasBit(yield loadBit(cpu, memory.dying, target, 'cpu_dying'), target)
}

/** CPUs that are looked at when a task is placed: no more, however many there are. */
const LOOKS = 16

/** Whether a waking task, whose piLock is held, goes nowhere but where it is: the commonest case, and a plain look. */
export function staysOnCpu(cpu: Cpu, task: number): boolean {
  const { memory } = cpu
  if (memory.get(task + TASK.pinned) === 1 || memory.get(task + TASK.migrationDisabled) > 0) return true
  const owner = memory.get(task + TASK.cpu)
  return isBound(cpu, task) && hasBit(memory.get(maskWord(memory.affinity(task), owner)), owner)
}

/** Where any other waking task goes; its piLock is held. Stores it as the task's CPU. */
export function* selectTaskRq(cpu: Cpu, task: number): Kernel<number> {
  const before = cpu.memory.get(task + TASK.cpu)
  if (isBound(cpu, task)) return yield* goHome(cpu, task, before)
  // What Linux looks at here, scheduling domains among it, is freed after a grace period.
  rcuReadLock(cpu)
  const target = yield* selectAllowedRq(cpu, task, before)
  if (leaveReadSide(cpu)) yield* rcuHooks.readUnlockSpecial(cpu)
  return target
}

function* selectAllowedRq(cpu: Cpu, task: number, before: number): Kernel<number> {
  const { memory } = cpu
  const allowed = yield* isCpuAllowed(cpu, task, before)
  if (allowed && (!isLoad(memory, task) || (yield* isIdle(cpu, before)))) return before
  const idle = yield* findIdle(cpu, task, before)
  const target = idle >= 0 ? idle : allowed ? before : yield* selectFallbackRq(cpu, before, task)
  if (target !== before) yield* setTaskCpu(cpu, task, before, target, MIGRATION.wakeup)
  return target
}

/** A kworker that was elsewhere while its CPU was down goes back to it. */
function* goHome(cpu: Cpu, task: number, before: number): Kernel<number> {
  const { memory } = cpu
  for (let w = 0; w < memory.layout.maskWords; w++) {
    const word = memory.get(memory.affinity(task) + w)
    if (word === 0) continue
    const target = w * 32 + (31 - Math.clz32(word & -word))
    yield* setTaskCpu(cpu, task, before, target, MIGRATION.affinity)
    return target
  }
  return before
}

/** Whether a CPU has nothing to run: a hint, it may be otherwise a moment later. */
function* isIdle(cpu: Cpu, target: number): Kernel<boolean> {
  return (yield cpu.load(cpu.memory.runqueue(target) + RUNQUEUE.running, relaxed, 'available_idle_cpu')) === 0
}

/** Whether tasks are spread from one CPU to the other: both are in the domain when they are active, or it is the same. */
function isBalanced(memory: Memory, from: number, to: number): boolean {
  return from === to || (testBit(memory, memory.housekeeping, from) && testBit(memory, memory.housekeeping, to))
}

/** A CPU that has nothing to run and that the task may use, after `before` in a circle; -1 when none is found soon. */
function* findIdle(cpu: Cpu, task: number, before: number): Kernel<number> {
  const { memory } = cpu
  const { cpus } = memory.layout.config
  for (let n = 1; n < Math.min(cpus, LOOKS); n++) {
    const target = (before + n) % cpus
    if (!isBalanced(memory, before, target)) continue
    if ((yield* isIdle(cpu, target)) && (yield* isCpuAllowed(cpu, task, target))) return target
  }
  return -1
}

/** Where a task goes that has just been made: the least busy of the CPUs that are looked at. Its piLock is held. */
export function* selectFirstRq(cpu: Cpu, task: number): Kernel<number> {
  const { memory } = cpu
  const { cpus } = memory.layout.config
  const before = memory.get(task + TASK.cpu)
  let best = -1
  let least = Number.POSITIVE_INFINITY
  for (let n = 0, looked = 0; n < cpus && looked < LOOKS; n++) {
    const target = (before + n) % cpus
    if (!isBalanced(memory, before, target) || !(yield* isCpuAllowed(cpu, task, target))) continue
    looked++
    const running = yield cpu.load(memory.runqueue(target) + RUNQUEUE.running, relaxed, 'find_idlest_cpu')
    if (running >= least) continue
    least = running
    best = target
  }
  const target = best >= 0 ? best : yield* selectFallbackRq(cpu, before, task)
  if (target !== before) yield* setTaskCpu(cpu, task, before, target, MIGRATION.made)
  return target
}

/** The task is on no runqueue, or both runqueues are locked. */
export function* setTaskCpu(cpu: Cpu, task: number, from: number, to: number, why: Migration): Kernel<void> {
  const { memory } = cpu
  cpu.trace(withPriorities(EVENT.sched_migrate_task, priorityOf(memory, task)), task, from | (why << 16), to)
  memory.set(task + TASK.migrationPending, 0)
  memory.set(task + TASK.migrations, (memory.get(task + TASK.migrations) + 1) | 0)
  // Whoever is about to lock its runqueue reads this without a lock, and looks again when it has the lock.
  yield cpu.store(task + TASK.cpu, to, release, 'set_task_cpu')
}

/** Whether a task is on the runqueue of `target`, whose lock is held: if not, it may go where it likes meanwhile. */
export function* isQueuedOn(cpu: Cpu, task: number, target: number): Kernel<boolean> {
  const owner = yield cpu.load(task + TASK.cpu, relaxed, 'task_rq')
  return owner === target && cpu.memory.get(task + TASK.onRunqueue) === 1
}

/**
 * A CPU for a task that can't stay on `from`: the lowest-numbered allowed one. When there is none, its affinity is
 * widened to what its cpuset was given, then to all possible CPUs, and that is logged; when none of those will do either, it is a kernel BUG.
 */
export function* selectFallbackRq(cpu: Cpu, from: number, task: number): Kernel<number> {
  const { memory } = cpu
  const mask = memory.affinity(task)
  let everywhere = false
  for (let widened = false; ; widened = true) {
    for (let w = 0; w < memory.layout.maskWords; w++) {
      for (let rest = memory.get(mask + w); rest !== 0; rest &= rest - 1) {
        const target = w * 32 + (31 - Math.clz32(rest & -rest))
        if (!(yield* isCpuAllowed(cpu, task, target))) continue
        if (widened && (memory.get(task + TASK.flags) & FLAG.kthread) === 0) {
          const name = `${memory.get(task + TASK.pid)} (${commOf(memory, task)})`
          cpu.printk(6, `process ${name} no longer affine to cpu${from}`)
        }
        return target
      }
    }
    if (!widened && (yield* cpusetHooks.allowedFallback(cpu, task)) === 1) continue
    bugOn(everywhere, 'select_fallback_rq', `no CPU is left for task ${memory.get(task + TASK.pid)}`)
    everywhere = true
    for (let w = 0; w < memory.layout.maskWords; w++) memory.set(mask + w, memory.get(memory.possible + w))
  }
}
