// The figures of docs/performance.md: `npm run bench [-- --quick]`. Absolute times are this machine's on this day; each
// is printed beside something of the same kind measured in the same run.

import { Machine, type MachineOptions } from '../src/index.js'
import { figure, host, median, quantile, writeJson } from './figure.js'
import { bareWorkers, rawHop } from './raw.js'

const quick = process.argv.includes('--quick')
const modules = [new URL('./modules/hop.js', import.meta.url)]

async function withMachine<T>(options: MachineOptions, body: (machine: Machine) => Promise<T>): Promise<T> {
  const machine = await Machine.boot(options)
  try {
    return await body(machine)
  } finally {
    await machine.shutdown()
  }
}

async function repeat<T>(times: number, body: () => Promise<T>): Promise<T[]> {
  const results: T[] = []
  for (let i = 0; i < times; i++) results.push(await body())
  return results
}

const runs = quick ? 2 : 5

/** Looks before parking, as the machine's workers have them when there are enough cores. */
const SPINS = 20_000

async function hops(): Promise<void> {
  const count = quick ? 5_000 : 20_000
  const times = quick ? 2 : 9
  const raw: number[] = []
  const parked: number[] = []
  const ipi: number[] = []
  for (let i = 0; i < times; i++) {
    raw.push(await rawHop(count, SPINS))
    parked.push(await rawHop(count / 4, 0))
    const tenths = await withMachine({ cpus: 2, modules }, async (machine) => {
      await machine.run('rally', { cpu: 0, args: [1, count] })
      return machine.run('rally', { cpu: 0, args: [1, count] })
    })
    ipi.push((tenths * 100) / count)
  }
  figure(`hop: raw Atomics ping-pong, spin ${SPINS} looks then park`, 'ns', raw)
  figure('hop: raw Atomics ping-pong, park at once', 'ns', parked)
  figure('hop: IPI sent -> call run in its handler, threads', 'ns', ipi)
  figure(
    'hop: IPI against raw, spin then park',
    'x',
    ipi.map((ns, i) => ns / raw[i]!),
  )
}

/** Milliseconds of single offline+online cycles of CPU 1, after a warm-up. */
async function cycles(options: MachineOptions, warmup: number, count: number): Promise<number[]> {
  return withMachine(options, async (machine) => {
    const times: number[] = []
    for (let i = 0; i < warmup + count; i++) {
      const begin = performance.now()
      await machine.offline(1)
      await machine.online(1)
      if (i >= warmup) times.push(performance.now() - begin)
    }
    return times
  })
}

async function cycleFigures(): Promise<void> {
  const count = quick ? 100 : 1000
  for (const [name, options] of [
    ['one worker per CPU', { cpus: 4 }],
    ['2 workers', { cpus: 4, workers: 2 }],
    ['1 worker', { cpus: 4, workers: 1 }],
  ] as const) {
    const all = await repeat(runs, () => cycles(options, 200, count))
    figure(`cycle: idle 4 CPUs, threads, ${name}: median`, 'ms', all.map(median))
    figure(
      `cycle: idle 4 CPUs, threads, ${name}: p99`,
      'ms',
      all.map((times) => quantile(times, 0.99)),
    )
  }
}

async function bootFigures(): Promise<void> {
  for (const n of quick ? [8] : [8, 64]) {
    const bare: { ms: number; bytes: number }[] = []
    const booted: { ms: number; bytes: number }[] = []
    for (let i = 0; i < Math.min(runs, 3); i++) {
      bare.push(await bareWorkers(n))
      booted.push(await bootOnce({ cpus: n }, n))
    }
    figure(
      `boot: ${n} bare workers`,
      'ms',
      bare.map(({ ms }) => ms),
    )
    figure(
      `boot: ${n} CPUs, one worker each`,
      'ms',
      booted.map(({ ms }) => ms),
    )
    figure(
      `boot: ${n} CPUs: ratio`,
      'x bare',
      booted.map(({ ms }, i) => ms / bare[i]!.ms),
    )
    figure(
      `memory: a bare worker (of ${n})`,
      'MB',
      bare.map(({ bytes }) => bytes / 1e6),
    )
    figure(
      `memory: a CPU (of ${n}, one worker each)`,
      'MB',
      booted.map(({ bytes }) => bytes / 1e6),
    )
  }
}

async function bootOnce(options: MachineOptions, n: number): Promise<{ ms: number; bytes: number }> {
  const before = process.memoryUsage.rss()
  const begin = performance.now()
  return withMachine(options, () => {
    const ms = performance.now() - begin
    return Promise.resolve({ ms, bytes: (process.memoryUsage.rss() - before) / n })
  })
}

async function deterministicFigures(): Promise<void> {
  const count = quick ? 300 : 3000
  const rates: number[] = []
  const perCycle: number[] = []
  const perSecond: number[] = []
  for (let i = 0; i < runs; i++) {
    await withMachine({ cpus: 2, machine: 'deterministic', seed: i + 1 }, async (machine) => {
      for (let k = 0; k < 200; k++) {
        await machine.offline(1)
        await machine.online(1)
      }
      const before = machine.counters().operations!
      const begin = performance.now()
      for (let k = 0; k < count; k++) {
        await machine.offline(1)
        await machine.online(1)
      }
      const seconds = (performance.now() - begin) / 1000
      const operations = machine.counters().operations! - before
      rates.push(operations / seconds / 1e6)
      perCycle.push(operations / count)
      perSecond.push(count / seconds)
    })
  }
  figure('deterministic: operations, 2 CPUs', 'million/s', rates)
  figure('deterministic: operations in a cycle, 2 CPUs', '', perCycle)
  figure('deterministic: cycles, 2 CPUs', '/s', perSecond)
  const large = quick ? 256 : 1024
  const boots: number[] = []
  const one: number[] = []
  const memory: number[] = []
  for (let i = 0; i < Math.min(runs, 3); i++) {
    const before = process.memoryUsage.rss()
    const begin = performance.now()
    await withMachine({ cpus: large, machine: 'deterministic', seed: i + 1 }, async (machine) => {
      boots.push(performance.now() - begin)
      const start = performance.now()
      await machine.offline(large / 2)
      await machine.online(large / 2)
      one.push(performance.now() - start)
      memory.push((process.memoryUsage.rss() - before) / large / 1e3)
    })
  }
  figure(`deterministic: boot of ${large} CPUs`, 'ms', boots)
  figure(`deterministic: one cycle of ${large} CPUs`, 'ms', one)
  figure(`deterministic: memory for each of ${large} CPUs`, 'kB', memory.slice(0, 1))
}

/** What an operation costs, for docs/operations.md. */
async function operationFigures(): Promise<void> {
  const n = quick ? 50_000 : 500_000
  for (const machine of ['threads', 'deterministic'] as const) {
    // The deterministic machine's clock is virtual: its operations are timed from outside, less a run of none.
    await withMachine({ cpus: 1, machine, modules }, async (booted) => {
      const time = async (name: string, count: number, depth = 0): Promise<number> => {
        const begin = performance.now()
        const inside = await booted.run(name, { cpu: 0, args: [count, depth] })
        return machine === 'threads' ? inside : (performance.now() - begin) * 1e6
      }
      for (const [label, name, depth] of [
        ['load', 'loads', 0],
        ['store', 'stores', 0],
        ['compareExchange', 'exchanges', 0],
        ['lock, unlock', 'locks', 0],
        ['clock', 'clocks', 0],
        ['load, 4 levels of yield* deeper', 'level', 4],
        ['load, 8 levels of yield* deeper', 'level', 8],
      ] as const) {
        await time(name, n, depth)
        const values: number[] = []
        for (let i = 0; i < runs; i++) values.push((await time(name, n, depth)) / n)
        figure(`operation: ${label}, ${machine}`, 'ns', values)
      }
    })
  }
}

process.stdout.write(
  `${host.cores} cores (${host.model}), Node ${host.node}, load ${host.load[0]!.toFixed(2)}; median (lowest..highest) of ${runs} runs\n`,
)
await operationFigures()
await hops()
await cycleFigures()
await bootFigures()
await deterministicFigures()
writeJson()
