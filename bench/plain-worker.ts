// A plain worker that runs a workload's program natively, in one loop: what bench/busy.ts compares with.
import { parentPort, workerData } from 'node:worker_threads'
import { NativeRun } from '../src/workloads/native.js'
import { BUILT_IN } from '../src/workloads/table.js'

const { workload, work, seed } = workerData as { workload: string; work: number; seed: number }
const found = BUILT_IN.find(({ name }) => name === workload)!
/** Units in a step: few enough that a worker could be told to stop. */
const BUDGET = 4096

// Once for the compiler, as the simulated machine has it.
new NativeRun(found, work, seed).finish(() => BUDGET)
const run = new NativeRun(found, work, seed)
parentPort!.once('message', () => {
  run.finish(() => BUDGET)
  parentPort!.postMessage('done')
})
parentPort!.postMessage('ready')
