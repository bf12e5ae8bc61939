// rcu_preempt: the thread that brings about normal grace periods. It may run on any CPU, so it sleeps at restart points.
//
//   sleep until callbacks want a grace period
//   begin it: each node's online CPUs -> qsmask, preempted readers -> gpTasks
//   until all nodes are through: sleep a jiffy; look at those that are left from outside (force_qs_rnp)
//   end it
//
// It goes on at the end of the last node: a CPU's softirq, a reader, a CPU that dies, or the thread itself finds that one through.
import { NS_PER_MS } from '../base/time.js'
import { RCU_DATA, RCU_NODE } from '../memory/structs/rcu.js'
import { RCU } from '../memory/structs/rcu-state.js'
import { TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { acquire, full, type Kernel, relaxed } from '../ops/operation.js'
import { setCurrentState } from '../sched/core.js'
import { RESTART, STATE } from '../sched/task.js'
import { TICK_NS } from '../sched/tick.js'
import { reschedule } from '../sched/wakeup.js'
import { prepareToSleep } from '../time/sleep.js'
import { bitOf, blockOn, clearCpus, cpusOfNode, nodesOf, nodeThrough } from './node.js'
import { isIdling } from './quiescent.js'
import { checkStall } from './stall.js'
import { milliseconds, NO_QS, SEQ_END, STALL_MS } from './state.js'

const PHASE = { idle: 0, waiting: 1 } as const

/** After which time a CPU that has not reported is made to reschedule (jiffies_to_sched_qs). */
const URGENT_NS = 100 * NS_PER_MS

/** How long it sleeps between two looks; longer with many CPUs. */
function interval(cpu: Cpu): number {
  return TICK_NS * (1 + Math.floor(cpu.memory.layout.config.cpus / 256))
}

/** The thread's function. */
export function* rcuGpKthread(cpu: Cpu, task: number): Kernel<number> {
  const { memory } = cpu
  const phase = task + TASK.phase
  for (;;) {
    if (memory.get(phase) === PHASE.idle) {
      yield setCurrentState(cpu, STATE.interruptible, 'rcu_gp_kthread:idle')
      if (!(yield* begin(cpu))) return RESTART
      yield setCurrentState(cpu, STATE.running, 'rcu_gp_kthread:begin')
      memory.set(phase, PHASE.waiting)
    }
    if (!(yield* isOver(cpu))) {
      const now = yield cpu.clock('rcu_gp_fqs_loop:now')
      if (now >= memory.getTime(memory.rcu + RCU.nextFqs)) yield* forceQuiescentStates(cpu, now)
      yield* prepareToSleep(cpu, interval(cpu), STATE.interruptible)
      if (!(yield* isOver(cpu))) return RESTART
      yield setCurrentState(cpu, STATE.running, 'rcu_gp_fqs_loop:over')
    }
    yield cpu.lockIrq(memory.rcu + RCU.lock, 'rcu_gp_cleanup')
    yield cpu.add(memory.rcu + RCU.gpSeq, SEQ_END, full, 'rcu_gp_cleanup')
    yield cpu.unlockIrq(memory.rcu + RCU.lock, 'rcu_gp_cleanup')
    memory.set(phase, PHASE.idle)
  }
}

function* isOver(cpu: Cpu): Kernel<boolean> {
  return (yield cpu.load(cpu.memory.rcu + RCU.pending, full, 'rcu_gp_fqs_loop:pending')) === 0
}

/** Begins a grace period, if one is wanted. */
function* begin(cpu: Cpu): Kernel<boolean> {
  const { memory } = cpu
  const { rcu } = memory
  yield cpu.lockIrq(rcu + RCU.lock, 'rcu_gp_init')
  const before = yield cpu.load(rcu + RCU.gpSeq, relaxed, 'rcu_gp_init:seq')
  const wanted = ((memory.get(rcu + RCU.gpSeqNeeded) - before) | 0) > 0
  if (wanted) {
    // One for the thread, so that it does not fall to nothing before all nodes have begun.
    yield cpu.store(rcu + RCU.pending, 1, relaxed, 'rcu_gp_init:pending')
    yield cpu.add(rcu + RCU.gpSeq, 1, full, 'rcu_gp_init:start')
  }
  yield cpu.unlockIrq(rcu + RCU.lock, 'rcu_gp_init')
  if (!wanted) return false
  const now = yield cpu.clock('rcu_gp_init:now')
  memory.set(rcu + RCU.gpStart, milliseconds(now))
  memory.set(rcu + RCU.stallAt, milliseconds(now) + STALL_MS)
  memory.set(rcu + RCU.fqsRounds, 0)
  memory.setTime(rcu + RCU.nextFqs, now + interval(cpu))
  for (const [, node] of nodesOf(memory)) yield* beginNode(cpu, node, before + 1)
  yield cpu.add(rcu + RCU.pending, -1, full, 'rcu_gp_init:all')
  return true
}

function* beginNode(cpu: Cpu, node: number, gpSeq: number): Kernel<void> {
  const { memory } = cpu
  yield cpu.lockIrq(node + RCU_NODE.lock, 'rcu_gp_init:node')
  // The highest of its CPUs is forgotten: whoever reads there is not waited for.
  const online = memory.get(node + RCU_NODE.online)
  const mask = cpu.bugs.has('short-grace') ? online & ~(1 << (31 - Math.clz32(online))) : online
  memory.set(node + RCU_NODE.gpSeq, gpSeq)
  memory.set(node + RCU_NODE.qsmask, mask)
  if (blockOn(memory, node, NO_QS.normal) > 0 || mask !== 0) {
    yield cpu.add(memory.rcu + RCU.pending, 1, full, 'rcu_gp_init:node_pending')
  }
  yield cpu.unlockIrq(node + RCU_NODE.lock, 'rcu_gp_init:node')
}

/** Looks at the CPUs that have not reported: those that idle, or have since the last look, need not. */
function* forceQuiescentStates(cpu: Cpu, now: number): Kernel<void> {
  const { memory } = cpu
  const { rcu } = memory
  const first = memory.get(rcu + RCU.fqsRounds) === 0
  const urgent = now >= memory.get(rcu + RCU.gpStart) * NS_PER_MS + URGENT_NS
  memory.set(rcu + RCU.fqsRounds, memory.get(rcu + RCU.fqsRounds) + 1)
  memory.setTime(rcu + RCU.nextFqs, now + interval(cpu))
  if (milliseconds(now) >= memory.get(rcu + RCU.stallAt)) yield* checkStall(cpu, now)
  for (const [index, node] of nodesOf(memory)) {
    let idle = 0
    yield cpu.lockIrq(node + RCU_NODE.lock, 'force_qs_rnp')
    for (const other of cpusOfNode(index, memory.get(node + RCU_NODE.qsmask))) {
      const data = memory.rcuData(other)
      const dynticks = yield cpu.load(data + RCU_DATA.dynticks, acquire, 'force_qs_rnp:dynticks')
      if (isIdling(dynticks) || (!first && dynticks !== memory.get(data + RCU_DATA.dynticksSnap))) idle |= bitOf(other)
      if (first) memory.set(data + RCU_DATA.dynticksSnap, dynticks)
    }
    const through = clearCpus(memory, node, NO_QS.normal, idle)
    const left = memory.get(node + RCU_NODE.qsmask)
    yield cpu.unlockIrq(node + RCU_NODE.lock, 'force_qs_rnp')
    if (through) yield* nodeThrough(cpu, NO_QS.normal)
    if (urgent) for (const other of cpusOfNode(index, left)) yield* reschedule(cpu, other)
  }
}
