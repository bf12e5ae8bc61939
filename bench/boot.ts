// Booting: how long it takes and how much memory a CPU is, against workers that do nothing.
import type { MachineOptions } from '../src/index.js'
import { repeat, type Setting, timed, withMachine } from './bench.js'
import { figure, ratios } from './figure.js'
import { bareWorkers } from './raw.js'

export async function boot({ quick, runs }: Setting): Promise<void> {
  for (const n of quick ? [8] : [8, 64]) {
    const bare: { ms: number; bytes: number }[] = []
    const booted: { ms: number; bytes: number }[] = []
    for (let i = 0; i < runs; i++) {
      bare.push(await bareWorkers(n))
      booted.push(await bootOnce({ cpus: n }, n))
    }
    compare(
      `boot of ${n}`,
      'ms',
      bare.map(({ ms }) => ms),
      booted.map(({ ms }) => ms),
    )
    const megabytes = (all: readonly { bytes: number }[]): number[] => all.map(({ bytes }) => bytes / 1e6)
    compare(`memory of one of ${n}`, 'MB', megabytes(bare), megabytes(booted))
  }
  const cpus = quick ? 64 : 512
  const spread = await repeat(runs, async () => (await bootOnce({ cpus, workers: 2 }, cpus)).ms)
  figure(`boot: ${cpus} CPUs on 2 workers`, 'ms', spread)
  const ends: number[] = []
  for (let i = 0; i < runs; i++) {
    await withMachine({ cpus: 8, workers: 2 }, async (machine) => {
      ends.push(await timed(() => machine.shutdown()))
    })
  }
  figure('shutdown: 8 CPUs on 2 workers', 'ms', ends)
}

function compare(what: string, unit: string, bare: readonly number[], booted: readonly number[]): void {
  figure(`${what}: bare workers`, unit, bare)
  figure(`${what}: CPUs, one worker each`, unit, booted)
  ratios(`${what}: CPUs, one worker each`, 'x bare', booted, bare)
}

async function bootOnce(options: MachineOptions, n: number): Promise<{ ms: number; bytes: number }> {
  const before = process.memoryUsage.rss()
  const begin = performance.now()
  return await withMachine(options, () => {
    const ms = performance.now() - begin
    return Promise.resolve({ ms, bytes: (process.memoryUsage.rss() - before) / n })
  })
}
