// RCU: whoever has unlinked something that readers may still be looking at waits for a grace period before he frees it.
// A grace period is over when every CPU has passed a quiescent state since it began, in which it is in no read side, and
// every task that was preempted in a read side before has ended that.
//
//   reader                                   updater
//   rcuReadLock                              unlink it
//   read what is linked                      synchronizeRcu, or callRcu with who frees it
//   rcuReadUnlock                            free it: nobody who reads now can have seen it
//
//   node         16 neighbouring CPUs, under one lock: whom a grace period waits for there
//   normal       begun by the thread rcu_preempt (grace-period.ts) when callbacks wait (callbacks.ts); CPUs report at their
//                ticks (core.ts), those that idle are looked at from outside
//   expedited    begun by who waits (expedited.ts), by an interrupt to those that do not idle
//
// A CPU that idles, or is offline, is in no read side: it is neither waited for nor disturbed. Sections with preemption or interrupts off
// are read sides too, as far as grace periods are concerned.

import { NS_PER_MS } from '../base/time.js'
import type { Memory } from '../memory/memory.js'
import { RCU_DATA, RCU_NODE } from '../memory/structs/rcu.js'
import { RCU } from '../memory/structs/rcu-state.js'

/** The two kinds of grace period, as bits of what a CPU owes and of what a task holds up. */
export const NO_QS = { normal: 1, expedited: 2 } as const

/** What is to be done at the end of a task's outermost read side. */
export const SPECIAL = {
  /** it has been preempted in it: off its node's list */
  blocked: 1,
  /** the normal grace period waits for its CPU */
  needQs: 2,
  /** so does the expedited one */
  expedited: 4,
} as const

/** How long a grace period may take before it is said to stall. */
export const STALL_MS = 21_000

// Grace periods are numbered as Linux does it: the number times four, and 1 more while one is under way.
const STATE_MASK = 3

export function isUnderWay(seq: number): boolean {
  return (seq & STATE_MASK) !== 0
}

/** What the sequence will have come to when a whole grace period from now on is over. */
export function seqSnap(seq: number): number {
  return (seq + 2 * STATE_MASK + 1) & ~STATE_MASK
}

/** Whether it has come to that. */
export function seqDone(seq: number, snap: number): boolean {
  return ((seq - snap) | 0) >= 0
}

/** What a grace period that is under way adds to the sequence as it ends. */
export const SEQ_END = STATE_MASK

export function milliseconds(ns: number): number {
  return Math.floor(ns / NS_PER_MS)
}

/** Before any CPU runs: RCU watches all of them, and waits for the first alone (rcuCpuStarting tells it of others). */
export function formatRcu(memory: Memory, expedited: boolean): void {
  const { cpus } = memory.layout.config
  memory.set(memory.rcu + RCU.expedited, expedited ? 1 : 0)
  memory.set(memory.rcuNode(0) + RCU_NODE.online, 1)
  for (let cpu = 0; cpu < cpus; cpu++) memory.set(memory.rcuData(cpu) + RCU_DATA.dynticks, 1)
}
