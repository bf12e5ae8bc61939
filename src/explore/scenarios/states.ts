// Scenarios of steps: callbacks that fail, and steps and instances that come and go while CPUs do.
import type { Machine, StateDescription } from '../../machine/machine.js'
import { CPUHP, STEP } from '../../memory/structs.js'
import { offline, online, scenario, step, write } from '../scenario.js'
import { AT, INSTANCES, KERNEL, SECOND } from './kernel.js'

const CALLBACKS_2 = { startup: 'explore_startup_2', teardown: 'explore_teardown_2' } as const
const CALLBACKS = { startup: 'explore_startup', teardown: 'explore_teardown' } as const

const add = (machine: Machine, description: StateDescription): Promise<number> => machine.addState(description)

interface Instance {
  readonly state: number
  readonly id: number
}

/** Callbacks are called in turn, and those of a CPU's steps have been called that it is above. */
function* balanced(machine: Machine, instances: readonly Instance[]) {
  const { memory } = machine
  const wrong = memory.get(memory.scratch(AT.wrong))
  if (wrong > 0) yield `${wrong} callbacks were called for what was up already, or for what was down`
  for (let cpu = 0; cpu < machine.cpus; cpu++) {
    for (const { state, id } of instances) {
      const isUp = memory.get(memory.scratch(AT.up + cpu * INSTANCES + id)) === 1
      const isAbove = memory.get(memory.cpuhp(cpu) + CPUHP.state) >= state
      if (isUp !== isAbove)
        yield `CPU ${cpu} is ${isAbove ? 'above' : 'below'} state ${state}, whose instance ${id} is ${isUp ? 'up' : 'down'}`
    }
  }
}

export const rollback = scenario<number>({
  name: 'rollback',
  says: 'a step fails on the way down and on the way up, while another requester wants the CPU as well',
  machine: { cpus: 2, modules: [KERNEL] },
  prepare: (machine) => add(machine, { name: 'explore/online', state: 'online', ...CALLBACKS }),
  actors: [
    {
      name: 'A',
      steps: [write('cpu1/hotplug/fail', 196), offline(1), write('cpu1/hotplug/fail', -1), offline(1), online(1)],
    },
    { name: 'B', steps: [offline(1), online(1)] },
  ],
  check: (machine, state) => balanced(machine, [{ state, id: 0 }]),
  // The window that Linux has: a failure that strikes where no failure was meant to be possible.
  warnings: /failed \(-11\)/,
})

export const failingCallbacks = scenario<readonly Instance[]>({
  name: 'failing-callbacks',
  says: 'callbacks of the sections that must not fail say that they have failed',
  machine: { cpus: 2, modules: [KERNEL] },
  async prepare(machine) {
    const states = [
      await add(machine, { name: 'explore/first', state: 100, ...CALLBACKS }),
      await add(machine, { name: 'explore/second', state: 120, ...CALLBACKS_2 }),
    ]
    machine.memory.set(machine.memory.scratch(AT.failing), 1)
    return states.map((state, n) => ({ state, id: n * SECOND }))
  },
  actors: [
    { name: 'A', steps: [offline(1), online(1)] },
    { name: 'B', steps: [offline(1), online(1)] },
  ],
  check: (machine, states) => balanced(machine, states),
  warnings: /failed \(-5\)/,
})

export const callbacks = scenario<number>({
  name: 'callbacks',
  says: 'the callbacks of a step are called on a CPU, one right after the other',
  machine: { cpus: 2, modules: [KERNEL] },
  prepare: (machine) => add(machine, { name: 'explore/online', state: 'online', ...CALLBACKS }),
  actors: [
    {
      name: 'A',
      steps: [step('callbacks', (machine, state) => machine.run('explore_callbacks', { cpu: 0, args: [1, state] }))],
    },
  ],
  check: (machine, state) => balanced(machine, [{ state, id: 0 }]),
})

interface Instances {
  readonly state: number
  readonly ids: number[]
}

export const instances = scenario<Instances>({
  name: 'instances',
  says: 'instances of a step are added and removed while the CPU goes down and comes up',
  machine: { cpus: 2, modules: [KERNEL] },
  async prepare(machine) {
    const state = await add(machine, { name: 'explore/multi', state: 'online', ...CALLBACKS, multi: true })
    return { state, ids: [await machine.addInstance(state)] }
  },
  actors: [
    {
      name: 'driver',
      steps: [
        step('addInstance', async (machine, { state, ids }) => ids.push(await machine.addInstance(state))),
        step('addInstance', async (machine, { state, ids }) => ids.push(await machine.addInstance(state))),
        step('removeInstance', async (machine, { state, ids }) => machine.removeInstance(state, ids.shift()!)),
      ],
    },
    { name: 'A', steps: [offline(1), online(1)] },
  ],
  check: (machine, { state, ids }) =>
    balanced(
      machine,
      ids.map((id) => ({ state, id })),
    ),
})

export const dynamicStates = scenario<number[]>({
  name: 'dynamic-states',
  says: 'steps are added to the table and removed while CPUs go down and come up',
  machine: { cpus: 3, modules: [KERNEL] },
  prepare: async () => [],
  actors: [
    {
      name: 'driver',
      steps: [
        step('addState', async (machine, states) =>
          states.push(await add(machine, { name: 'explore/online', state: 'online', ...CALLBACKS })),
        ),
        step('removeState', async (machine, states) => machine.removeState(states.pop()!)),
        step('addState', async (machine, states) =>
          states.push(await add(machine, { name: 'explore/again', state: 'online', ...CALLBACKS })),
        ),
      ],
    },
    { name: 'A', steps: [offline(1), online(1)] },
    { name: 'B', steps: [offline(2)] },
  ],
  check: (machine, states) =>
    balanced(
      machine,
      states.map((state) => ({ state, id: 0 })),
    ),
})

/** The first state of the range that the kernel takes from. */
const FIRST = 201

export const firstState = scenario<number[]>({
  name: 'first-state',
  says: 'the first state of the dynamic range is given up, and taken by the next who wants one, while the CPU goes down',
  machine: { cpus: 2, modules: [KERNEL] },
  async prepare(machine) {
    // Whoever has it in the step table has not been loaded.
    const step = machine.memory.step(FIRST)
    for (let w = 0; w < STEP.$size; w++) machine.memory.set(step + w, 0)
    return [await add(machine, { name: 'explore/first', state: 'online', ...CALLBACKS })]
  },
  actors: [
    {
      name: 'driver',
      steps: [
        step('removeState', async (machine, states) => machine.removeState(states.pop()!)),
        step('addState', async (machine, states) =>
          states.push(await add(machine, { name: 'explore/next', state: 'online', ...CALLBACKS })),
        ),
      ],
    },
    { name: 'A', steps: [offline(1), online(1)] },
  ],
  check: (machine, states) =>
    balanced(
      machine,
      states.map((state) => ({ state, id: 0 })),
    ),
})

export const boundWork = scenario({
  name: 'bound-work',
  says: 'a step of the CPU that goes down has its worker do something there first, while another CPU goes as well',
  machine: { cpus: 3, modules: [KERNEL] },
  prepare: (machine) => add(machine, { name: 'explore/flush', state: 'online', teardown: 'explore_flush' }),
  actors: [
    { name: 'A', steps: [offline(1), online(1)] },
    { name: 'B', steps: [write('cpu2/hotplug/fail', 156), offline(2)] },
  ],
  *check({ memory }) {
    const wrong = memory.get(memory.scratch(AT.wrong))
    if (wrong > 0) yield `${wrong} pieces of work that are bound to a CPU were done on another one`
  },
})
