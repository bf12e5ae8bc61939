// Busy CPUs: what their tasks get done, against the same programs in plain workers; and how long an offline and an online take.
import { Worker } from 'node:worker_threads'
import { NS_PER_S } from '../src/base/time.js'
import { Machine } from '../src/index.js'
import { BUILT_IN } from '../src/workloads/table.js'
import { runBusy } from '../stress/busy/busy.js'
import type { Setting } from './bench.js'
import { figure } from './figure.js'

const CPUS = 2

/** Milliseconds that plain workers take for a workload's program, one each. They begin together. */
async function plain(workload: string, work: number): Promise<number> {
  const file = new URL('./plain-worker.js', import.meta.url)
  const workers = Array.from(
    { length: CPUS },
    (_, n) => new Worker(file, { workerData: { workload, work, seed: n + 1 } }),
  )
  const told = (): Promise<unknown> =>
    Promise.all(workers.map((w) => new Promise((resolve) => w.once('message', resolve))))
  await told()
  const done = told()
  const begin = performance.now()
  for (const worker of workers) worker.postMessage('go')
  await done
  const ms = performance.now() - begin
  await Promise.all(workers.map((worker) => worker.terminate()))
  return ms
}

/** Milliseconds that tasks take for it, one pinned to each CPU. */
async function simulated(workload: string, work: number): Promise<number> {
  const machine = await Machine.boot({ cpus: CPUS })
  try {
    // As long for the compiler, which is busy beside it: isolates share no compiled code.
    const once = async (amount: number): Promise<void> => {
      const spawned = Array.from({ length: CPUS }, (_, n) =>
        machine.spawn({ workload, work: amount, seed: n + 1, affinity: String(n) }),
      )
      for (const task of await Promise.all(spawned)) await task.result
    }
    await once(work)
    const begin = performance.now()
    await once(work)
    return performance.now() - begin
  } finally {
    await machine.shutdown()
  }
}

export async function busy({ quick, runs }: Setting): Promise<void> {
  for (const workload of ['sha256', 'sieve', 'matrix', 'chase']) {
    const work = BUILT_IN.find(({ name }) => name === workload)!.typicalWork * (quick ? 1 : 20)
    const ratios: number[] = []
    const times: number[] = []
    for (let i = 0; i < runs; i++) {
      // In turn, so that a machine whose speed drifts does the same to both.
      const bare = await plain(workload, work)
      times.push(bare)
      ratios.push((100 * bare) / (await simulated(workload, work)))
    }
    figure(`${workload}: ${CPUS} plain workers`, 'ms', times)
    figure(`${workload}: work per second of ${CPUS} CPUs' tasks`, '% of plain', ratios)
  }
}

export async function latency({ quick, runs }: Setting): Promise<void> {
  const seconds = quick ? 3 : 20
  for (const [cpus, workers, tasks] of [
    [2, 2, 8],
    [8, 8, 32],
    [8, 2, 32],
  ] as const) {
    const options = { machine: 'threads', cpus, workers, tasks, requesters: 1, durationNs: seconds * NS_PER_S } as const
    const all = []
    for (let seed = 1; seed <= Math.min(runs, 3); seed++) all.push(await runBusy({ ...options, seed }))
    for (const way of ['offline', 'online'] as const) {
      for (const percentile of ['p50Ns', 'p90Ns', 'p99Ns', 'maxNs'] as const) {
        const values = all.map((verdict) => (verdict[way].total?.[percentile] ?? Number.NaN) / 1e6)
        figure(`${way}, ${cpus} busy CPUs on ${workers} workers: ${percentile.slice(0, -2)}`, 'ms', values)
      }
    }
    figure(
      `ways down, ${cpus} busy CPUs on ${workers} workers`,
      '/s',
      all.map((verdict) => (1000 * verdict.done.offline) / verdict.elapsedMs),
      all.every(({ outcome }) => outcome === 'success') ? '' : all.map(({ outcome }) => outcome).join(' '),
    )
  }
}
