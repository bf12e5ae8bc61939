// What all benchmarks share: how much is asked of them, machines that end, and curves.
import { Machine, type MachineOptions } from '../src/index.js'

export interface Setting {
  /** a look whether everything still works, not a measurement */
  readonly quick: boolean
  /** how often each figure is measured */
  readonly runs: number
}

export async function withMachine<T>(options: MachineOptions, body: (machine: Machine) => Promise<T>): Promise<T> {
  const machine = await Machine.boot(options)
  try {
    return await body(machine)
  } finally {
    await machine.shutdown()
  }
}

export async function repeat<T>(times: number, body: (n: number) => Promise<T>): Promise<T[]> {
  const results: T[] = []
  for (let n = 0; n < times; n++) results.push(await body(n))
  return results
}

/** Milliseconds that something takes. */
export async function timed(body: () => Promise<unknown>): Promise<number> {
  const begin = performance.now()
  await body()
  return performance.now() - begin
}

/** Takes CPU down and brings it up, `count` times; answers the milliseconds of each. */
export async function cycle(machine: Machine, cpu: number, count: number): Promise<number[]> {
  return await repeat(count, () =>
    timed(async () => {
      await machine.offline(cpu)
      await machine.online(cpu)
    }),
  )
}

const FOREVER = 2 ** 31 - 1

/** Machine options with room for keepBusy. */
export function busyOptions(cpus: number, workers: number): MachineOptions {
  return { cpus, workers, tasks: cpus, userMemory: cpus * 4096 }
}

/** Gives each CPU a task that never ends. */
export async function keepBusy(machine: Machine): Promise<void> {
  for (let n = 0; n < machine.cpus; n++) {
    await machine.spawn({ workload: 'sha256', work: FOREVER, seed: n, affinity: String(n) })
  }
}

/** What a machine is booted with for cyclesInside. */
export const INSIDE = [new URL('./modules/cycle.js', import.meta.url)]

/**
 * Takes CPU down and brings it up, `count` times, from a task of the machine's own, as a shell on it would: answers the
 * milliseconds of a cycle, the mean. The host has no part in it.
 */
export async function cyclesInside(machine: Machine, cpu: number, count: number): Promise<number> {
  const us = await machine.run('cycles', { cpu: 0, args: [cpu, count] })
  if (us < 0) throw new Error(`a cycle has failed with ${us}`)
  return us / 1000 / count
}

/** The slope of the straight line that fits best, by least squares. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (of: 0 | 1): number => points.reduce((sum, point) => sum + point[of], 0) / points.length
  const [mx, my] = [mean(0), mean(1)]
  const covariance = points.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0)
  return covariance / points.reduce((sum, [x]) => sum + (x - mx) ** 2, 0)
}

/** The exponent of y ~ x^e that fits best: the slope of the logarithms. */
export function exponent(points: readonly (readonly [x: number, y: number])[]): number {
  return slope(points.map(([x, y]) => [Math.log(x), Math.log(y)] as const))
}
