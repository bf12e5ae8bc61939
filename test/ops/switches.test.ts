// The switches that put historical bugs back, each with a scenario in which its bug shows: with the switch on, some seed
// fails by a check that knows nothing of the bug (a panic, an invariant, a count that has to come out right), and fails
// in the same way when it is run again; with it off, none of ten times as many does.
import { describe, expect, test } from 'vitest'
import { checkAtRest, ERRNO, Machine, type MachineOptions, MachinePanic, UsageError } from '#dist/src/index.js'
import { BUG_NAMES, BUGS, type BugName } from '#dist/src/ops/switches.js'
import { type Call, encode, AT as HOTPLUG } from '#dist/test/modules/hotplug.js'
import { AT as STOP } from '#dist/test/modules/stop.js'
import { AT as SWITCHES } from '#dist/test/modules/switches.js'
import { kernelModule, rejection, testsMachine, unexpected } from '../support/machines.js'

interface Scenario {
  readonly bug: BugName
  /** what happens, as the test's name tells it */
  readonly name: string
  readonly cpus: number
  /** the kernel module that it needs */
  readonly module: string
  /** seeds to try with the switch on; ten times as many with it off */
  readonly seeds: number
  /** what the failure says, among other things */
  readonly fails: RegExp
  /** a bug of timing: in the fixed order of CPUs it does not show */
  readonly race: boolean
  /** kernel warnings that belong to the scenario, not to the bug */
  readonly warnings?: RegExp
  /** Answers what came out wrong, a line each. Whoever calls checks the machine's invariants. */
  readonly run: (machine: Machine) => Promise<string[]>
}

/** How a run ended: what failed or the kernel warned of (null: nothing), and a hash of all that happened. */
interface Outcome {
  readonly failure: string | null
  readonly digest: number | undefined
}

type On = Pick<MachineOptions, 'machine' | 'seed' | 'strategy' | 'workers' | 'bugs'>

/** Runs a scenario once. */
async function play({ cpus, module, warnings, run }: Scenario, on: On): Promise<Outcome> {
  const machine = await Machine.boot({ machine: 'deterministic', cpus, modules: [kernelModule(module)], ...on })
  const found: string[] = []
  try {
    found.push(...(await run(machine)))
    const { violations } = await checkAtRest(machine)
    found.push(...violations.map(({ invariant, message }) => `${invariant}: ${message}`))
  } catch (error) {
    if (!(error instanceof MachinePanic)) throw error
  }
  // It may also have died on its way to rest, when nobody waited for an answer.
  if (machine.failure instanceof MachinePanic) found.unshift(machine.failure.message)
  const { digest } = machine.counters()
  await machine.shutdown()
  const warned = unexpected(machine.log, warnings)
  const failure = found.length === 0 && warned.length === 0 ? null : [...found, ...warned].join('\n')
  return { failure, digest }
}

/** The first seed that fails with the scenario's bug, 0 when none does. */
async function search(scenario: Scenario): Promise<number> {
  for (let seed = 1; seed <= scenario.seeds; seed++) {
    if ((await play(scenario, { seed, bugs: [scenario.bug] })).failure !== null) return seed
  }
  return 0
}

const word = ({ memory }: Machine, offset: number): number => memory.get(memory.scratch(offset))

/** A line when something did not come out as it has to. */
function differs(what: string, is: unknown, expected: unknown): string[] {
  const [found, wanted] = [JSON.stringify(is), JSON.stringify(expected)]
  return found === wanted ? [] : [`${what}: ${found}, not ${wanted}`]
}

// Steps whose callbacks note each call, and fail when the test says so: see the kernel module.
const CALLBACKS = { startup: 'hotplug_startup', teardown: 'hotplug_teardown' } as const
const up = (instance = 0): number => encode({ kind: 1, subject: 1, instance } satisfies Call)
const down = (instance = 0): number => encode({ kind: 2, subject: 1, instance } satisfies Call)

function failOn({ memory }: Machine, call: number): void {
  memory.set(memory.scratch(HOTPLUG.failing), call)
  memory.set(memory.scratch(HOTPLUG.errno), ERRNO.EIO)
}

/** The calls since the last time. */
function callsOf(machine: Machine): number[] {
  const calls = Array.from({ length: word(machine, HOTPLUG.called) }, (_, n) => word(machine, HOTPLUG.calls + n))
  machine.memory.set(machine.memory.scratch(HOTPLUG.called), 0)
  return calls
}

/** Takes CPU 1 down and up again. Answers what is wrong with the calls that were made. */
async function cycle(machine: Machine, goingDown: readonly number[], comingUp: readonly number[]): Promise<string[]> {
  callsOf(machine)
  await machine.offline(1)
  const wrong = differs('calls on the way down', callsOf(machine), goingDown)
  await machine.online(1)
  return [...wrong, ...differs('calls on the way up', callsOf(machine), comingUp)]
}

const SCENARIOS: readonly Scenario[] = [
  {
    bug: 'M10',
    name: 'a CPU stops itself and another one',
    cpus: 2,
    module: 'stop',
    seeds: 3,
    fails: /machine deadlock.*multi_cpu_stop:wait/s,
    race: false,
    async run(machine) {
      return differs('times that worked', await machine.run('stop_two', { cpu: 0, args: [0x01, 1] }), 1)
    },
  },
  {
    bug: 'M10',
    name: 'two pairs that share a CPU are stopped, each by the CPU that is only in the other one',
    cpus: 3,
    module: 'stop',
    seeds: 30,
    fails: /machine deadlock.*multi_cpu_stop:wait/s,
    race: true,
    async run(machine) {
      const first = machine.run('stop_two', { cpu: 2, args: [0x01, 20] })
      const second = machine.run('stop_two', { cpu: 1, args: [0x02, 20] })
      const worked = await Promise.all([first, second])
      return [
        ...differs('times that worked', worked, [20, 20]),
        ...differs('stoppers that met', word(machine, STOP.wrong), 0),
      ]
    },
  },
  {
    bug: 'M15',
    name: 'CPUs go down while another one sends them function calls',
    cpus: 12,
    module: 'switches',
    seeds: 15,
    // It comes when the CPU is offline already, or not while it lives.
    fails: /IPI on offline CPU|died with function calls queued/,
    race: true,
    async run(machine) {
      let accepted = 0
      for (let cpu = 1; cpu <= 6; cpu++) {
        // The higher the sender's number, the later a stop_machine reaches it, and the longer it goes on sending.
        const sender = machine.run('switches_send', { cpu: 11, args: [cpu, 40] })
        const [sent] = await Promise.all([sender, machine.offline(cpu)])
        accepted += sent
      }
      return differs('calls that ran', word(machine, SWITCHES.ran), accepted)
    },
  },
  {
    bug: 'M24',
    name: 'a DYING callback fails',
    cpus: 2,
    module: 'hotplug',
    seeds: 3,
    fails: /kernel BUG in cpuhp_report_idle_dead/,
    race: false,
    warnings: /CPU 1 DOWN state 100 failed \(-5\)/,
    async run(machine) {
      await machine.addState({ name: 'test/starting', state: 100, ...CALLBACKS })
      failOn(machine, down())
      return await cycle(machine, [down()], [up()])
    },
  },
  {
    bug: 'M24',
    name: 'STARTING callbacks fail',
    cpus: 2,
    module: 'hotplug',
    seeds: 3,
    fails: /calls on the way up/,
    race: false,
    warnings: /CPU 1 UP state (100|120) failed \(-5\)/,
    async run(machine) {
      await machine.addState({ name: 'test/first', state: 100, ...CALLBACKS })
      await machine.addState({ name: 'test/second', state: 120, ...CALLBACKS })
      failOn(machine, up())
      return await cycle(machine, [down(), down()], [up(), up()])
    },
  },
  {
    bug: 'M25',
    name: 'a CPU is told to go where it is',
    cpus: 2,
    module: 'hotplug',
    seeds: 3,
    fails: /states-agree-with-masks: CPU 1 is fully up and dying/,
    race: false,
    async run(machine) {
      await machine.write('cpu1/hotplug/target', 236)
      return differs('its state', await machine.read('cpu1/hotplug/state'), '236')
    },
  },
  {
    bug: 'M25',
    name: 'a kernel thread is started after all CPUs were told to go where they are',
    cpus: 2,
    module: 'hotplug',
    seeds: 3,
    fails: /kernel BUG in select_fallback_rq/,
    race: false,
    // As in Linux: nobody has set the boot CPU's target before.
    warnings: /CPU 0 is in state 236, its target is 0/,
    async run(machine) {
      for (const cpu of [0, 1]) await machine.write(`cpu${cpu}/hotplug/target`, 236)
      const where = await machine.run('hotplug_where')
      return differs('it ran', where === 0 || where === 1, true)
    },
  },
  {
    bug: 'M26',
    name: 'a CPU goes down and up after instances were added and removed',
    cpus: 2,
    module: 'hotplug',
    seeds: 3,
    fails: /calls on the way down: .*calls on the way up: /s,
    race: false,
    async run(machine) {
      const lower = await machine.addState({ name: 'test/lower', state: 'online', multi: true, ...CALLBACKS })
      const upper = await machine.addState({ name: 'test/upper', state: 'online', multi: true, ...CALLBACKS })
      const [a, b, c] = [
        await machine.addInstance(lower),
        await machine.addInstance(upper),
        await machine.addInstance(lower),
      ]
      const before = await cycle(machine, [down(b), down(c), down(a)], [up(c), up(a), up(b)])
      await machine.removeInstance(lower, c)
      return [...before, ...(await cycle(machine, [down(b), down(a)], [up(a), up(b)]))]
    },
  },
  {
    bug: 'M29',
    name: 'readers of the hotplug lock are interrupted by the end of other readers',
    cpus: 3,
    module: 'switches',
    seeds: 15,
    fails: /machine deadlock/,
    race: true,
    async run(machine) {
      const readers = [1, 2].map((cpu) => machine.run('switches_read', { cpu, args: [3 - cpu, 8] }))
      const times = await Promise.all(readers)
      // Takes the lock for writing.
      await machine.offline(1)
      return differs('times', times, [8, 8])
    },
  },
]

const deterministic = testsMachine('deterministic')

describe.each(SCENARIOS)('$bug: $name', (scenario) => {
  const { bug, seeds, fails, race } = scenario

  test.runIf(deterministic)(`with the bug, one of ${seeds} seeds fails, and again when it is run again`, async () => {
    const seed = await search(scenario)
    expect(seed, `no seed up to ${seeds} fails`).toBeGreaterThan(0)
    const outcome = await play(scenario, { seed, bugs: [bug] })
    expect(outcome.failure).toMatch(fails)
    expect(await play(scenario, { seed, bugs: [bug] })).toEqual(outcome)
  })

  test.runIf(deterministic)(`with the bug, the fixed order ${race ? 'does not fail' : 'fails as well'}`, async () => {
    const { failure } = await play(scenario, { strategy: 'fixed', bugs: [bug] })
    if (race) expect(failure).toBeNull()
    else expect(failure).toMatch(fails)
  })

  test.runIf(deterministic)(`without it, none of ${10 * seeds} seeds fails, nor the fixed order`, async () => {
    for (let seed = 0; seed <= 10 * seeds; seed++) {
      const { failure } = await play(scenario, seed === 0 ? { strategy: 'fixed' } : { seed })
      expect(failure, `seed ${seed}`).toBeNull()
    }
  })
})

describe('the switches', () => {
  // That each of them is found is the matter of test/explore/bugs.test.ts.
  test('say which fix they undo', () => {
    for (const says of Object.values(BUGS)) expect(says).toMatch(/ \(([0-9a-f]{12}|in tree)\)$/)
  })

  test.runIf(deterministic)('are off unless they are asked for', async () => {
    for (const scenario of SCENARIOS) {
      const { digest } = await play(scenario, { seed: 1, bugs: [] })
      expect((await play(scenario, { seed: 1 })).digest, scenario.name).toBe(digest)
    }
  })

  test.runIf(testsMachine('threads'))('reach the workers of a machine of threads', async () => {
    const scenario = SCENARIOS.find(({ bug }) => bug === 'M26')!
    for (const workers of [1, 2]) {
      const on = { machine: 'threads', workers } as const
      expect((await play(scenario, { ...on, bugs: ['M26'] })).failure).toMatch(scenario.fails)
      expect((await play(scenario, on)).failure).toBeNull()
    }
  })

  test('that are unknown are refused, and the known ones named', async () => {
    for (const machine of ['deterministic', 'threads'] as const) {
      const error = await rejection(Machine.boot({ cpus: 1, machine, bugs: ['M15', 'M99' as BugName] }))
      expect(error).toBeInstanceOf(UsageError)
      for (const name of ['M99', ...BUG_NAMES]) expect((error as UsageError).message).toContain(name)
    }
  })
})
