// A grace period of scheduling points: when it is over, every CPU that was online has left whatever section with
// preemption or interrupts off it was in when the grace period began. sched:active needs it, so that no wakeup that
// still saw the CPU active goes on to queue a task there.
//
//   synchronizeSched                          every other CPU
//   remaining = number of CPUs                call function interrupt (interrupts are on):
//   send the call to all of them                wanted = address of remaining; reschedule
//   wait until remaining = 0                  schedule(), entered with preemption on:
//                                               count remaining down (full)
import { GLOBAL, PERCPU } from '../memory/structs.js'
import { bugOn } from '../ops/bug.js'
import type { Cpu } from '../ops/cpu.js'
import { FN } from '../ops/functions.js'
import { bitsOf } from '../ops/mask.js'
import { full, type Kernel, release } from '../ops/operation.js'
import { smpCallFunctionMany } from '../smp/smp.js'

/** Waits for a grace period. One at a time: the caller holds the hotplug lock for writing or acts for its holder. */
export function* synchronizeSched(cpu: Cpu): Kernel<void> {
  const { memory } = cpu
  const remaining = memory.global + GLOBAL.graceRemaining
  const others = [...bitsOf(memory, memory.online)].filter((other) => other !== cpu.id)
  yield cpu.store(remaining, others.length, release, 'synchronize_sched:begin')
  const sent = yield* smpCallFunctionMany(cpu, others, FN.request_quiescent_state, remaining, false)
  bugOn(sent !== others.length, 'synchronize_sched', 'the set of online CPUs changed under the hotplug lock')
  yield cpu.waitUntil(remaining, 0, 'synchronize_sched:wait')
}

/** The interrupt's part: from the next scheduling point on, whatever this CPU was doing is over. */
export function* requestQuiescentState(cpu: Cpu, remaining: number): Kernel<number> {
  const wanted = cpu.memory.percpu(cpu.id) + PERCPU.quiescentWanted
  bugOn(cpu.memory.get(wanted) !== 0, 'request_quiescent_state', 'two grace periods at once')
  cpu.memory.set(wanted, remaining)
  cpu.needResched = true
  return 0
}

/** schedule() passes here. */
export function* passQuiescentState(cpu: Cpu): Kernel<void> {
  const wanted = cpu.memory.percpu(cpu.id) + PERCPU.quiescentWanted
  const remaining = cpu.memory.get(wanted)
  if (remaining === 0) return
  cpu.memory.set(wanted, 0)
  yield cpu.add(remaining, -1, full, 'pass_quiescent_state')
}
