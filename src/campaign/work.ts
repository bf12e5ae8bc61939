// What a worker of a campaign does. It loads a scenario and its step table once, however many tasks come for it.
import { UsageError } from '../base/failure.js'
import { confirm, failureOf, isInterleaved } from '../explore/found.js'
import { type Loaded, loadScenario } from '../explore/load.js'
import { Playback } from '../explore/playback.js'
import { runSchedule, type Setup } from '../explore/schedule.js'
import type { Profiled } from '../explore/search.js'
import { searchNamed } from '../explore/strategies/table.js'
import { profile, type Tried, Turns } from '../explore/turns.js'
import { loadProfile } from '../profiles/load.js'
import { isInShard, type Plan } from './plan.js'
import type { Answer, Line, Opened, Stint, Task, Went } from './task.js'

/** Is told the number of the schedule that is run next; null when it is not known yet. */
export type Beat = (number: number | null) => void

interface Bench {
  readonly loaded: Loaded
  readonly setup: Setup
  turns: Turns | null
}

const benches = new Map<string, Promise<Bench>>()

/** Carries out a task. What is bad input comes as an answer; anything else that is thrown is a defect. */
export async function work(task: Task, beat: Beat): Promise<Answer> {
  let at = 0
  const tell = (number: number): void => {
    at = number
    beat(number)
  }
  beat(null)
  try {
    const bench = await benchFor(task.plan)
    switch (task.kind) {
      case 'open':
        return await open(bench, task.plan)
      case 'stint':
        return await stint(bench, task, tell)
      case 'confirm':
        return { kind: 'confirmed', found: await confirm(bench.setup, task.failed, () => tell(task.failed.number)) }
      case 'try':
        await runSchedule({ ...bench.setup, without: new Set(task.without) }, new Playback(task.deviations, true))
        return { kind: 'tried' }
    }
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    return { kind: 'refused', number: at, message: error.message, exitCode: error.exitCode }
  }
}

async function benchFor(plan: Plan): Promise<Bench> {
  const key = JSON.stringify(plan)
  let bench = benches.get(key)
  if (bench === undefined) {
    bench = prepare(plan)
    benches.set(key, bench)
  }
  return await bench
}

async function prepare({
  scenario,
  profile,
  bugs,
  memory = 'sc',
  races = false,
  coverage = false,
}: Plan): Promise<Bench> {
  const loaded = await loadScenario(scenario)
  const what = { scenario: loaded.scenario, profile: loadProfile(profile), bugs, memory, races, coverage }
  const setup = { ...what, without: new Set<string>() }
  return { loaded, setup, turns: null }
}

function turnsOf(bench: Bench, { seed, strategies }: Plan, profiled: Profiled): Turns {
  bench.turns ??= new Turns(bench.setup, seed, strategies.map(searchNamed), profiled)
  return bench.turns
}

async function open(bench: Bench, plan: Plan): Promise<Opened> {
  const { first, profiled } = await profile(bench.setup, plan.seed)
  const turns = turnsOf(bench, plan, profiled)
  if (turns.inOrder && plan.shard.count > 1) {
    const names = plan.strategies.join(', ')
    throw new UsageError(`--shard: ${names} can't be spread: which schedules there are depends on those before`)
  }
  const went = account(isInShard(0, plan) ? [first] : [])
  const { scenario, hash } = bench.loaded
  return { kind: 'opened', name: scenario.name, hash, profiled, inOrder: turns.inOrder, says: turns.says(), went }
}

async function stint(
  bench: Bench,
  task: Extract<Task, { kind: 'stint' }>,
  beat: (number: number) => void,
): Promise<Stint> {
  const { plan, profiled, from, to, untilFound } = task
  const turns = turnsOf(bench, plan, profiled)
  const tried: Tried[] = []
  let exhausted = false
  for (let number = from; number < to && !exhausted; number++) {
    if (!isInShard(number, plan)) continue
    beat(number)
    const one = await turns.run(number)
    if (one === null) exhausted = true
    else tried.push(one)
    if (untilFound && one !== null && one.ran.outcome.kind !== 'ok') break
  }
  return { kind: 'stint', went: account(tried), says: turns.says(), exhausted }
}

function account(all: readonly Tried[]): Went {
  const failed = all.map(failureOf)
  const schedules = all.map((one, n): Line => {
    const { number, ran } = one
    return {
      number,
      operations: ran.operations,
      interleaved: isInterleaved(one),
      ...(ran.covered === undefined ? {} : { covered: ran.covered }),
      signature: failed[n]?.signature ?? null,
    }
  })
  const seen = new Set<string>()
  const firsts = failed
    .filter((one) => one !== null)
    .filter(({ signature }) => !seen.has(signature) && seen.add(signature))
  return { schedules, failed: firsts }
}
