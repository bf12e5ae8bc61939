// Balance callbacks: work that a runqueue has to do before its lock is given up.
//
// Most of it drops the lock in between, so it comes last. The tail of schedule() does it at once. Who first has to give up
// the lock for another reason takes the callbacks along (splices them) and does them when it has the lock again:
//
//   setscheduler, on any CPU                  the runqueue's CPU, in between
//   take rq.lock; change the task
//   splice; drop rq.lock                      schedule(): what it finds there is all there is
//   take rq.lock; do what was spliced
//
// balancePush must be found there by every schedule(), so it is never taken along.
import type { Memory } from '../memory/memory.js'
import { RUNQUEUE } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import type { Kernel } from '../ops/operation.js'
import { balancePush } from './push.js'
import { pushRealtimeTasks } from './push-realtime.js'
import { CALLBACK } from './runqueue.js'

/** Whether there is anything to be done for a runqueue before its lock, which is held, is given up. */
export function hasCallbacks(memory: Memory, rq: number): boolean {
  return memory.get(rq + RUNQUEUE.balanceCallback) !== CALLBACK.none
}

/** Does what is to be done for the runqueue of `owner`, which has something; its lock is held, and is again when this returns. */
export function balanceCallbacks(cpu: Cpu, owner: number): Kernel<void> {
  return doBalanceCallbacks(cpu, owner, spliceBalanceCallbacks(cpu, owner, false))
}

/** Takes the callbacks off a runqueue whose lock is held; `split`: they will be done under it, but not in one section with this. */
export function spliceBalanceCallbacks(cpu: Cpu, owner: number, split: boolean): number {
  const at = cpu.memory.runqueue(owner) + RUNQUEUE.balanceCallback
  const callback = cpu.memory.get(at)
  if (split && callback === CALLBACK.balancePush && !cpu.bugs.has('M07')) return CALLBACK.none
  cpu.memory.set(at, CALLBACK.none)
  return callback
}

/** Does spliced callbacks: not none. The runqueue's lock is held. */
export function doBalanceCallbacks(cpu: Cpu, owner: number, callback: number): Kernel<void> {
  return callback === CALLBACK.balancePush ? balancePush(cpu, owner) : pushRealtimeTasks(cpu, owner)
}
