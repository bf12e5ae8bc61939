// The switches that put historical bugs back. For each a scenario in which the bug shows: with the switch on, one of some
// seeds fails by a check that knows nothing of the bug (a panic, an invariant, a count that has to come out right), and
// fails in the same way when it is run again; with it off, none of ten times as many does.
import { describe, test } from 'vitest'
import { checkAtRest, ERRNO, Machine, type MachineOptions, MachinePanic, UsageError } from '#dist/src/index.js'
import { BUG_NAMES, type BugName } from '#dist/src/ops/switches.js'
import { type Call, encode, AT as HOTPLUG } from '#dist/test/modules/hotplug.js'
import { AT as STOP } from '#dist/test/modules/stop.js'
import { AT as SWITCHES } from '#dist/test/modules/switches.js'
import { kernelModule, onDeterministic, rejection, testsMachine, unexpected } from '../support/machines.js'

interface Scenario {
  readonly bug: BugName
  /** what happens, as the test's name tells it */
  readonly name: string
  readonly boot: Omit<MachineOptions, 'machine' | 'seed' | 'strategy' | 'bugs'>
  /** seeds that are tried with the switch on; ten times as many with it off */
  readonly seeds: number
  /** what the failure says */
  readonly fails: RegExp
  /** a bug of timing: in a fixed order of CPUs it does not show */
  readonly race: boolean
  /** kernel warnings that the scenario provokes without the bug too */
  readonly warnings?: RegExp
  /** Answers what came out wrong, a line each. The machine is checked at rest afterwards. */
  readonly run: (machine: Machine) => Promise<string[]>
}

/** How a run ended: what failed, as text (null: nothing), and a hash of all that happened. */
interface Outcome {
  readonly failure: string | null
  readonly warnings: readonly string[]
  readonly digest: number | undefined
}

type Schedule = { readonly seed: number } | { readonly strategy: 'fixed' }

/** Runs a scenario once. */
async function play(scenario: Scenario, schedule: Schedule, bugs: readonly BugName[]): Promise<Outcome> {
  const machine = await Machine.boot({ ...scenario.boot, ...schedule, machine: 'deterministic', bugs })
  const found: string[] = []
  try {
    found.push(...(await scenario.run(machine)))
    const { violations } = await checkAtRest(machine)
    found.push(...violations.map(({ invariant, message }) => `${invariant}: ${message}`))
  } catch (error) {
    if (!(error instanceof MachinePanic)) throw error
  }
  // A machine may also die while it comes to rest, when nobody waits for an answer.
  if (machine.failure instanceof MachinePanic) found.unshift(machine.failure.message)
  const failure = found.length === 0 ? null : found.join('\n')
  const outcome = { failure, warnings: unexpected(machine.log, scenario.warnings), digest: machine.counters().digest }
  await machine.shutdown()
  return outcome
}

const word = ({ memory }: Machine, offset: number): number => memory.get(memory.scratch(offset))

/** A line when two numbers differ. */
function differ(what: string, is: number, expected: number): string[] {
  return is === expected ? [] : [`${what}: ${is}, not ${expected}`]
}

const CALLBACKS = { startup: 'hotplug_startup', teardown: 'hotplug_teardown' } as const

/** The callbacks called since the last time, each with what it was called for. */
function callsOf(machine: Machine): number[] {
  const count = word(machine, HOTPLUG.called)
  machine.memory.set(machine.memory.scratch(HOTPLUG.called), 0)
  return Array.from({ length: count }, (_, n) => word(machine, HOTPLUG.calls + n))
}

/** Lines for the calls that were not made, and for those that were made and should not have been. */
function wrongCalls(machine: Machine, expected: readonly Call[]): string[] {
  const made = callsOf(machine).sort()
  const wanted = expected.map(encode).sort()
  return String(made) === String(wanted) ? [] : [`called: ${made}, not ${wanted}`]
}

const M10: Scenario = {
  bug: 'M10',
  name: 'two pairs that have a CPU in common are stopped, each by a CPU of the other pair',
  boot: { cpus: 3, modules: [kernelModule('stop')] },
  seeds: 40,
  fails: /machine deadlock/,
  race: true,
  async run(machine) {
    const pairs = [
      { cpu: 2, pair: 0x01 },
      { cpu: 1, pair: 0x02 },
    ]
    const counts = await Promise.all(pairs.map(({ cpu, pair }) => machine.run('stop_two', { cpu, args: [pair, 6] })))
    return [
      ...counts.flatMap((count, n) => differ(`pair ${n} was stopped`, count, 6)),
      ...differ('a stopper was alone', word(machine, STOP.wrong), 0),
    ]
  },
}

const M15: Scenario = {
  bug: 'M15',
  name: 'a CPU goes down while others send it function calls',
  boot: { cpus: 3, modules: [kernelModule('switches')] },
  seeds: 40,
  fails: /calls-run-once/,
  race: true,
  async run(machine) {
    const senders = [0, 2].map((cpu) => machine.run('switches_send', { cpu, args: [1, 10_000] }))
    const [, ...accepted] = await Promise.all([machine.offline(1), ...senders])
    return differ(
      'calls run',
      word(machine, SWITCHES.ran),
      accepted.reduce((sum, count) => sum + count, 0),
    )
  },
}

const M29: Scenario = {
  bug: 'M29',
  name: 'readers of the hotplug lock are interrupted by the end of the section of others',
  boot: { cpus: 3, modules: [kernelModule('switches')] },
  seeds: 40,
  fails: /machine deadlock/,
  race: true,
  async run(machine) {
    const readers = [0, 1].map((cpu) => machine.run('switches_read', { cpu, args: [1 - cpu, 20] }))
    const rounds = await Promise.all(readers)
    await machine.offline(2)
    return rounds.flatMap((count) => differ('rounds', count, 20))
  },
}

const SCENARIOS: readonly Scenario[] = [M10, M15, M29].filter((s) => (process.env['S'] ?? s.bug).includes(s.bug))

describe.each(SCENARIOS)('$bug: $name', (scenario) => {
  test('x', async () => {
    for (const on of [true, false]) {
      let failed = 0
      const t = performance.now()
      const kinds = new Map<string, number>()
      let ex = ''
      for (let seed = 1; seed <= 200; seed++) {
        const o = await play(scenario, { seed }, on ? [scenario.bug] : [])
        if (o.failure !== null) {
          failed++
          const f = o.failure.split('\n')[0]!
          kinds.set(f, (kinds.get(f) ?? 0) + 1)
          ex ||= o.failure
        }
        if (!on && o.warnings.length) kinds.set(o.warnings[0]!, 1)
      }
      console.log(scenario.bug, on, failed, performance.now() - t, kinds, ex)
    }
    console.log('fixed', (await play(scenario, { strategy: 'fixed' }, [scenario.bug])).failure)
  })
})
void [BUG_NAMES, ERRNO, UsageError, onDeterministic, rejection, testsMachine, CALLBACKS, wrongCalls]
