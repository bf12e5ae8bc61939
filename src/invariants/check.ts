// Checking: all invariants in one go, what was found, and sums over many checks.

import { BANDWIDTH_INVARIANTS } from './bandwidth.js'
import { CALL_INVARIANTS } from './calls.js'
import { CPUSET_INVARIANTS } from './cpusets.js'
import { TIMER_INVARIANTS } from './hrtimers.js'
import type { Invariant, World } from './invariant.js'
import { IRQ_INVARIANTS } from './irq.js'
import { KVM_INVARIANTS } from './kvm.js'
import { LOCK_INVARIANTS } from './locks.js'
import { MASK_INVARIANTS } from './masks.js'
import { MM_INVARIANTS } from './mm.js'
import { RCU_INVARIANTS } from './rcu.js'
import { RECORD_INVARIANTS } from './records.js'
import { SOFTIRQ_INVARIANTS } from './softirq.js'
import { TABLE_INVARIANTS } from './tables.js'
import { TASK_INVARIANTS } from './tasks.js'
import { THREAD_INVARIANTS } from './threads.js'
import { TIME_INVARIANTS } from './time.js'
import { WORKER_INVARIANTS } from './workers.js'

/** Every invariant, in the order in which they are told. */
export const INVARIANTS: readonly Invariant[] = [
  ...MASK_INVARIANTS,
  ...RECORD_INVARIANTS,
  ...CPUSET_INVARIANTS,
  ...TASK_INVARIANTS,
  ...THREAD_INVARIANTS,
  ...WORKER_INVARIANTS,
  ...CALL_INVARIANTS,
  ...IRQ_INVARIANTS,
  ...RCU_INVARIANTS,
  ...MM_INVARIANTS,
  ...SOFTIRQ_INVARIANTS,
  ...TIME_INVARIANTS,
  ...LOCK_INVARIANTS,
  ...TIMER_INVARIANTS,
  ...BANDWIDTH_INVARIANTS,
  ...KVM_INVARIANTS,
  ...TABLE_INVARIANTS,
]

/** Something that must hold and did not. */
export interface Violation {
  /** the invariant's name */
  readonly invariant: string
  /** what was seen, in a line */
  readonly message: string
}

/** What checks have found. */
export interface Report {
  /** how often each invariant was checked */
  readonly checked: ReadonlyMap<string, number>
  readonly violations: readonly Violation[]
}

/** Violations of one invariant in one check that are told; a broken list may have thousands. */
const TOLD = 8

/**
 * Checks a machine that is at rest (see invariant.ts): memory is only read. `except` names invariants to leave out,
 * such as targets-reached where a module's callbacks fail during rollbacks, which leaves a CPU where it is.
 */
export function checkInvariants(world: World, except: readonly string[] = []): Report {
  return check(
    world,
    INVARIANTS.filter(({ name }) => !except.includes(name)),
  )
}

/** Checks a machine whose CPUs are all stopped: call it within Machine.freeze. */
export function checkStopped(world: World): Report {
  return check(
    world,
    INVARIANTS.filter(({ atRest }) => atRest !== true),
  )
}

function check(world: World, invariants: readonly Invariant[]): Report {
  const checked = new Map<string, number>()
  const violations: Violation[] = []
  for (const { name, check } of invariants) {
    checked.set(name, 1)
    let told = 0
    for (const message of check(world)) {
      violations.push({ invariant: name, message })
      if (++told === TOLD) break
    }
  }
  return { checked, violations }
}

/** Sums reports, for harnesses that check again and again. */
export class InvariantCounter implements Report {
  readonly checked = new Map<string, number>()
  readonly violations: Violation[] = []

  add(report: Report): void {
    for (const [name, count] of report.checked) this.checked.set(name, (this.checked.get(name) ?? 0) + count)
    this.violations.push(...report.violations)
  }

  /** How many invariants have been checked in all, each time counted. */
  get total(): number {
    let total = 0
    for (const count of this.checked.values()) total += count
    return total
  }
}
