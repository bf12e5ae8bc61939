// What a CPU goes through on its way, told from the step table alone: the model that traces are compared with.
//
// It knows nothing of the kernel's code: a way is the list of callbacks between two states, and a failure is the list up
// to it and then the way back.

import type { Machine } from '#dist/src/index.js'
import type { Profile, StepDescription } from '#dist/src/profiles/profile.js'

/** A callback, as a trace shows it: 'up 33' or 'down 235', once for each instance of a multi-instance step. */
export type Passed = string

const [BRINGUP, TEARDOWN] = [91, 153]

/** Its callbacks leave events: those of the CPU itself do not, while it is not online. */
function isSeen({ state }: StepDescription): boolean {
  return state <= BRINGUP || state >= TEARDOWN
}

function once(direction: 'up' | 'down', { state, multi, instances }: StepDescription): Passed[] {
  return Array.from({ length: multi ? instances : 1 }, () => `${direction} ${state}`)
}

/** The callbacks on the way up after state `from` up to and with `to`. */
export function wayUp({ states }: Profile, from: number, to: number): Passed[] {
  const steps = states.filter((step) => step.startup !== null && isSeen(step) && step.state > from && step.state <= to)
  return steps.flatMap((step) => once('up', step))
}

/** The callbacks on the way down from state `from` to, but without, `to`. */
export function wayDown({ states }: Profile, from: number, to: number): Passed[] {
  const steps = states.filter((step) => step.teardown !== null && isSeen(step) && step.state <= from && step.state > to)
  return steps.reverse().flatMap((step) => once('down', step))
}

/** The callbacks that a machine has passed since its trace was last read, in their order; work of the AP is no step. */
export function passed(machine: Machine): Passed[] {
  const lines = machine.hotplugTrace().map((line) => line.split(' '))
  return lines.flatMap(([, , kind, , , step, fn]) => {
    if (kind !== 'enter' && kind !== 'multi') return []
    if (fn === 'cpuhp_kick_ap_work') return []
    return [`${goesUp(machine, Number(step), fn!) ? 'up' : 'down'} ${step}`]
  })
}

const tables = new WeakMap<Machine, Map<number, StepDescription>>()

/** Says of which profile the machine is: callbacks are known by their names. */
export function usesProfile(machine: Machine, { states }: Profile): void {
  tables.set(machine, new Map(states.map((step) => [step.state, step])))
}

function goesUp(machine: Machine, state: number, fn: string): boolean {
  const step = tables.get(machine)?.get(state)
  if (step === undefined) throw new Error(`the profile has no step ${state}`)
  if (step.startup === step.teardown) throw new Error(`step ${state} has the same callback in both directions`)
  return step.startup === fn
}
