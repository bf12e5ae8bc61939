// Which CPU a task may run on, and which it gets.
import { TASK } from '../memory/structs.js'
import { bugOn } from '../ops/bug.js'
import type { Cpu } from '../ops/cpu.js'
import { hasBit, loadBit, maskWord } from '../ops/mask.js'
import type { Kernel } from '../ops/operation.js'
import { EVENT } from '../trace/events.js'
import { commOf, FLAG } from './task.js'

/** Whether a task may change CPU at all (where its frames are is another question: task.pinned). */
export function isMovable(cpu: Cpu, task: number): boolean {
  return (cpu.memory.get(task + TASK.flags) & (FLAG.perCpu | FLAG.idle)) === 0
}

/** Whether a task may be put on a CPU now: user tasks need it active, unbound kernel threads online and not dying. */
function* isCpuAllowed(cpu: Cpu, task: number, target: number): Kernel<boolean> {
  const { memory } = cpu
  if (!hasBit(memory.get(maskWord(memory.affinity(task), target)), target)) return false
  if ((memory.get(task + TASK.flags) & FLAG.kthread) === 0) {
    return hasBit(yield loadBit(cpu, memory.active, target, 'is_cpu_allowed:active'), target)
  }
  if (!hasBit(yield loadBit(cpu, memory.online, target, 'is_cpu_allowed:online'), target)) return false
  return !hasBit(yield loadBit(cpu, memory.dying, target, 'is_cpu_allowed:dying'), target)
}

/** Where a waking task goes; its piLock is held. Stores it as the task's CPU. */
export function* selectTaskRq(cpu: Cpu, task: number): Kernel<number> {
  const { memory } = cpu
  const before = memory.get(task + TASK.cpu)
  if (!isMovable(cpu, task) || memory.get(task + TASK.pinned) === 1) return before
  if (yield* isCpuAllowed(cpu, task, before)) return before
  const target = yield* selectFallbackRq(cpu, before, task)
  setTaskCpu(cpu, task, before, target)
  return target
}

export function setTaskCpu(cpu: Cpu, task: number, from: number, to: number): void {
  cpu.trace(EVENT.sched_migrate_task, task, from, to)
  cpu.memory.set(task + TASK.cpu, to)
}

/**
 * A CPU for a task that can't stay on `from`: the lowest-numbered allowed one. When there is none, its affinity is
 * widened to all possible CPUs, and that is logged; when none of those will do either, it is a kernel BUG.
 */
export function* selectFallbackRq(cpu: Cpu, from: number, task: number): Kernel<number> {
  const { memory } = cpu
  const mask = memory.affinity(task)
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
    bugOn(widened, 'select_fallback_rq', `no CPU is left for task ${memory.get(task + TASK.pid)}`)
    for (let w = 0; w < memory.layout.maskWords; w++) memory.set(mask + w, memory.get(memory.possible + w))
  }
}
