// What the bare platform does: two threads that play ping-pong over a word, spin-then-park, and workers that do nothing.
import { Worker } from 'node:worker_threads'

const PLAYER = `
const { parentPort, workerData } = require('node:worker_threads')
const words = new Int32Array(workerData.buffer)
const { rounds, me, spins } = workerData
const warmup = rounds >> 1
let begin = 0
// Word 0 is the ball: it is my turn when ball % 2 is me. Word 16 + me says that I am parked.
for (let i = 0; i < warmup + rounds; i++) {
  if (i === warmup) begin = performance.now()
  for (;;) {
    const seen = Atomics.load(words, 0)
    if (seen % 2 === me) break
    let k = 0
    while (k < spins && Atomics.load(words, 0) === seen) k++
    if (k === spins) {
      Atomics.store(words, 16 + me, 1)
      Atomics.wait(words, 0, seen)
      Atomics.store(words, 16 + me, 0)
    }
  }
  Atomics.add(words, 0, 1)
  if (Atomics.load(words, 16 + 1 - me) === 1) Atomics.notify(words, 0, 1)
}
// A round is two hops: there and back.
parentPort.postMessage(((performance.now() - begin) * 1e6) / (2 * rounds))
`

/** One-way hop of two bare threads, ns, over `rounds` rounds after half as many to warm up: spin, then park. */
export async function rawHop(rounds: number, spins: number): Promise<number> {
  const buffer = new SharedArrayBuffer(256)
  const players = [0, 1].map((me) => new Worker(PLAYER, { eval: true, workerData: { buffer, rounds, me, spins } }))
  const [ns] = await Promise.all(
    players.map(
      (player) => new Promise<number>((resolve) => player.once('message', (value: number) => resolve(value))),
    ),
  )
  await Promise.all(players.map((player) => player.terminate()))
  return ns!
}

const SLEEPER = `
const { workerData } = require('node:worker_threads')
const words = new Int32Array(workerData.buffer)
for (let i = 0; i < workerData.rounds; i++) {
  while (Atomics.load(words, 0) === i) Atomics.wait(words, 0, i)
  Atomics.store(words, 16, i + 1)
}
`

const WAKER = `
const { parentPort, workerData } = require('node:worker_threads')
const words = new Int32Array(workerData.buffer)
let all = 0
for (let i = 0; i < workerData.rounds; i++) {
  for (let since = performance.now(); performance.now() - since < 1; );
  const begin = performance.now()
  Atomics.store(words, 0, i + 1)
  Atomics.notify(words, 0, 1)
  while (Atomics.load(words, 16) !== i + 1);
  all += performance.now() - begin
}
parentPort.postMessage((all * 1e6) / workerData.rounds)
`

/** From waking a bare thread that has parked until its answer is there, for one that spins for that, ns. */
export async function rawWake(rounds: number): Promise<number> {
  const workerData = { buffer: new SharedArrayBuffer(256), rounds }
  const workers = [SLEEPER, WAKER].map((code) => new Worker(code, { eval: true, workerData }))
  const ns = await new Promise<number>((resolve) => workers[1]!.once('message', resolve))
  await Promise.all(workers.map((worker) => worker.terminate()))
  return ns
}

/** Time until `n` bare workers have said that they run, ms, and their memory in bytes each. */
export async function bareWorkers(n: number): Promise<{ ms: number; bytes: number }> {
  const before = process.memoryUsage.rss()
  const begin = performance.now()
  const idle = `const { parentPort } = require('node:worker_threads'); parentPort.on('message', () => {}); parentPort.postMessage(0)`
  const workers = Array.from({ length: n }, () => new Worker(idle, { eval: true }))
  await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))))
  const ms = performance.now() - begin
  const bytes = (process.memoryUsage.rss() - before) / n
  await Promise.all(workers.map((worker) => worker.terminate()))
  return { ms, bytes }
}
