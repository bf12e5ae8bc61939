// rcu_barrier: waits until all callbacks that have been queued before, on whichever CPU, have been called.
//
//   who waits                                each CPU that has callbacks, in an interrupt
//   barrierCount = 1                         a callback of the barrier's own behind all others; barrierCount + 1
//   ask it, or do it for one that is dead
//   barrierCount - 1; sleep until 0          it is called: barrierCount - 1, the last one completes barrierDone
import { NS_PER_MS } from '../base/time.js'
import { RCU_DATA, RCU_HEAD, RCU_NODE } from '../memory/structs/rcu.js'
import { RCU } from '../memory/structs/rcu-state.js'
import type { Cpu } from '../ops/cpu.js'
import { FN } from '../ops/functions.js'
import { bitsOf } from '../ops/mask.js'
import { full, type Kernel, relaxed } from '../ops/operation.js'
import { schedule } from '../sched/core.js'
import { smpCallFunctionSingle } from '../smp/smp.js'
import { complete, waitForCompletion } from '../sync/completion.js'
import { mutexLock, mutexUnlock } from '../sync/mutex.js'
import { prepareToSleep } from '../time/sleep.js'
import { enqueue } from './callbacks.js'
import { bitOf } from './node.js'

/** Returns when every callback that had been queued has been called. May sleep, on a task that keeps its frames. */
export function* rcuBarrier(cpu: Cpu): Kernel<void> {
  const { memory } = cpu
  const { rcu } = memory
  yield* mutexLock(cpu, rcu + RCU.barrierMutex)
  yield cpu.store(rcu + RCU.barrierCount, 1, full, 'rcu_barrier:begin')
  for (const owner of bitsOf(memory, memory.possible)) {
    while (!(yield* entrainOn(cpu, owner))) {
      // It is on its way: neither online any more, nor dead yet.
      yield* prepareToSleep(cpu, NS_PER_MS)
      yield* schedule(cpu)
    }
  }
  if ((yield cpu.add(rcu + RCU.barrierCount, -1, full, 'rcu_barrier:all')) !== 1) {
    yield* waitForCompletion(cpu, rcu + RCU.barrierDone)
  }
  yield* mutexUnlock(cpu, rcu + RCU.barrierMutex)
}

/** Sees to it that a CPU's callbacks are followed by one of the barrier's. Answers false when it can't be reached now. */
function* entrainOn(cpu: Cpu, owner: number): Kernel<boolean> {
  const { memory } = cpu
  const data = memory.rcuData(owner)
  // A hint, but for callbacks that are known to have been queued: those it has seen.
  if ((yield cpu.load(data + RCU_DATA.callbacks, relaxed, 'rcu_barrier:any')) === 0) return true
  const node = memory.rcuNode(owner)
  yield cpu.lockIrq(memory.rcu + RCU.barrierLock, 'rcu_barrier')
  yield cpu.lockIrq(node + RCU_NODE.lock, 'rcu_barrier:online')
  const gone = (memory.get(node + RCU_NODE.online) & bitOf(owner)) === 0
  yield cpu.unlockIrq(node + RCU_NODE.lock, 'rcu_barrier:online')
  if (gone && memory.get(data + RCU_DATA.callbacks) > 0) yield* entrain(cpu, owner)
  yield cpu.unlockIrq(memory.rcu + RCU.barrierLock, 'rcu_barrier')
  return gone || (yield* smpCallFunctionSingle(cpu, owner, FN.rcu_barrier_handler, owner, true)) === 0
}

/** On that CPU, with interrupts off; or on another one for it when it is dead. */
function* entrain(cpu: Cpu, owner: number): Kernel<void> {
  const { memory } = cpu
  const head = memory.rcuData(owner) + RCU_DATA.barrierHead
  memory.set(head + RCU_HEAD.function, FN.rcu_barrier_callback)
  yield cpu.add(memory.rcu + RCU.barrierCount, 1, full, 'rcu_barrier_entrain')
  enqueue(memory, owner, head)
}

/** The interrupt. What has been called meanwhile need not be waited for. */
export function* rcuBarrierHandler(cpu: Cpu, owner: number): Kernel<number> {
  if (cpu.memory.get(cpu.memory.rcuData(owner) + RCU_DATA.callbacks) > 0) yield* entrain(cpu, owner)
  return 0
}

/** The barrier's callback. */
export function* rcuBarrierCallback(cpu: Cpu): Kernel<number> {
  const { rcu } = cpu.memory
  if ((yield cpu.add(rcu + RCU.barrierCount, -1, full, 'rcu_barrier_callback')) === 1) {
    yield* complete(cpu, rcu + RCU.barrierDone)
  }
  return 0
}
