// RCU's part in CPU hotplug: from when on, and how long, grace periods wait for a CPU.
//
//   a CPU that comes up                      who begins an expedited grace period
//   rcu_cpu_starting: its bit in online       sees that bit: waits for the CPU, and asks it if it is online
//   ... online                                it was not yet: it can't be asked
//   finds that it is waited for: reschedules, and reports there

import { RCU_DATA, RCU_NODE } from '../memory/structs/rcu.js'
import { RCU } from '../memory/structs/rcu-state.js'
import type { Cpu } from '../ops/cpu.js'
import { type Kernel, relaxed } from '../ops/operation.js'
import { adopt } from './callbacks.js'
import { bitOf, clearCpus, nodeThrough, setOwed } from './node.js'
import { NO_QS } from './state.js'

/** The CPU comes up, with interrupts off: from here on it may be in read sides. */
export function* rcuCpuStarting(cpu: Cpu): Kernel<void> {
  const { memory, id } = cpu
  const node = memory.rcuNode(id)
  yield cpu.lockIrq(node + RCU_NODE.lock, 'rcu_cpu_starting')
  memory.set(node + RCU_NODE.online, memory.get(node + RCU_NODE.online) | bitOf(id))
  yield cpu.unlockIrq(node + RCU_NODE.lock, 'rcu_cpu_starting')
  cpu.watching = true
}

/** It is online now: a grace period that has begun meanwhile could not ask it. */
export function* rcuCpuOnline(cpu: Cpu): Kernel<void> {
  const { memory, id } = cpu
  const node = memory.rcuNode(id)
  yield cpu.lockIrq(node + RCU_NODE.lock, 'sync_rcu_exp_online')
  const waited = (memory.get(node + RCU_NODE.expmask) & bitOf(id)) !== 0
  yield cpu.unlockIrq(node + RCU_NODE.lock, 'sync_rcu_exp_online')
  if (!waited) return
  setOwed(cpu, NO_QS.expedited)
  cpu.needResched = true
}

/**
 * The idle task of a CPU that is dead reports so, with interrupts off: nobody waits for it any more, and it may be in no read
 * side again.
 */
export function* rcuReportDead(cpu: Cpu): Kernel<void> {
  const { memory, id } = cpu
  const node = memory.rcuNode(id)
  const bit = bitOf(id)
  for (;;) {
    yield cpu.lockIrq(node + RCU_NODE.lock, 'rcu_report_dead')
    const owed = memory.get(node + RCU_NODE.qsmask) | memory.get(node + RCU_NODE.expmask)
    if ((owed & bit) === 0) break
    // Whoever has to be told is woken while the CPU may still do that; then it looks again.
    const normal = clearCpus(memory, node, NO_QS.normal, bit)
    const expedited = clearCpus(memory, node, NO_QS.expedited, bit)
    yield cpu.unlockIrq(node + RCU_NODE.lock, 'rcu_report_dead:owed')
    if (normal) yield* nodeThrough(cpu, NO_QS.normal)
    if (expedited) yield* nodeThrough(cpu, NO_QS.expedited)
  }
  memory.set(node + RCU_NODE.online, memory.get(node + RCU_NODE.online) & ~bit)
  memory.set(memory.rcuData(id) + RCU_DATA.noQs, 0)
  memory.set(memory.rcuData(id) + RCU_DATA.coreNeedsQs, 0)
  yield cpu.unlockIrq(node + RCU_NODE.lock, 'rcu_report_dead')
  cpu.watching = false
}

/** By who has taken a CPU down, as soon as it is dead: the callbacks that it has left are this CPU's from now on. */
export function* rcutreeMigrateCallbacks(cpu: Cpu, subject: number): Kernel<void> {
  const { memory } = cpu
  const from = memory.rcuData(subject)
  // A barrier may queue one of its own there meanwhile, but only behind others: where there is none, none comes.
  const left = yield cpu.load(from + RCU_DATA.callbacks, relaxed, 'rcutree_migrate_callbacks:any')
  if (left === 0 || cpu.bugs.has('lost-callbacks')) return
  yield cpu.lockIrq(memory.rcu + RCU.barrierLock, 'rcutree_migrate_callbacks')
  adopt(memory, from, memory.rcuData(cpu.id))
  yield cpu.unlockIrq(memory.rcu + RCU.barrierLock, 'rcutree_migrate_callbacks')
}

/** RCU/tree:dead, on the controlling CPU. M32: only here are the callbacks looked after. */
export function* rcutreeDeadCpu(cpu: Cpu, subject: number): Kernel<number> {
  if (cpu.bugs.has('M32')) yield* rcutreeMigrateCallbacks(cpu, subject)
  return 0
}
