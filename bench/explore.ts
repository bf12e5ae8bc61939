// Searching: how many operations and complete schedules a second on one core and on two; and one protocol core, the handshake of
// cpuhp_kick_ap with cpuhp_thread_fun and with parking, searched here, by SPIN, and by fast-check's scheduler, in turn.
import { fileURLToPath } from 'node:url'
import { type CampaignResult, runCampaign } from '../src/campaign/campaign.js'
import { Pool } from '../src/campaign/pool.js'
import { repeat, type Setting } from './bench.js'
import { figure, ratios } from './figure.js'
import { ROUNDS } from './scenarios/handshake.js'
import { toy } from './scheduler-toy.js'
import { type Checked, checkWithSpin, missingForSpin } from './spin.js'

interface Searched extends CampaignResult {
  readonly ms: number
}

export async function explore({ quick, runs }: Setting): Promise<void> {
  await throughput(quick, runs)
  await sameProtocol(quick, runs)
}

async function search(
  pool: Pool,
  jobs: number,
  scenario: string,
  seed: number,
  schedules: number,
  untilFound = false,
): Promise<Searched> {
  const path = fileURLToPath(new URL(`./scenarios/${scenario}.js`, import.meta.url))
  const shard = { index: 0, count: 1 }
  // A search for a bug takes what `cpuhp explore` takes when it is not told; one for the rate, a single strategy.
  const strategies = untilFound ? ['random', 'pct:2', 'pct:3', 'pct:5', 'pos', 'surw'] : ['random']
  const plan = { scenario: path, profile: 'linux-6.1-minimal', bugs: [], strategies, seed, shard }
  const begin = performance.now()
  const idle = { isOver: () => false, onProgress: () => undefined }
  const result = await runCampaign({ plan, pool, jobs, schedules, untilFound, ...idle })
  if (result.trouble !== null) throw result.trouble
  return { ...result, ms: performance.now() - begin }
}

async function withPools<T>(body: (one: Pool, two: Pool) => Promise<T>): Promise<T> {
  const pools = [new Pool(1), new Pool(2)] as const
  try {
    return await body(...pools)
  } finally {
    for (const pool of pools) await pool.close()
  }
}

/** Boot 2 CPUs, one goes down and comes up: random walks. */
async function throughput(quick: boolean, runs: number): Promise<void> {
  const schedules = quick ? 100 : 4000
  const rates = {
    one: [] as number[],
    two: [] as number[],
    oneOperations: [] as number[],
    twoOperations: [] as number[],
  }
  await withPools(async (one, two) => {
    await search(one, 1, 'offline-online', 1, quick ? 50 : 1000)
    await search(two, 2, 'offline-online', 1, quick ? 50 : 1000)
    await repeat(runs, async (n) => {
      const single = await search(one, 1, 'offline-online', n + 1, schedules)
      const double = await search(two, 2, 'offline-online', n + 1, schedules)
      rates.one.push((1000 * single.schedules) / single.ms)
      rates.two.push((1000 * double.schedules) / double.ms)
      rates.oneOperations.push(single.operations / single.ms / 1e3)
      rates.twoOperations.push(double.operations / double.ms / 1e3)
    })
  })
  figure('explore: schedules (2 CPUs boot, one down, up), one core', '/s', rates.one)
  figure('explore: schedules, two cores', '/s', rates.two)
  ratios('explore: two cores', 'x one', rates.two, rates.one)
  figure('explore: operations, one core', 'million/s', rates.oneOperations, 'after boot')
  figure('explore: operations, two cores', 'million/s', rates.twoOperations, 'after boot')
}

/** The same protocol, and the same bug in it, under three searches. */
async function sameProtocol(quick: boolean, runs: number): Promise<void> {
  const missing = missingForSpin()
  const pairs = quick ? 2 : 3
  const seeds = quick ? 3 : 15
  const found = { ours: [] as number[], ourSchedules: [] as number[], toy: [] as number[], toyRuns: [] as number[] }
  const rates = { schedules: [] as number[], operations: [] as number[], runs: [] as number[], turns: [] as number[] }
  const spin: { whole: Checked[]; broken: Checked[] } = { whole: [], broken: [] }
  await withPools(async (pool) => {
    await search(pool, 1, 'handshake', 1, quick ? 50 : 1000)
    await search(pool, 1, 'handshake-broken', 1, 100, true)
    await toy(1, 100, ROUNDS, false)
    await repeat(runs, async (n) => {
      const ours = await search(pool, 1, 'handshake', n + 1, quick ? 200 : 5000)
      if (ours.found.length > 0) throw new Error('the sound handshake has failed')
      rates.schedules.push((1000 * ours.schedules) / ours.ms)
      rates.operations.push(ours.operations / ours.ms / 1e3)
      const begin = performance.now()
      const toyed = await toy(n + 1, quick ? 200 : 5000, ROUNDS, false)
      const ms = performance.now() - begin
      if (toyed.failed) throw new Error("the sound handshake has failed under fast-check's scheduler")
      rates.runs.push((1000 * toyed.runs) / ms)
      rates.turns.push(toyed.turns / ms / 1e3)
      if (missing !== null) return
      spin.whole.push(checkWithSpin(pairs, 3, false))
      spin.broken.push(checkWithSpin(1, ROUNDS, true))
    })
    await repeat(seeds, async (n) => {
      const ours = await search(pool, 1, 'handshake-broken', n + 1, 100_000, true)
      found.ours.push(ours.ms)
      found.ourSchedules.push(ours.schedules)
      const begin = performance.now()
      const toyed = await toy(n + 1, 100_000, ROUNDS, true)
      if (!toyed.failed || ours.found.length === 0) throw new Error('the broken handshake has not failed')
      found.toy.push(performance.now() - begin)
      found.toyRuns.push(toyed.runs)
    })
  })
  figure('handshake, cpuhp explore: schedules, one core', '/s', rates.schedules, 'a kernel boots for each')
  figure('handshake, cpuhp explore: operations, one core', 'million/s', rates.operations, "the kernel's beneath it too")
  figure("handshake, fast-check's scheduler: runs", '/s', rates.runs)
  figure("handshake, fast-check's scheduler: turns", 'million/s', rates.turns)
  figure('lost wakeup, cpuhp explore: until found, confirmed, short', 'ms', found.ours, `of ${seeds} seeds`)
  figure('lost wakeup, cpuhp explore: schedules until found', '', found.ourSchedules)
  figure("lost wakeup, fast-check's scheduler: until found", 'ms', found.toy, 'not made shorter')
  figure("lost wakeup, fast-check's scheduler: runs until found", '', found.toyRuns)
  if (missing !== null) {
    process.stdout.write(`SPIN skipped: there is no ${missing}\n`)
    return
  }
  tellSpin(spin, pairs)
}

function tellSpin({ whole, broken }: { whole: Checked[]; broken: Checked[] }, pairs: number): void {
  const all = `of ${pairs} pairs, 3 rounds`
  if (whole.some(({ errors }) => errors > 0) || broken.some(({ errors }) => errors === 0)) {
    throw new Error('SPIN finds an error in the sound model, or none in the broken one')
  }
  const of = (key: 'states' | 'searchMs' | 'makeMs', from: Checked[]): number[] => from.map((one) => one[key])
  figure('handshake, SPIN: all states', '', of('states', whole), all)
  figure(
    'handshake, SPIN: states',
    'million/s',
    whole.map(({ states, searchMs }) => states / searchMs / 1e3),
  )
  figure(
    'handshake, SPIN: transitions',
    'million/s',
    whole.map(({ transitions, searchMs }) => transitions / searchMs / 1e3),
  )
  figure('lost wakeup, SPIN: search until found', 'ms', of('searchMs', broken))
  figure('lost wakeup, SPIN: making the program that searches', 'ms', of('makeMs', broken), 'spin -a, cc -O2')
}
