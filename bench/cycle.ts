// A cycle: a CPU goes down and comes up, where all are idle and where all are busy. Its time, and the hops of its longest
// dependent chain: how often somebody has to wait for what another CPU does, one after the other. That is counted on the
// deterministic machine, whose protocol is the same one.
import { busyOptions, cycle, cyclesInside, INSIDE, keepBusy, repeat, type Setting, withMachine } from './bench.js'
import { HopCounter } from './chain.js'
import { figure, median, quantile, ratios } from './figure.js'
import { rawHop } from './raw.js'

const WARM_UP = 200
/** With more CPUs all of them busy: bench/many.ts. */
const MOST_BUSY = 8

/**
 * The chain that Linux's protocol needs; a broadcast, and its answers together, are a hop each.
 *   down  requester -> kworker; kworker -> cpuhp/N; grace period there and back; cpuhp/N -> kworker; park cpuhp/N there and
 *         back; stop_machine: stoppers told, then there and back for each of PREPARE, DISABLE_IRQ, RUN, EXIT, and the last
 *         one tells the kworker; idle -> first online CPU -> kworker; kworker -> requester
 *   up    power on; the CPU says that it is up; cpuhp/N unparked; kick, and it says that it is through; -> requester
 */
const LINUX = { down: 1 + 1 + 2 + 1 + 2 + 1 + 8 + 1 + 2 + 1, up: 1 + 1 + 1 + 2 + 1 } as const

export async function cycles({ quick, runs }: Setting): Promise<void> {
  const sizes = quick ? [2, 4] : [2, 4, 8, 16, 32, 64]
  for (const cpus of sizes) {
    const { down, up } = await chains(cpus)
    figure(`cycle, ${cpus} CPUs: hops of its longest chain`, `hops`, [down + up], `(${down} down, ${up} up)`)
    ratios(`cycle, ${cpus} CPUs: hops`, "x Linux's", [down + up], [LINUX.down + LINUX.up])
    const spreads = [...new Set([1, 2, cpus])].filter((workers) => workers <= Math.min(cpus, quick ? 2 : 16))
    for (const workers of spreads) await cycleOf(cpus, workers, down + up, quick, runs)
    if (cpus > MOST_BUSY) continue
    for (const workers of spreads) await busyCycleOf(cpus, workers, down + up, quick, Math.min(runs, 3))
  }
}

async function busyCycleOf(cpus: number, workers: number, hops: number, quick: boolean, runs: number): Promise<void> {
  const name = `cycle, all busy, ${nameOf(cpus, workers)}`
  const raw: number[] = []
  const all = await repeat(runs, async () => {
    raw.push(await rawHop(quick ? 2_000 : 10_000, 20_000))
    return await withMachine(busyOptions(cpus, workers), async (machine) => {
      await keepBusy(machine)
      await cycle(machine, 1, quick ? 5 : WARM_UP)
      return await cycle(machine, 1, quick ? 10 : 200)
    })
  })
  report(name, hops, all, raw)
}

async function cycleOf(cpus: number, workers: number, hops: number, quick: boolean, runs: number): Promise<void> {
  const name = `cycle, idle, ${nameOf(cpus, workers)}`
  const count = quick ? 50 : 500
  const raw: number[] = []
  const inside: number[] = []
  const all = await repeat(runs, async () => {
    raw.push(await rawHop(quick ? 2_000 : 10_000, 20_000))
    return await withMachine({ cpus, workers, modules: INSIDE }, async (machine) => {
      await cycle(machine, 1, WARM_UP)
      inside.push(await cyclesInside(machine, 1, count))
      return await cycle(machine, 1, count)
    })
  })
  report(name, hops, all, raw)
  figure(`${name}: asked for by a task of its own, mean`, 'ms', inside)
  ratios(
    `${name}: asked for by a task of its own`,
    'x hops x bare hop',
    inside,
    raw.map((ns) => (hops * ns) / 1e6),
  )
}

const nameOf = (cpus: number, workers: number): string =>
  `${cpus} CPUs on ${workers} ${workers === 1 ? 'worker' : 'workers'}`

/** What the cycles of several runs took, ms, beside hops of bare threads, ns. */
function report(name: string, hops: number, all: readonly (readonly number[])[], raw: readonly number[]): void {
  const medians = all.map(median)
  figure(`${name}: median`, 'ms', medians)
  figure(
    `${name}: p99`,
    'ms',
    all.map((one) => quantile(one, 0.99)),
  )
  ratios(
    `${name}: median`,
    'x hops x bare hop',
    medians,
    raw.map((ns) => (hops * ns) / 1e6),
  )
}

/** The longest chains of one way down and one way up: the medians of several orders. */
async function chains(cpus: number): Promise<{ down: number; up: number }> {
  const found = await repeat(5, async (n) => {
    const counter = new HopCounter(n + 1)
    return await withMachine({ cpus, machine: 'deterministic', strategy: counter }, async (machine) => {
      await cycle(machine, 1, 2)
      counter.begin()
      await machine.offline(1)
      const down = counter.longest
      counter.begin()
      await machine.online(1)
      return { down, up: counter.longest }
    })
  })
  return { down: median(found.map(({ down }) => down)), up: median(found.map(({ up }) => up)) }
}
