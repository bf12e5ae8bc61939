// Letting a machine come to rest: when the host has its answer, the kworker that gave it may still be on its way back
// to sleep, and invariants hold only when that is over.
import { checkInvariants, type Report } from '../src/invariants/check.js'
import type { Machine } from '../src/machine/machine.js'
import type { Memory } from '../src/memory/memory.js'
import { RCU_DATA } from '../src/memory/structs/rcu.js'
import { DOORBELL, PERCPU } from '../src/memory/structs.js'
import { bitsOf } from '../src/ops/mask.js'

/** Operations after which a deterministic machine that still has something to do is not settling. */
const MAX_OPERATIONS = 5_000_000
const STRIDE = 10_000

/**
 * Waits until no CPU has anything to do. With no request under way, that takes microseconds.
 * @returns whether it came to rest: false after `limitMs` (threads) or millions of operations (deterministic)
 */
export async function settle(machine: Machine, limitMs = 5_000): Promise<boolean> {
  if (machine.kind === 'deterministic') return settleByStepping(machine)
  const limit = performance.now() + limitMs
  let before: number | null = null
  for (let looks = 0; performance.now() < limit; looks++) {
    const now = stillness(machine.memory)
    if (now !== null && now === before) return true
    before = now
    await (looks < 100 ? nextTurn() : later(1))
  }
  return false
}

function settleByStepping(machine: Machine): boolean {
  for (let done = 0; done < MAX_OPERATIONS; done += STRIDE) if (machine.step(STRIDE) < STRIDE) return true
  return false
}

/**
 * What all workers have done so far, if none does anything now: every worker parked, every online CPU idle and without
 * interrupts. Null when one does. Two looks with the same answer, and nothing happened in between.
 */
function stillness(memory: Memory): number | null {
  let heartbeats = 0
  for (let worker = 0; worker < memory.layout.config.workers; worker++) {
    const bell = memory.doorbell(worker) - DOORBELL.bell
    if (memory.get(bell + DOORBELL.parked) === 0) return null
    heartbeats = (heartbeats + memory.get(bell + DOORBELL.heartbeat)) | 0
  }
  for (const cpu of bitsOf(memory, memory.online)) {
    if (memory.get(memory.pending(cpu)) !== 0) return null
    if (memory.get(memory.percpu(cpu) + PERCPU.current) !== memory.idleTask(cpu)) return null
    // It idles from tick to tick while callbacks wait for grace periods.
    if (memory.get(memory.rcuData(cpu) + RCU_DATA.callbacks) !== 0) return null
  }
  return heartbeats
}

/** Looks at a machine that still finds something are repeated this often: it may have been a look at a moving thing. */
const LOOKS = 5

/**
 * Lets a machine settle, and checks it. On threads nobody can stop the machine for the look, so what is found there
 * counts only when it is found again and again, each time after settling.
 */
export async function checkAtRest(machine: Machine, except: readonly string[] = []): Promise<Report> {
  for (let look = 1; ; look++) {
    const settled = await settle(machine)
    const report = checkInvariants(machine, except)
    if (!settled) {
      const message = 'the machine does not come to rest with no request under way'
      return { checked: report.checked, violations: [{ invariant: 'comes-to-rest', message }, ...report.violations] }
    }
    if (report.violations.length === 0 || machine.kind === 'deterministic' || look === LOOKS) return report
    await later(2 ** look)
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function later(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
