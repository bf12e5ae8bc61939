// What watching costs: tracing, and checking the invariants of a busy machine.
import { NS_PER_MS, NS_PER_S } from '../src/base/time.js'
import { runBusy } from '../stress/busy/busy.js'
import { cycle, repeat, type Setting, timed, withMachine } from './bench.js'
import { figure, ratios } from './figure.js'

export async function overhead({ quick, runs }: Setting): Promise<void> {
  const count = quick ? 200 : 2000
  const on: number[] = []
  const off: number[] = []
  await repeat(runs, async (n) => {
    for (const [traceRecords, times] of [
      [1024, on],
      [0, off],
    ] as const) {
      await withMachine({ cpus: 2, machine: 'deterministic', seed: n + 1, traceRecords }, async (machine) => {
        await cycle(machine, 1, 200)
        times.push((await timed(() => cycle(machine, 1, count))) / count)
      })
    }
  })
  figure('trace: a cycle with tracing on, deterministic', 'ms', on)
  ratios('trace: on', 'x off', on, off)

  const seconds = quick ? 1 : 10
  const common = {
    machine: 'threads',
    cpus: 2,
    workers: 2,
    tasks: 8,
    requesters: 1,
    durationNs: seconds * NS_PER_S,
  } as const
  const rates = async (seed: number, checkIntervalNs: number): Promise<number> => {
    const verdict = await runBusy({ ...common, seed, checkIntervalNs })
    return (1000 * verdict.done.offline) / verdict.elapsedMs
  }
  const checked: number[] = []
  const unchecked: number[] = []
  await repeat(Math.min(runs, 3), async (n) => {
    unchecked.push(await rates(n + 1, 1e6 * NS_PER_S))
    checked.push(await rates(n + 1, 500 * NS_PER_MS))
  })
  figure('invariants: ways down with a check every 500 ms, 2 busy CPUs', '/s', checked)
  ratios('invariants: checked every 500 ms', 'x unchecked', checked, unchecked)
}
