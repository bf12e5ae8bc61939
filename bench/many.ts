// Many CPUs on few workers: what a cycle costs when they are idle, and when all of them are busy.
import { busyOptions, cycle, exponent, keepBusy, repeat, type Setting, withMachine } from './bench.js'
import { figure, median } from './figure.js'

const WORKERS = 2

export async function many({ quick, runs }: Setting): Promise<void> {
  for (const busy of [false, true]) {
    const points: [number, number][] = []
    for (const cpus of quick ? [16, 32] : [64, 128, 256, 512]) {
      const count = quick ? 5 : busy ? 10 : 50
      const all = await repeat(Math.min(runs, 3), () => medianCycle(cpus, busy, count))
      figure(`cycle, ${busy ? 'all busy' : 'idle'}, ${cpus} CPUs on ${WORKERS} workers`, 'ms', all)
      points.push([cpus, median(all)])
    }
    figure(`cycle, ${busy ? 'all busy' : 'idle'}: grows with the number of CPUs to the power of`, '', [
      exponent(points),
    ])
  }
  await idleTime(quick)
}

async function medianCycle(cpus: number, busy: boolean, count: number): Promise<number> {
  return await withMachine(busyOptions(cpus, WORKERS), async (machine) => {
    if (busy) await keepBusy(machine)
    await cycle(machine, 1, busy ? 1 : 5)
    return median(await cycle(machine, 1, count))
  })
}

/** Processor time of a machine that has nothing to do. */
async function idleTime(quick: boolean): Promise<void> {
  const cpus = 64
  await withMachine({ cpus, workers: WORKERS }, async () => {
    const pause = quick ? 500 : 5000
    await new Promise((resolve) => setTimeout(resolve, 500))
    const before = process.cpuUsage()
    await new Promise((resolve) => setTimeout(resolve, pause))
    const { user, system } = process.cpuUsage(before)
    figure(`idle: processor time of ${cpus} CPUs`, '% of a core', [(user + system) / pause / 10])
  })
}
