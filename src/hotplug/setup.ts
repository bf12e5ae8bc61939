// Adding and removing steps and instances at run time, under the reader side of the hotplug lock.
//
// With `invoke`, a new callback is called for every CPU that is already above its state, and when one fails it is
// undone for those before it. The caller has the hotplug lock for reading.
import { ERRNO } from '../base/errno.js'
import { LIMITS } from '../memory/layout.js'
import type { Memory } from '../memory/memory.js'
import { CPUHP, INSTANCE, STEP } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { bitsOf } from '../ops/mask.js'
import type { Kernel } from '../ops/operation.js'
import { instancesOf } from './callbacks.js'
import { lockStates, unlockStates } from './locks.js'
import { CPUHP_STATE, callbackOf, isMulti } from './states.js'
import { issueCall } from './thread.js'

/** Ranges from which a state is taken when the caller leaves the choice to the kernel. */
export const DYNAMIC = { prepare: -1, online: -2 } as const
const RANGES = { [DYNAMIC.prepare]: [70, 90], [DYNAMIC.online]: [201, 231] } as const

export interface StepSetup {
  /** a state, or one of DYNAMIC */
  readonly state: number
  readonly name: string
  /** function numbers, 0 for none */
  readonly startup: number
  readonly teardown: number
  readonly multi: boolean
  readonly invoke: boolean
}

function reserveState(memory: Memory, wanted: number): number {
  if (wanted !== DYNAMIC.prepare && wanted !== DYNAMIC.online) return wanted
  const [first, last] = RANGES[wanted]
  for (let state = first; state <= last; state++) if (memory.get(memory.step(state) + STEP.named) === 0) return state
  return -ERRNO.ENOSPC
}

/** Puts a step into the table. cpuhp_state_mutex is held, or the machine is not running yet. */
export function storeStep(
  memory: Memory,
  state: number,
  setup: Omit<StepSetup, 'state' | 'invoke'>,
  cantStop: boolean,
) {
  const step = memory.step(state)
  memory.set(step + STEP.named, 1)
  memory.set(step + STEP.startup, setup.startup)
  memory.set(step + STEP.teardown, setup.teardown)
  memory.set(step + STEP.multi, setup.multi ? 1 : 0)
  memory.set(step + STEP.cantStop, cantStop ? 1 : 0)
  memory.setText(step + STEP.name, 10, setup.name)
}

function clearStep(memory: Memory, state: number): void {
  const step = memory.step(state)
  for (let w = 0; w < STEP.$size; w++) memory.set(step + w, 0)
}

/** Adds a step. Answers its state, or a negative errno: EINVAL for what can't be, EBUSY for a state in use, ENOSPC. */
export function* setupState(cpu: Cpu, setup: StepSetup): Kernel<number> {
  const { memory } = cpu
  const fixed = setup.state > CPUHP_STATE.offline && setup.state < CPUHP_STATE.online
  const dynamic = setup.state === DYNAMIC.prepare || setup.state === DYNAMIC.online
  if (setup.name === '' || !(fixed || dynamic)) return -ERRNO.EINVAL
  yield* lockStates(cpu)
  const state = reserveState(memory, setup.state)
  const inUse = state >= 0 && memory.get(memory.step(state) + STEP.named) === 1
  if (state < 0 || inUse) {
    yield* unlockStates(cpu)
    return inUse ? -ERRNO.EBUSY : state
  }
  storeStep(memory, state, setup, false)
  let result = 0
  if (setup.invoke && !setup.multi) result = yield* callForCpus(cpu, state, 0)
  if (result !== 0) clearStep(memory, state)
  yield* unlockStates(cpu)
  return result === 0 ? state : result
}

/** Removes a step; with `invoke` calls its teardown for every CPU that is above it. EINVAL, or EBUSY with instances. */
export function* removeState(cpu: Cpu, state: number, invoke: boolean): Kernel<number> {
  const { memory } = cpu
  if (state <= CPUHP_STATE.offline || state >= CPUHP_STATE.online) return -ERRNO.EINVAL
  yield* lockStates(cpu)
  let result = 0
  if (memory.get(memory.step(state) + STEP.named) === 0) result = -ERRNO.EINVAL
  else if (memory.get(memory.step(state) + STEP.instances) !== 0) result = -ERRNO.EBUSY
  else {
    if (invoke && !isMulti(memory, state)) yield* teardownForCpus(cpu, state, 0, memory.layout.config.cpus)
    clearStep(memory, cpu.bugs.has('M27') ? handedOut(memory, state) : state)
  }
  yield* unlockStates(cpu)
  return result
}

/** M27: the first state of a range stands for the whole of it in Linux, and whoever names it is given a free one. */
function handedOut(memory: Memory, state: number): number {
  const range = [DYNAMIC.prepare, DYNAMIC.online].find((dynamic) => RANGES[dynamic][0] === state)
  return range === undefined ? state : reserveState(memory, range)
}

/** Adds an instance to a multi-instance step. Answers its id (from 1), or a negative errno. */
export function* addInstance(cpu: Cpu, state: number, invoke: boolean): Kernel<number> {
  const { memory } = cpu
  yield* lockStates(cpu)
  const known = state >= 0 && state <= CPUHP_STATE.online && isMulti(memory, state)
  const node = known ? freeInstance(memory) : 0
  if (node === 0) {
    yield* unlockStates(cpu)
    return known ? -ERRNO.ENOSPC : -ERRNO.EINVAL
  }
  const result = invoke ? yield* callForCpus(cpu, state, node) : 0
  if (result === 0) linkInstance(memory, state, node)
  yield* unlockStates(cpu)
  return result === 0 ? memory.get(node + INSTANCE.id) : result
}

/** Takes an instance off its step; with `invoke` after its teardown for every CPU that is above. ENOENT when unknown. */
export function* removeInstance(cpu: Cpu, state: number, id: number, invoke: boolean): Kernel<number> {
  const { memory } = cpu
  yield* lockStates(cpu)
  let before = 0
  let found = 0
  const known = state >= 0 && state <= CPUHP_STATE.online
  for (const node of known ? instancesOf(memory, state) : []) {
    if (memory.get(node + INSTANCE.id) === id) {
      found = node
      break
    }
    before = node
  }
  if (found !== 0) {
    if (invoke) yield* teardownForCpus(cpu, state, found, memory.layout.config.cpus)
    const link = before === 0 ? memory.step(state) + STEP.instances : before + INSTANCE.next
    memory.set(link, memory.get(found + INSTANCE.next))
    memory.set(found + INSTANCE.used, 0)
  }
  yield* unlockStates(cpu)
  return found === 0 ? -ERRNO.ENOENT : 0
}

/** An instance that is free, 0 when there is none. */
export function freeInstance(memory: Memory): number {
  for (let i = 0; i < LIMITS.instances; i++) {
    const node = memory.instance(i)
    if (memory.get(node + INSTANCE.used) === 0) {
      memory.set(node + INSTANCE.id, i + 1)
      return node
    }
  }
  return 0
}

/** At the head, as Linux does: the latest instance is called first. */
export function linkInstance(memory: Memory, state: number, node: number): void {
  const head = memory.step(state) + STEP.instances
  memory.set(node + INSTANCE.used, 1)
  memory.set(node + INSTANCE.next, memory.get(head))
  memory.set(head, node)
}

function* callForCpus(cpu: Cpu, state: number, node: number): Kernel<number> {
  const { memory } = cpu
  if (callbackOf(memory, state, true) === 0) return 0
  for (const subject of bitsOf(memory, memory.present)) {
    if (memory.get(memory.cpuhp(subject) + CPUHP.state) < state) continue
    const result = yield* issueCall(cpu, subject, state, true, node)
    if (result === 0) continue
    yield* teardownForCpus(cpu, state, node, subject)
    return result
  }
  return 0
}

/** For the CPUs below `end`. */
function* teardownForCpus(cpu: Cpu, state: number, node: number, end: number): Kernel<void> {
  const { memory } = cpu
  if (callbackOf(memory, state, false) === 0) return
  for (const subject of bitsOf(memory, memory.present)) {
    if (subject >= end) break
    if (memory.get(memory.cpuhp(subject) + CPUHP.state) >= state) yield* issueCall(cpu, subject, state, false, node)
  }
}
