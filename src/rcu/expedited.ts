// Expedited grace periods: whoever waits begins one himself, and asks every CPU that does not idle by an interrupt.
//
//   who waits                                the others
//   expSequence + 1          (full)
//   for each node, under its lock:           idle, offline: not asked
//     CPUs that do not idle -> expmask
//     tasks on its list     -> expTasks      asked: rcuExpHandler (quiescent.ts)
//   sleep until nobody is left                 in no read side: report; else at its end, or at the next schedule()
//   expSequence + 3          (full)
//
// One at a time, under expMutex; who has slept for that may find that others have done what he wanted.

import { RCU_DATA, RCU_NODE } from '../memory/structs/rcu.js'
import { RCU } from '../memory/structs/rcu-state.js'
import type { Cpu } from '../ops/cpu.js'
import { FN } from '../ops/functions.js'
import { acquire, full, type Kernel, relaxed } from '../ops/operation.js'
import { smpCallFunctionMany } from '../smp/smp.js'
import { waitForCompletion } from '../sync/completion.js'
import { mutexLock, mutexUnlock } from '../sync/mutex.js'
import { bitOf, blockOn, cpusOfNode, nodesOf } from './node.js'
import { isIdling } from './quiescent.js'
import { milliseconds, NO_QS, SEQ_END, STALL_MS, seqDone, seqSnap } from './state.js'

/** Waits for an expedited grace period. May sleep. */
export function* synchronizeRcuExpedited(cpu: Cpu): Kernel<void> {
  const { memory } = cpu
  const sequence = memory.rcu + RCU.expSequence
  const snap = seqSnap(yield cpu.load(sequence, full, 'synchronize_rcu_expedited:snap'))
  yield* mutexLock(cpu, memory.rcu + RCU.expMutex)
  if (!seqDone(yield cpu.load(sequence, full, 'synchronize_rcu_expedited:look'), snap)) {
    yield cpu.add(sequence, 1, full, 'rcu_exp_gp_seq_start')
    yield* waitForAll(cpu)
    yield cpu.add(sequence, SEQ_END, full, 'rcu_exp_gp_seq_end')
  }
  yield* mutexUnlock(cpu, memory.rcu + RCU.expMutex)
}

function* waitForAll(cpu: Cpu): Kernel<void> {
  const { memory } = cpu
  const pending = memory.rcu + RCU.expPending
  // One for who asks, so that it does not fall to nothing before all have been asked.
  yield cpu.store(pending, 1, relaxed, 'sync_rcu_exp_select_cpus:begin')
  // All are asked in one call: it would not begin another before everybody has taken the one before.
  const asked: number[] = []
  for (const [index, node] of nodesOf(memory)) asked.push(...cpusOfNode(index, yield* selectCpus(cpu, index, node)))
  if (asked.length > 0) yield* smpCallFunctionMany(cpu, asked, FN.rcu_exp_handler, 0, false)
  if ((yield cpu.add(pending, -1, full, 'sync_rcu_exp_select_cpus:end')) === 1) return
  const now = yield cpu.clock('synchronize_rcu_expedited_wait')
  yield cpu.store(memory.rcu + RCU.expStallAt, milliseconds(now) + STALL_MS, relaxed, 'synchronize_rcu_expedited_wait')
  yield* waitForCompletion(cpu, memory.rcu + RCU.expDone)
}

/** Has the grace period wait for whoever of a node must be waited for; answers which CPUs have to be asked. */
function* selectCpus(cpu: Cpu, index: number, node: number): Kernel<number> {
  const { memory } = cpu
  let mask = 0
  yield cpu.lockIrq(node + RCU_NODE.lock, 'sync_rcu_exp_select_node_cpus')
  for (const other of cpusOfNode(index, memory.get(node + RCU_NODE.online))) {
    // Whoever waits is in no read side.
    if (other === cpu.id) continue
    const dynticks = memory.rcuData(other) + RCU_DATA.dynticks
    if (!isIdling(yield cpu.load(dynticks, acquire, 'sync_rcu_exp_select_node_cpus:dynticks'))) mask |= bitOf(other)
  }
  memory.set(node + RCU_NODE.expmask, mask)
  if (blockOn(memory, node, NO_QS.expedited) > 0 || mask !== 0) {
    yield cpu.add(memory.rcu + RCU.expPending, 1, full, 'sync_rcu_exp_select_node_cpus:pending')
  }
  yield cpu.unlockIrq(node + RCU_NODE.lock, 'sync_rcu_exp_select_node_cpus')
  return mask
}
