// One schedule: a machine is booted, the scenario's actors run on it in the order that a strategy decides, and what came of
// it is looked at.
import { assert } from '../base/assert.js'
import { KernelError } from '../base/errno.js'
import { EXIT, InvariantViolation, UsageError } from '../base/failure.js'
import { checkInvariants } from '../invariants/check.js'
import type { MemoryModel } from '../machine/deterministic/memory-model.js'
import type { Strategy } from '../machine/deterministic/strategy.js'
import { Machine } from '../machine/machine.js'
import { MachinePanic } from '../machine/report.js'
import type { BugName } from '../ops/switches.js'
import type { Profile } from '../profiles/profile.js'
import { type Covered, TraceHash } from './coverage.js'
import type { Deviation } from './deviation.js'
import { LockOrder } from './lock-order.js'
import { type DataRace, type Outcome, outcomeOfPanic } from './outcome.js'
import { Playback } from './playback.js'
import { type Race, Races } from './races.js'
import { Recorder, type Watcher } from './recorder.js'
import type { Answers, Scenario } from './scenario.js'

/** What is run, besides the order. */
export interface Setup {
  readonly scenario: Scenario
  /** the step table, loaded */
  readonly profile: Profile
  readonly bugs: readonly BugName[]
  /** steps that are left out: 'actor/step' by their numbers */
  readonly without: ReadonlySet<string>
  /** when CPUs see what others store (default: sc, at once) */
  readonly memory?: MemoryModel
  /** data races are looked for: that costs time; not with weak memory */
  readonly races?: boolean
  /** what schedules cover is counted: that costs time */
  readonly coverage?: boolean
}

export interface Ran {
  readonly outcome: Outcome
  /** of all operations and their results: equal runs have equal ones */
  readonly digest: number
  readonly deviations: readonly Deviation[]
  /** operations that were explored, and how many of them each CPU did */
  readonly operations: number
  readonly counts: readonly number[]
  readonly covered?: Covered
}

const PATIENCE = 200_000
/** Operations in one go on the way to rest. */
const STRIDE = 4096
/** What a scenario has when it does not say: little, for every schedule needs it anew. */
const SMALL = { tasks: 8, userMemory: 64 * 1024, scratch: 512, traceRecords: 64 } as const
/** A scenario that awaits something which is not the machine's would never end; ms. */
const PATIENCE_MS = 10_000

/** Runs the scenario once. A UsageError when the scenario itself throws, or never ends. */
export async function runSchedule(setup: Setup, strategy: Strategy, watcher: Watcher | null = null): Promise<Ran> {
  const races = setup.races === true ? new Races() : null
  const ran = await runWith(setup, strategy, watcher, races)
  const race = races?.found.values().next().value
  if (ran.outcome.kind !== 'ok' || race === undefined) return ran
  return { ...ran, outcome: { kind: 'data-race', ...(await describeRace(setup, ran, race)) } }
}

/** Who and where the earlier access was is seen when the schedule is run once more. */
async function describeRace(
  setup: Setup,
  { deviations }: Ran,
  { name, serial, later }: Race,
): Promise<Omit<DataRace, 'kind'>> {
  const races = new Races(serial)
  await runWith(setup, new Playback(deviations), null, races)
  const earlier = races.met
  assert(earlier !== null, 'a schedule that has a data race is another one when it is run again')
  const where = [earlier.where, later.where].sort().join(' and ')
  return { race: `${name.replace(/\d+/g, '#')} in ${where}`, accesses: [earlier.says, later.says] }
}

async function runWith(setup: Setup, strategy: Strategy, watcher: Watcher | null, races: Races | null): Promise<Ran> {
  const { scenario, profile, bugs, memory = 'sc' } = setup
  const locks = new LockOrder()
  // Where an unlock is seen later, who holds what when is not to be told from memory.
  const watchers: Watcher[] = memory === 'sc' ? [locks] : []
  if (watcher !== null) watchers.push(watcher)
  const hash = setup.coverage === true ? new TraceHash() : null
  if (hash !== null) watchers.push(hash)
  const recorder = new Recorder(strategy, watchers, races)
  const watchdog = { operations: scenario.patience ?? PATIENCE }
  const options = { ...SMALL, profile, ...scenario.machine, bugs, watchdog }
  let machine: Machine | null = null
  let outcome: Outcome
  try {
    machine = await Machine.boot({ ...options, machine: 'deterministic', strategy: recorder, memoryModel: memory })
    outcome = await within(PATIENCE_MS, scenario.name, play(machine, setup, recorder, watchdog.operations))
  } catch (error) {
    outcome = outcomeOf(error)
  } finally {
    await machine?.shutdown()
  }
  if (outcome.kind === 'ok' && locks.inversion !== null) outcome = { kind: 'lock-order', ...locks.inversion }
  return {
    outcome,
    digest: machine?.counters().digest ?? 0,
    deviations: recorder.deviations,
    operations: recorder.operations,
    counts: recorder.counts,
    ...(hash === null ? {} : { covered: { trace: hash.trace, pairs: hash.pairs } }),
  }
}

function outcomeOf(error: unknown): Outcome {
  if (error instanceof MachinePanic) return outcomeOfPanic(error)
  if (!(error instanceof InvariantViolation)) throw error
  const { invariant } = error
  return { kind: 'violation', invariant, message: error.message.slice(invariant.length + 2) }
}

async function play(
  machine: Machine,
  { scenario, without }: Setup,
  recorder: Recorder,
  patience: number,
): Promise<Outcome> {
  const state = await prepared(machine, scenario)
  recorder.begin()
  const wrong: string[] = []
  const answers = await Promise.all(
    scenario.actors.map(async ({ name, steps }, actor) => {
      const given: (string | null)[] = []
      for (const [n, step] of steps.entries()) {
        if (without.has(`${actor}/${n}`)) {
          given.push(null)
          continue
        }
        try {
          const problem = await step.do(machine, state)
          if (problem !== undefined) wrong.push(`${name}: ${problem}`)
          given.push('ok')
        } catch (error) {
          if (!(error instanceof KernelError)) throw blame(scenario, error)
          given.push(error.code)
        }
      }
      return given
    }),
  )
  if (!rest(machine, patience)) {
    return { kind: 'livelock', message: `does not come to rest within ${patience} operations`, places: [] }
  }
  return judge(machine, scenario, state, answers, wrong)
}

/** Lets the machine do what is left to do. Answers whether that ends. */
function rest(machine: Machine, patience: number): boolean {
  for (let done = 0; done < patience; ) {
    const now = machine.step(STRIDE)
    if (machine.failure !== null) throw machine.failure
    if (now < STRIDE) return true
    done += now
  }
  return false
}

function judge(machine: Machine, scenario: Scenario, state: unknown, answers: Answers, wrong: string[]): Outcome {
  const [violation] = checkInvariants(machine).violations
  if (violation !== undefined) return { kind: 'violation', ...violation }
  const problems = [...wrong, ...objections(machine, scenario, state, answers)]
  if (problems.length > 0) return { kind: 'violation', invariant: 'oracle', message: problems.join('; ') }
  const warning = machine.log.find(({ level, text }) => level <= 4 && !scenario.warnings?.test(text))
  if (warning !== undefined) return { kind: 'violation', invariant: 'no-warnings', message: warning.text }
  return { kind: 'ok' }
}

/** What the kernel refuses here is not part of the scenario: `prepare` has to catch what it expects. */
async function prepared(machine: Machine, scenario: Scenario): Promise<unknown> {
  try {
    return await scenario.prepare?.(machine)
  } catch (error) {
    throw blame(scenario, error)
  }
}

function objections(machine: Machine, scenario: Scenario, state: unknown, answers: Answers): string[] {
  try {
    return [...(scenario.check?.(machine, state, answers) ?? [])]
  } catch (error) {
    throw blame(scenario, error)
  }
}

/** What a scenario throws is its own fault, unless it is how the machine ended. */
function blame({ name }: Scenario, error: unknown): unknown {
  if (error instanceof MachinePanic || error instanceof InvariantViolation || error instanceof UsageError) return error
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  const message = `scenario ${name} has thrown ${text.split('\n')[0]}`
  return new UsageError(message, { cause: error, exitCode: EXIT.scenarioThrows })
}

async function within<T>(ms: number, name: string, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    const message = `scenario ${name} has not ended after ${ms / 1000} s: it may await only what the machine does`
    timer = setTimeout(() => reject(new UsageError(message, { exitCode: EXIT.scenarioEndless })), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
