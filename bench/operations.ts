// What an operation costs on each machine, for docs/operations.md.
import type { Machine } from '../src/index.js'
import { repeat, type Setting, timed, withMachine } from './bench.js'
import { figure, ratios } from './figure.js'

const KINDS = [
  ['load', 'loads', 0],
  ['store', 'stores', 0],
  ['compareExchange', 'exchanges', 0],
  ['lock, unlock', 'locks', 0],
  ['clock', 'clocks', 0],
  ['load, 4 levels of yield* deeper', 'level', 4],
  ['load, 8 levels of yield* deeper', 'level', 8],
] as const

export async function operations({ quick, runs }: Setting): Promise<void> {
  const n = quick ? 50_000 : 500_000
  for (const machine of ['threads', 'deterministic'] as const) {
    await withMachine({ cpus: 1, machine, modules: [new URL('./modules/hop.js', import.meta.url)] }, async (booted) => {
      let loads: readonly number[] = []
      for (const [label, name, depth] of KINDS) {
        await nanoseconds(booted, name, n, depth)
        const values = await repeat(runs, async () => (await nanoseconds(booted, name, n, depth)) / n)
        figure(`operation: ${label}, ${machine}`, 'ns', values)
        if (name === 'loads') loads = values
        else ratios(`operation: ${label}, ${machine}`, 'x a load', values, loads)
      }
    })
  }
}

/** The deterministic machine's clock is virtual: its operations are timed from outside. */
async function nanoseconds(machine: Machine, name: string, count: number, depth: number): Promise<number> {
  let inside = 0
  const outside = await timed(async () => {
    inside = await machine.run(name, { cpu: 0, args: [count, depth] })
  })
  return machine.kind === 'threads' ? inside : outside * 1e6
}
