// A node: 16 neighbouring CPUs, and whom grace periods still wait for there. The last of them tells whoever waits for all
// nodes: the thread of normal grace periods, or who has begun an expedited one.
//
//   a task preempted in a read side          who begins a grace period
//   on its node's list, under the lock         online CPUs -> qsmask, tasks on the list -> gpTasks
//   its CPU is still in qsmask:
//     it holds the grace period up too         every CPU reports once, every task once: node.pending falls

import { RCU_FANOUT } from '../memory/layout.js'
import type { Memory } from '../memory/memory.js'
import { RCU_DATA, RCU_NODE, RCU_TASK } from '../memory/structs/rcu.js'
import { RCU } from '../memory/structs/rcu-state.js'
import { TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { full, type Kernel } from '../ops/operation.js'
import { NORMAL_SLEEP } from '../sched/task.js'
import { tryToWakeUp } from '../sched/wakeup.js'
import { complete } from '../sync/completion.js'
import { NO_QS, SPECIAL } from './state.js'

/** A CPU's bit in the masks of its node. */
export function bitOf(cpu: number): number {
  return 1 << (cpu % RCU_FANOUT)
}

/** The CPUs of a mask of node number `index`, ascending. */
export function* cpusOfNode(index: number, mask: number): Generator<number, void, undefined> {
  for (let rest = mask; rest !== 0; rest &= rest - 1) yield index * RCU_FANOUT + (31 - Math.clz32(rest & -rest))
}

/** The nodes, by number. */
export function* nodesOf(memory: Memory): Generator<[index: number, node: number], void, undefined> {
  const { base, stride, count } = memory.layout.rcuNodes
  for (let index = 0; index < count; index++) yield [index, base + index * stride]
}

/** Takes CPUs out of those that the grace period of a kind waits for. The node's lock is held. Answers whether nobody is left. */
export function clearCpus(memory: Memory, node: number, kind: number, mask: number): boolean {
  const word = node + (kind === NO_QS.normal ? RCU_NODE.qsmask : RCU_NODE.expmask)
  const before = memory.get(word)
  if ((before & mask) === 0) return false
  memory.set(word, before & ~mask)
  return waitsForNobody(memory, node, kind)
}

function waitsForNobody(memory: Memory, node: number, kind: number): boolean {
  return kind === NO_QS.normal
    ? memory.get(node + RCU_NODE.qsmask) === 0 && memory.get(node + RCU_NODE.gpTasks) === 0
    : memory.get(node + RCU_NODE.expmask) === 0 && memory.get(node + RCU_NODE.expTasks) === 0
}

/** A node waits for nobody any more: with the last one, the grace period is over. No lock is held. */
export function* nodeThrough(cpu: Cpu, kind: number): Kernel<void> {
  const { memory } = cpu
  if (kind === NO_QS.normal) {
    const last = (yield cpu.add(memory.rcu + RCU.pending, -1, full, 'rcu_report_qs_rsp')) === 1
    if (last) yield* tryToWakeUp(cpu, memory.rcuThread, NORMAL_SLEEP)
  } else {
    const last = (yield cpu.add(memory.rcu + RCU.expPending, -1, full, 'rcu_report_exp_rnp')) === 1
    if (last) yield* complete(cpu, memory.rcu + RCU.expDone)
  }
}

/** This CPU has passed a quiescent state since the expedited grace period has asked it. */
export function* reportExpedited(cpu: Cpu): Kernel<void> {
  const { memory } = cpu
  const node = memory.rcuNode(cpu.id)
  clearOwed(cpu, NO_QS.expedited)
  yield cpu.lockIrq(node + RCU_NODE.lock, 'rcu_report_exp_rdp')
  const through = clearCpus(memory, node, NO_QS.expedited, bitOf(cpu.id))
  yield cpu.unlockIrq(node + RCU_NODE.lock, 'rcu_report_exp_rdp')
  if (through) yield* nodeThrough(cpu, NO_QS.expedited)
}

/** Whether this CPU owes a quiescent state to a grace period of that kind. */
export function owes(cpu: Cpu, kind: number): boolean {
  return (cpu.memory.get(cpu.memory.rcuData(cpu.id) + RCU_DATA.noQs) & kind) !== 0
}

export function setOwed(cpu: Cpu, kind: number): void {
  const word = cpu.memory.rcuData(cpu.id) + RCU_DATA.noQs
  cpu.memory.set(word, cpu.memory.get(word) | kind)
}

export function clearOwed(cpu: Cpu, kind: number): void {
  const word = cpu.memory.rcuData(cpu.id) + RCU_DATA.noQs
  cpu.memory.set(word, cpu.memory.get(word) & ~kind)
}

/** The tasks on a node's list. Its lock is held. */
export function* blockedTasks(memory: Memory, node: number): Generator<number, void, undefined> {
  for (let task = memory.get(node + RCU_NODE.blocked); task !== 0; task = memory.get(task + TASK.rcu + RCU_TASK.next))
    yield task
}

/** Has the tasks on a node's list hold up the grace period of a kind, which begins. The lock is held. Answers how many. */
export function blockOn(memory: Memory, node: number, kind: number): number {
  let count = 0
  for (const task of blockedTasks(memory, node)) {
    memory.set(task + TASK.rcu + RCU_TASK.blocks, memory.get(task + TASK.rcu + RCU_TASK.blocks) | kind)
    count++
  }
  memory.set(node + (kind === NO_QS.normal ? RCU_NODE.gpTasks : RCU_NODE.expTasks), count)
  return count
}

/** The current task is preempted in a read side: grace periods that wait for this CPU wait for it from now on. */
export function* queueBlocked(cpu: Cpu): Kernel<void> {
  const { memory, task } = cpu
  const node = memory.rcuNode(cpu.id)
  const bit = bitOf(cpu.id)
  memory.set(task + TASK.rcu + RCU_TASK.special, memory.get(task + TASK.rcu + RCU_TASK.special) | SPECIAL.blocked)
  memory.set(task + TASK.rcu + RCU_TASK.node, node)
  yield cpu.lockIrq(node + RCU_NODE.lock, 'rcu_note_context_switch')
  const first = memory.get(node + RCU_NODE.blocked)
  memory.set(task + TASK.rcu + RCU_TASK.next, first)
  memory.set(task + TASK.rcu + RCU_TASK.previous, 0)
  if (first !== 0) memory.set(first + TASK.rcu + RCU_TASK.previous, task)
  memory.set(node + RCU_NODE.blocked, task)
  let blocks = 0
  if ((memory.get(node + RCU_NODE.qsmask) & bit) !== 0) {
    blocks |= NO_QS.normal
    memory.set(node + RCU_NODE.gpTasks, memory.get(node + RCU_NODE.gpTasks) + 1)
  }
  if ((memory.get(node + RCU_NODE.expmask) & bit) !== 0) {
    blocks |= NO_QS.expedited
    memory.set(node + RCU_NODE.expTasks, memory.get(node + RCU_NODE.expTasks) + 1)
  }
  memory.set(task + TASK.rcu + RCU_TASK.blocks, blocks)
  yield cpu.unlockIrq(node + RCU_NODE.lock, 'rcu_note_context_switch')
}

/** It has ended that read side, on whichever CPU. */
export function* unqueueBlocked(cpu: Cpu): Kernel<void> {
  const { memory, task } = cpu
  const node = memory.get(task + TASK.rcu + RCU_TASK.node)
  yield cpu.lockIrq(node + RCU_NODE.lock, 'rcu_preempt_deferred_qs')
  const next = memory.get(task + TASK.rcu + RCU_TASK.next)
  const previous = memory.get(task + TASK.rcu + RCU_TASK.previous)
  if (next !== 0) memory.set(next + TASK.rcu + RCU_TASK.previous, previous)
  memory.set(previous === 0 ? node + RCU_NODE.blocked : previous + TASK.rcu + RCU_TASK.next, next)
  const normal = releaseTask(memory, node, task, NO_QS.normal)
  const expedited = releaseTask(memory, node, task, NO_QS.expedited)
  memory.set(task + TASK.rcu + RCU_TASK.node, 0)
  memory.set(task + TASK.rcu + RCU_TASK.blocks, 0)
  yield cpu.unlockIrq(node + RCU_NODE.lock, 'rcu_preempt_deferred_qs')
  if (normal) yield* nodeThrough(cpu, NO_QS.normal)
  if (expedited) yield* nodeThrough(cpu, NO_QS.expedited)
}

/** Answers whether the grace period of that kind waits for nobody here any more, and did for this task. */
function releaseTask(memory: Memory, node: number, task: number, kind: number): boolean {
  if ((memory.get(task + TASK.rcu + RCU_TASK.blocks) & kind) === 0) return false
  const word = node + (kind === NO_QS.normal ? RCU_NODE.gpTasks : RCU_NODE.expTasks)
  memory.set(word, memory.get(word) - 1)
  return waitsForNobody(memory, node, kind)
}
