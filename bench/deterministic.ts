// The deterministic machine: how fast it is, and how its cost grows with the number of CPUs.
import { cycle, exponent, repeat, type Setting, timed, withMachine } from './bench.js'
import { figure, median } from './figure.js'

export async function deterministic({ quick, runs }: Setting): Promise<void> {
  const count = quick ? 300 : 3000
  const found = await repeat(runs, (n) =>
    withMachine({ cpus: 2, machine: 'deterministic', seed: n + 1 }, async (machine) => {
      await cycle(machine, 1, 200)
      const before = machine.counters().operations!
      const seconds = (await timed(() => cycle(machine, 1, count))) / 1000
      const operations = machine.counters().operations! - before
      return { rate: operations / seconds / 1e6, each: operations / count, cycles: count / seconds }
    }),
  )
  const of = (key: 'rate' | 'each' | 'cycles'): number[] => found.map((one) => one[key])
  figure('deterministic: operations, 2 CPUs', 'million/s', of('rate'))
  figure('deterministic: operations in a cycle, 2 CPUs', '', of('each'))
  figure('deterministic: cycles, 2 CPUs', '/s', of('cycles'))
  await schedules(quick, runs)
}

/** A schedule: 2 CPUs boot, one goes and comes, with the whole table. */
async function schedules(quick: boolean, runs: number): Promise<void> {
  const small = { cpus: 2, tasks: 0, userMemory: 0, scratch: 0, traceRecords: 64 }
  const once = (seed: number): Promise<number> =>
    withMachine({ ...small, machine: 'deterministic', seed }, async (machine) => {
      await cycle(machine, 1, 1)
      return machine.counters().operations!
    })
  await repeat(200, once)
  const count = quick ? 200 : 2000
  let operations = 0
  const rates = await repeat(runs, async (n) => {
    const ms = await timed(async () => {
      for (let k = 0; k < count; k++) operations = await once(n * count + k)
    })
    return (1000 * count) / ms
  })
  figure('deterministic: schedules (boot, down, up), 2 CPUs', '/s', rates, `${operations} operations each`)
}

export async function large({ quick, runs }: Setting): Promise<void> {
  const sizes = quick ? [2, 64, 256] : [2, 16, 64, 256, 1024, 4096]
  const boots: [number, number][] = []
  const cycles: [number, number][] = []
  for (const cpus of sizes) {
    const before = process.memoryUsage.rss()
    const found = await repeat(cpus >= 1024 ? 1 : runs, async (n) => {
      const begin = performance.now()
      return await withMachine({ cpus, machine: 'deterministic', seed: n + 1 }, async (machine) => {
        const boot = performance.now() - begin
        const [one] = await cycle(machine, cpus >> 1, 1)
        return { boot, one: one!, bytes: process.memoryUsage.rss() - before }
      })
    })
    const of = (key: 'boot' | 'one'): number[] => found.map((each) => each[key])
    figure(`deterministic: boot of ${cpus} CPUs`, 'ms', of('boot'))
    figure(`deterministic: first cycle of one of ${cpus} CPUs`, 'ms', of('one'))
    if (cpus >= 1024) figure(`deterministic: memory for each of ${cpus} CPUs`, 'kB', [found[0]!.bytes / cpus / 1e3])
    if (cpus < 64) continue
    boots.push([cpus, median(of('boot'))])
    cycles.push([cpus, median(of('one'))])
  }
  figure('deterministic: boot grows with the number of CPUs to the power of', '', [exponent(boots)])
  figure('deterministic: a cycle grows with the number of CPUs to the power of', '', [exponent(cycles)])
  await tasks(quick)
}

/** Many tasks on few CPUs: making them, and a CPU that goes with its share of them. */
async function tasks(quick: boolean): Promise<void> {
  const count = quick ? 500 : 10_000
  const options = { cpus: 8, machine: 'deterministic', tasks: count, userMemory: count * 4096 } as const
  await withMachine(options, async (machine) => {
    const spawned = await timed(async () => {
      for (let n = 0; n < count; n++) await machine.spawn({ workload: 'sha256', work: 2 ** 31 - 1, seed: n })
    })
    figure(`deterministic: spawning one of ${count} tasks`, 'us', [(1000 * spawned) / count])
    const [one] = await cycle(machine, 1, 1)
    figure(`deterministic: a cycle with ${count} tasks on 8 CPUs`, 'ms', [one!])
  })
}
