// The states of a CPU, and the table of steps between them, in shared memory: it changes at run time.
//
//   0 offline | 1..91 PREPARE, on the controlling CPU | 92..151 STARTING, on the CPU, interrupts off | 152 |
//   153 cpu:teardown, on the controlling CPU | 154..235 ONLINE, by cpuhp/N | 236 online
//
// Going up, step s is the startup callback of state s, run when the CPU's state has just become s. Going down, it is the
// teardown callback of s, run when the state has just become s - 1.

import type { Memory } from '../memory/memory.js'
import { CPUHP, STEP } from '../memory/structs.js'

export const CPUHP_STATE = {
  offline: 0,
  bringupCpu: 91,
  idleDead: 92,
  apOffline: 93,
  apOnline: 152,
  teardownCpu: 153,
  apOnlineIdle: 154,
  online: 236,
} as const

/** No state: what `fail` holds when nothing is to fail. */
export const INVALID = -1

/** Run by the CPU itself with interrupts off: must not fail, and no request may stop there for long. */
export function isAtomicState(state: number): boolean {
  return state >= CPUHP_STATE.idleDead && state < CPUHP_STATE.apOnline
}

/** Whether this state's callbacks run on the CPU that goes up or down. */
export function isApState(state: number): boolean {
  return state > CPUHP_STATE.bringupCpu && state !== CPUHP_STATE.teardownCpu
}

/** The number of the callback of a step in a direction, 0 when it has none. */
export function callbackOf(memory: Memory, state: number, bringup: boolean): number {
  return memory.get(memory.step(state) + (bringup ? STEP.startup : STEP.teardown))
}

export function isMulti(memory: Memory, state: number): boolean {
  return memory.get(memory.step(state) + STEP.multi) === 1
}

/** The name of a state, '' when it has none. */
export function stateName(memory: Memory, state: number): string {
  const step = memory.step(state)
  return memory.get(step + STEP.named) === 1 ? memory.getText(step + STEP.name, 10) : ''
}

/**
 * Moves the state to the next one before `target` that has a callback in this direction. Answers the step whose callback
 * is to be called, or -1 when the target has been reached.
 */
export function nextState(memory: Memory, record: number, bringup: boolean, target: number): number {
  for (;;) {
    const state = memory.get(record + CPUHP.state)
    if (bringup ? state >= target : state <= target) return -1
    memory.set(record + CPUHP.state, bringup ? state + 1 : state - 1)
    const step = bringup ? state + 1 : state
    if (callbackOf(memory, step, bringup) !== 0) return step
  }
}
