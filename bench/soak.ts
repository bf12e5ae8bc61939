// A soak: half an hour of stress, and whether memory grows. The slope is that of its second half: in the first, code is compiled
// and heaps find their sizes.
import { NS_PER_S } from '../src/base/time.js'
import { runBusy } from '../stress/busy/busy.js'
import { type Setting, slope } from './bench.js'
import { figure } from './figure.js'

const SECONDS = { quick: 3, whole: 1800 } as const
const MB = 1e6

export async function soak({ quick }: Setting): Promise<void> {
  const seconds = quick ? SECONDS.quick : SECONDS.whole
  const durationNs = seconds * NS_PER_S
  const verdict = await runBusy({ machine: 'threads', cpus: 8, workers: 2, tasks: 32, seed: 1, durationNs })
  const { done, load, outcome, offline } = verdict
  const name = `soak, ${seconds} s, 8 busy CPUs on 2 workers`
  const counts = `${done.offline} ways down, ${load?.results ?? 0} results, ${load?.wrong ?? 0} wrong: ${outcome}`
  figure(`${name}: ways down`, '/s', [(1000 * done.offline) / verdict.elapsedMs], counts)
  figure(`${name}: offline p99`, 'ms', [(offline.total?.p99Ns ?? Number.NaN) / 1e6])
  const megabytes = verdict.host.memory.map((bytes) => bytes / MB)
  const half = megabytes.length >> 1
  figure(`${name}: memory, first half`, 'MB', megabytes.slice(0, half))
  figure(`${name}: memory, second half`, 'MB', megabytes.slice(half))
  const hours = (n: number): number => (n * seconds) / megabytes.length / 3600
  const points = megabytes.map((value, n) => [hours(n), value] as const)
  figure(
    `${name}: memory, slope of the second half`,
    'MB/h',
    [slope(points.slice(half))],
    `of ${megabytes.map(Math.round).join(' ')}`,
  )
}
