// Grace periods that do not end: said in the kernel log as Linux says it, with whom they wait for.

import { RCU_FANOUT } from '../memory/layout.js'
import type { Memory } from '../memory/memory.js'
import { RCU_NODE, RCU_TASK } from '../memory/structs/rcu.js'
import { RCU } from '../memory/structs/rcu-state.js'
import { TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { type Kernel, relaxed } from '../ops/operation.js'
import { TICK_NS } from '../sched/tick.js'
import { blockedTasks, cpusOfNode, nodesOf } from './node.js'
import { milliseconds, NO_QS, STALL_MS } from './state.js'

/** Said again after three times that long. */
const AGAIN_MS = 3 * STALL_MS

const jiffies = (ms: number): number => Math.round((ms * 1e6) / TICK_NS)

/** The normal grace period has taken too long: by its thread. */
export function* checkStall(cpu: Cpu, now: number): Kernel<void> {
  const { memory } = cpu
  const { rcu } = memory
  memory.set(rcu + RCU.stallAt, milliseconds(now) + AGAIN_MS)
  const gpSeq = yield cpu.load(rcu + RCU.gpSeq, relaxed, 'print_other_cpu_stall')
  const holdouts: string[] = []
  for (const [index, node] of nodesOf(memory)) {
    yield cpu.lockIrq(node + RCU_NODE.lock, 'print_other_cpu_stall')
    for (const other of cpusOfNode(index, memory.get(node + RCU_NODE.qsmask)))
      holdouts.push(`\t${other}-...: fqs=${memory.get(rcu + RCU.fqsRounds)}`)
    const tasks = blockers(memory, node, NO_QS.normal)
    if (tasks !== '') holdouts.push(`\tTasks blocked on level-0 rcu_node (CPUs ${cpusText(memory, index)}):${tasks}`)
    yield cpu.unlockIrq(node + RCU_NODE.lock, 'print_other_cpu_stall')
  }
  cpu.printk(3, 'rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:')
  for (const line of holdouts) cpu.printk(3, `rcu: ${line}`)
  const took = jiffies(milliseconds(now) - memory.get(rcu + RCU.gpStart))
  cpu.printk(3, `rcu: \t(detected by ${cpu.id}, t=${took} jiffies, g=${gpSeq >> 2})`)
}

/** This CPU is asked for by an expedited grace period, and has not reported: in its tick. */
export function* checkExpeditedStall(cpu: Cpu, now: number): Kernel<void> {
  const { memory } = cpu
  const stallAt = memory.rcu + RCU.expStallAt
  const at = yield cpu.load(stallAt, relaxed, 'synchronize_rcu_expedited_stall')
  if (at === 0 || milliseconds(now) < at) return
  yield cpu.store(stallAt, milliseconds(now) + AGAIN_MS, relaxed, 'synchronize_rcu_expedited_stall')
  const sequence = yield cpu.load(memory.rcu + RCU.expSequence, relaxed, 'synchronize_rcu_expedited_stall:seq')
  const took = jiffies(milliseconds(now) - at + STALL_MS)
  cpu.printk(
    3,
    `rcu: INFO: rcu_preempt detected expedited stalls on CPUs/tasks: { ${cpu.id}-... } ${took} jiffies s: ${sequence}`,
  )
}

/** The tasks of a node that hold a grace period up: ' P57 P61'. The node's lock is held. */
function blockers(memory: Memory, node: number, kind: number): string {
  let text = ''
  for (const task of blockedTasks(memory, node)) {
    if ((memory.get(task + TASK.rcu + RCU_TASK.blocks) & kind) !== 0) text += ` P${memory.get(task + TASK.pid)}`
  }
  return text
}

function cpusText(memory: Memory, index: number): string {
  const last = Math.min(memory.layout.config.cpus, (index + 1) * RCU_FANOUT) - 1
  return `${index * RCU_FANOUT}-${last}`
}
