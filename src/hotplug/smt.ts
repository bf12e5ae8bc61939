// Simultaneous multithreading: CPUs that are threads of one core are neighbours by number, and the first of each core is its
// primary thread. While SMT is off, only primary threads come up (smt-control.ts turns it off and on).
import type { Memory } from '../memory/memory.js'
import { GLOBAL } from '../memory/structs.js'
import { bitsOf, testBit } from '../ops/mask.js'

/** What `control` says, and GLOBAL.smtControl; in the order of Linux's enum cpuhp_smt_control. */
export const SMT_CONTROL = ['on', 'off', 'forceoff', 'notsupported'] as const
export const SMT = { on: 0, off: 1, forceOff: 2, notSupported: 3 } as const

/** What a machine is booted with: SMT is on where there are siblings. */
export function formatSmt(memory: Memory, threadsPerCore: number): void {
  memory.set(memory.global + GLOBAL.threadsPerCore, threadsPerCore)
  memory.set(memory.global + GLOBAL.smtControl, threadsPerCore > 1 ? SMT.on : SMT.notSupported)
}

/** The first CPU of the core that a CPU is a thread of. */
export function primaryThreadOf(memory: Memory, cpu: number): number {
  return cpu - (cpu % memory.get(memory.global + GLOBAL.threadsPerCore))
}

/** The number of that core. */
export function coreOf(memory: Memory, cpu: number): number {
  return Math.floor(cpu / memory.get(memory.global + GLOBAL.threadsPerCore))
}

/** The CPUs of the core that a CPU is a thread of, those of `mask`. */
export function siblingsOf(memory: Memory, cpu: number, mask: number): number[] {
  const first = primaryThreadOf(memory, cpu)
  const count = Math.min(memory.get(memory.global + GLOBAL.threadsPerCore), memory.layout.config.cpus - first)
  return Array.from({ length: count }, (_, n) => first + n).filter((sibling) => testBit(memory, mask, sibling))
}

/** Whether some core has more than one thread that takes tasks: what `active` shows (sched_smt_active). */
export function smtActive(memory: Memory): boolean {
  for (const cpu of bitsOf(memory, memory.active)) if (siblingsOf(memory, cpu, memory.active).length > 1) return true
  return false
}

/** Whether a CPU may come up as far as SMT is concerned. cpu_add_remove_lock is held. */
export function isSmtAllowed(memory: Memory, cpu: number): boolean {
  return primaryThreadOf(memory, cpu) === cpu || memory.get(memory.global + GLOBAL.smtControl) === SMT.on
}
