// What a CPU does for RCU: at its tick it notes a quiescent state and looks whether there is something to do; the softirq
// does it.
//
//   rcu_preempt                              each CPU
//   gpSeq + 1; its node's qsmask             tick: gpSeq is another than the one noticed: softirq
//                                              its bit in qsmask: owes a quiescent state
//                                            tick, schedule(): has passed one
//   the last node is through: gpSeq + 3      softirq: reports it to its node
//                                            tick, softirq: callbacks that waited for that are called, others get the next
import type { Memory } from '../memory/memory.js'
import { RCU_DATA, RCU_HEAD, RCU_NODE, RCU_TASK } from '../memory/structs/rcu.js'
import { RCU } from '../memory/structs/rcu-state.js'
import { TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { acquire, full, type Kernel } from '../ops/operation.js'
import { NORMAL_SLEEP } from '../sched/task.js'
import { tryToWakeUp } from '../sched/wakeup.js'
import { raiseSoftirq, SOFTIRQ } from '../softirq/softirq.js'
import { EVENT } from '../trace/events.js'
import { RCU_UTILIZATION } from '../trace/fields.js'
import { accelerate, advance, countInvoked, isEmpty, takeDone } from './callbacks.js'
import { bitOf, clearCpus, clearOwed, nodeThrough, owes, setOwed } from './node.js'
import { interruptedQuiescent } from './quiescent.js'
import { checkExpeditedStall } from './stall.js'
import { isUnderWay, NO_QS, SPECIAL, seqSnap } from './state.js'

/** Callbacks that are called in one go (rcutree.blimit). */
const BATCH_LIMIT = 10

/** rcu_sched_clock_irq: in the tick's interrupt. */
export function* rcuTick(cpu: Cpu, now: number): Kernel<void> {
  const { memory, task } = cpu
  const gpSeq = yield cpu.load(memory.rcu + RCU.gpSeq, acquire, 'rcu_sched_clock_irq')
  if (owes(cpu, NO_QS.expedited)) yield* checkExpeditedStall(cpu, now)
  if (interruptedQuiescent(cpu)) clearOwed(cpu, NO_QS.normal)
  else if (owes(cpu, NO_QS.normal) && memory.get(task + TASK.rcu + RCU_TASK.nesting) > 0) {
    const special = task + TASK.rcu + RCU_TASK.special
    memory.set(special, memory.get(special) | SPECIAL.needQs)
  }
  if (hasWork(memory, memory.rcuData(cpu.id), gpSeq)) yield* raiseSoftirq(cpu, SOFTIRQ.rcu)
}

/** rcu_pending: whether the softirq has something to do. */
function hasWork(memory: Memory, data: number, gpSeq: number): boolean {
  if (memory.get(data + RCU_DATA.gpSeq) !== gpSeq) return true
  if (memory.get(data + RCU_DATA.coreNeedsQs) === 1 && (memory.get(data + RCU_DATA.noQs) & NO_QS.normal) === 0)
    return true
  if (!isEmpty(memory, data + RCU_DATA.done)) return true
  return !isUnderWay(gpSeq) && !isEmpty(memory, data + RCU_DATA.next)
}

/** An idle CPU goes on ticking while it has callbacks. */
export function rcuNeedsCpu(cpu: Cpu): boolean {
  return cpu.memory.get(cpu.memory.rcuData(cpu.id) + RCU_DATA.callbacks) > 0
}

/** The softirq. */
export function* rcuCore(cpu: Cpu): Kernel<void> {
  const { memory } = cpu
  const data = memory.rcuData(cpu.id)
  cpu.trace(EVENT.rcu_utilization, RCU_UTILIZATION.startCore, 0, 0)
  const gpSeq = yield cpu.load(memory.rcu + RCU.gpSeq, acquire, 'rcu_core')
  if (memory.get(data + RCU_DATA.gpSeq) !== gpSeq) yield* noteGpChanges(cpu, gpSeq)
  if (memory.get(data + RCU_DATA.coreNeedsQs) === 1 && !owes(cpu, NO_QS.normal)) yield* reportQs(cpu)
  if (!isEmpty(memory, data + RCU_DATA.next)) yield* startFor(cpu)
  yield* doBatch(cpu)
  cpu.trace(EVENT.rcu_utilization, RCU_UTILIZATION.endCore, 0, 0)
}

/** Takes notice of a grace period that has begun or ended. Interrupts come meanwhile, tasks do not. */
function* noteGpChanges(cpu: Cpu, gpSeq: number): Kernel<void> {
  const { memory } = cpu
  const data = memory.rcuData(cpu.id)
  const node = memory.rcuNode(cpu.id)
  yield cpu.lockIrq(node + RCU_NODE.lock, 'note_gp_changes')
  // It may have begun elsewhere, and not here yet: then it is noticed at the next tick.
  if (!isUnderWay(gpSeq) || memory.get(node + RCU_NODE.gpSeq) === gpSeq) {
    const waited = (memory.get(node + RCU_NODE.qsmask) & bitOf(cpu.id)) !== 0
    memory.set(data + RCU_DATA.gpSeq, gpSeq)
    memory.set(data + RCU_DATA.coreNeedsQs, waited ? 1 : 0)
    if (waited) setOwed(cpu, NO_QS.normal)
    else clearOwed(cpu, NO_QS.normal)
  }
  yield cpu.unlockIrq(node + RCU_NODE.lock, 'note_gp_changes')
  advance(memory, data, gpSeq)
}

/** Tells the node that this CPU has passed a quiescent state since it noticed the grace period. */
function* reportQs(cpu: Cpu): Kernel<void> {
  const { memory } = cpu
  const data = memory.rcuData(cpu.id)
  const node = memory.rcuNode(cpu.id)
  yield cpu.lockIrq(node + RCU_NODE.lock, 'rcu_report_qs_rdp')
  const current = memory.get(node + RCU_NODE.gpSeq) === memory.get(data + RCU_DATA.gpSeq)
  const through = current && clearCpus(memory, node, NO_QS.normal, bitOf(cpu.id))
  memory.set(data + RCU_DATA.coreNeedsQs, 0)
  yield cpu.unlockIrq(node + RCU_NODE.lock, 'rcu_report_qs_rdp')
  if (through) yield* nodeThrough(cpu, NO_QS.normal)
}

/** Gives callbacks that have none the next grace period that begins after now, and sees to it that there will be one. */
function* startFor(cpu: Cpu): Kernel<void> {
  const { memory } = cpu
  // Whatever has been unlinked before is seen by all from here on (full), and so before the grace period begins.
  yield cpu.lockIrq(memory.rcu + RCU.lock, 'rcu_start_this_gp')
  const wanted = seqSnap(yield cpu.load(memory.rcu + RCU.gpSeq, full, 'rcu_start_this_gp:snap'))
  const isNew = ((wanted - memory.get(memory.rcu + RCU.gpSeqNeeded)) | 0) > 0
  if (isNew) memory.set(memory.rcu + RCU.gpSeqNeeded, wanted)
  accelerate(memory, memory.rcuData(cpu.id), wanted)
  yield cpu.unlockIrq(memory.rcu + RCU.lock, 'rcu_start_this_gp')
  if (isNew) yield* tryToWakeUp(cpu, memory.rcuThread, NORMAL_SLEEP)
}

/** Calls callbacks whose grace period is over; when there are many, the rest at the next opportunity. */
function* doBatch(cpu: Cpu): Kernel<void> {
  const { memory } = cpu
  const data = memory.rcuData(cpu.id)
  for (let n = 0; n < BATCH_LIMIT; n++) {
    const head = takeDone(memory, data)
    if (head === 0) return
    const fn = cpu.functions.get(memory.get(head + RCU_HEAD.function))
    // From here on the head is whoever's the function says.
    yield* fn(cpu, memory.get(head + RCU_HEAD.argument), head)
    countInvoked(memory, data)
  }
  if (!isEmpty(memory, data + RCU_DATA.done)) yield* raiseSoftirq(cpu, SOFTIRQ.rcu)
}
