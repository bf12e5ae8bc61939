// The hotplug records, and how they agree with the masks.
//
// States at rest. Nothing stops between 93 and 153: there a CPU is half way through its death, or its thread is parked.
//
//   0 .. 92       offline: PREPARE, and idle:dead
//   154 .. 236    online; from sched:active (235 in Linux) on also active

import { instancesOf } from '../hotplug/callbacks.js'
import { CPUHP_STATE, INVALID, isAtomicState, isMulti } from '../hotplug/states.js'
import { LIMITS } from '../memory/layout.js'
import type { Memory } from '../memory/memory.js'
import { COMPLETION, CPUHP, PERCPU } from '../memory/structs.js'
import { testBit } from '../ops/mask.js'
import { cpusOf, type Findings, type Invariant, stateOf, type World } from './invariant.js'

const LOWEST_ERRNO = -4095

/** Whether a CPU that rests in this state is online. */
export function isOnlineState(state: number): boolean {
  return state >= CPUHP_STATE.apOnlineIdle
}

function* statesAgree(world: World): Findings {
  const { memory } = world
  const activeFrom = stateOf(world, 'sched_cpu_activate', true)
  for (const cpu of cpusOf(memory)) {
    const state = memory.get(memory.cpuhp(cpu) + CPUHP.state)
    const down = state >= CPUHP_STATE.offline && state <= CPUHP_STATE.idleDead
    const up = isOnlineState(state) && state <= CPUHP_STATE.online
    if (!down && !up) {
      yield `CPU ${cpu} rests in state ${state}, where nothing may rest`
      continue
    }
    const online = testBit(memory, memory.online, cpu)
    if (online !== up) yield `CPU ${cpu} is in state ${state} and ${online ? 'online' : 'not online'}`
    const active = testBit(memory, memory.active, cpu)
    if (activeFrom >= 0 && active !== state >= activeFrom) {
      yield `CPU ${cpu} is in state ${state} and ${active ? 'active' : 'not active'}`
    }
    // A partial way down leaves a CPU dying until it goes up again; all the way up, it can't be.
    if (state === CPUHP_STATE.online && testBit(memory, memory.dying, cpu)) yield `CPU ${cpu} is fully up and dying`
  }
}

function* targetsAgree({ memory }: World): Findings {
  for (const cpu of cpusOf(memory)) {
    const record = memory.cpuhp(cpu)
    const state = memory.get(record + CPUHP.state)
    const target = memory.get(record + CPUHP.target)
    if (state === target) continue
    // The boot CPU's target is not set before it is first changed.
    if (cpu === 0 && target === 0 && state === CPUHP_STATE.online) continue
    // A CPU can't stop in the STARTING section: on its way up to a state there, and when it is brought back up because
    // burying it failed, it goes on until it idles.
    const between = target > CPUHP_STATE.bringupCpu && target <= CPUHP_STATE.teardownCpu
    if (state === CPUHP_STATE.apOnlineIdle && between) continue
    yield `CPU ${cpu} rests in state ${state}, its target is ${target}`
  }
}

function* recordsRest({ memory }: World): Findings {
  for (const cpu of cpusOf(memory)) {
    const record = memory.cpuhp(cpu)
    for (const field of ['shouldRun', 'single', 'node'] as const) {
      const value = memory.get(record + CPUHP[field])
      if (value !== 0) yield `CPU ${cpu}: ${field} is ${value} with no operation under way`
    }
    for (const field of ['rollback', 'bringup'] as const) {
      const value = memory.get(record + CPUHP[field])
      if (value !== 0 && value !== 1) yield `CPU ${cpu}: ${field} is ${value}`
    }
    const result = memory.get(record + CPUHP.result)
    if (result > 0 || result < LOWEST_ERRNO) yield `CPU ${cpu}: its result ${result} is no error number`
    const fail = memory.get(record + CPUHP.fail)
    const possible = fail >= CPUHP_STATE.offline && fail <= CPUHP_STATE.online && !isAtomicState(fail)
    if (fail !== INVALID && !possible) yield `CPU ${cpu}: state ${fail} is to fail, and can't`
    const last = memory.get(record + CPUHP.last)
    const turned = memory.get(record + CPUHP.rollback) === 1
    if (last !== 0 && !(turned && isLinked(memory, last))) yield `CPU ${cpu}: stopped at an instance, nowhere`
    yield* completionRests(memory, cpu, 'doneUp')
    yield* completionRests(memory, cpu, 'doneDown')
  }
}

function isLinked(memory: Memory, node: number): boolean {
  for (let state = 0; state < LIMITS.states; state++) {
    if (isMulti(memory, state) && [...instancesOf(memory, state)].includes(node)) return true
  }
  return false
}

function* completionRests(memory: Memory, cpu: number, name: 'doneUp' | 'doneDown'): Findings {
  const done = memory.get(memory.cpuhp(cpu) + CPUHP[name] + COMPLETION.done)
  if (done !== 0) yield `CPU ${cpu}: ${name} has been completed ${done} times more than waited for`
}

function* power({ memory }: World): Findings {
  for (const cpu of cpusOf(memory)) {
    const online = testBit(memory, memory.online, cpu)
    const on = memory.get(memory.percpu(cpu) + PERCPU.power)
    // Nobody powers the boot CPU on: it is, until it goes down for the first time.
    if (online && on !== 1 && cpu !== 0) yield `CPU ${cpu} is online without power`
    if (!online && on !== 0) yield `CPU ${cpu} has power and is not online`
    if (online && memory.get(memory.percpu(cpu) + PERCPU.dead) !== 0) yield `CPU ${cpu} is online and has played dead`
  }
}

function* devices({ memory }: World): Findings {
  for (const cpu of cpusOf(memory)) {
    const flag = memory.get(memory.cpuhp(cpu) + CPUHP.deviceOffline)
    if (flag !== 0 && flag !== 1) yield `the device of CPU ${cpu} has the flag ${flag}`
    if (cpu === 0 && flag === 1) yield "the boot CPU's device says offline, which it can't be"
  }
}

export const RECORD_INVARIANTS: readonly Invariant[] = [
  {
    name: 'states-agree-with-masks',
    says: 'a CPU is online from state 154 on, active from sched:active on, and rests nowhere between 92 and 154',
    check: statesAgree,
  },
  { name: 'targets-reached', says: 'a CPU is in its target state', check: targetsAgree },
  { name: 'records-at-rest', says: 'a hotplug record asks for nothing and owes nothing', check: recordsRest },
  { name: 'power-follows-masks', says: 'the online CPUs have power, the others have not', check: power },
  { name: 'device-flags', says: "a device's own flag is 0 or 1, and the boot CPU's is 0", check: devices },
]
