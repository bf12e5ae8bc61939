// Kernel code for the hop benchmark: two CPUs send each other a call from its interrupt handler.
import { acquire, type Cpu, full, type Kernel, relaxed, smpCallFunctionSingle } from '../../src/kernel-api.js'

/** Scratch words: rounds that are left, and the other CPU. */
const LEFT = 0
const BALL = 16

function* strike(cpu: Cpu, from: number): Kernel<number> {
  const left = (yield cpu.add(cpu.memory.scratch(LEFT), -1, full, 'strike')) - 1
  if (left > 0) yield* smpCallFunctionSingle(cpu, from, cpu.functions.find('strike'), cpu.id, false)
  else yield cpu.store(cpu.memory.scratch(BALL), 1, full, 'strike:end')
  return 0
}

/** Plays `hops` hops between this CPU and `other`. Answers how long all took, in tenths of a microsecond. */
function* rally(cpu: Cpu, other: number, hops: number): Kernel<number> {
  const { memory } = cpu
  yield cpu.store(memory.scratch(LEFT), hops, relaxed, 'rally')
  yield cpu.store(memory.scratch(BALL), 0, full, 'rally')
  const begin = yield cpu.clock('rally')
  yield* smpCallFunctionSingle(cpu, other, cpu.functions.find('strike'), cpu.id, false)
  yield cpu.waitUntil(memory.scratch(BALL), 1, 'rally:wait')
  const end = yield cpu.clock('rally')
  return Math.round((end - begin) / 100)
}

function* answer(cpu: Cpu, round: number): Kernel<number> {
  yield cpu.store(cpu.memory.scratch(BALL), round, full, 'answer')
  return 0
}

/** Time that a worker spins at most before it parks, and more, ns. */
const PARKED_NS = 1_000_000

/** Sends `rounds` calls to `other`, each when that has parked. Answers nanoseconds from sending one to having its answer. */
function* wake(cpu: Cpu, other: number, rounds: number): Kernel<number> {
  const ball = cpu.memory.scratch(BALL)
  const fn = cpu.functions.find('answer')
  let all = 0
  for (let round = 1; round <= rounds; round++) {
    const since = yield cpu.clock('wake:wait')
    while ((yield cpu.clock('wake:wait')) - since < PARKED_NS);
    const begin = yield cpu.clock('wake')
    yield* smpCallFunctionSingle(cpu, other, fn, round, false)
    yield cpu.waitUntil(ball, round, 'wake:answer')
    all += (yield cpu.clock('wake')) - begin
  }
  yield cpu.store(ball, 0, full, 'wake:end')
  return Math.round(all / rounds)
}

/** Does `n` loads of one word: what an operation costs. Answers nanoseconds. */
function* loads(cpu: Cpu, n: number): Kernel<number> {
  const word = cpu.memory.scratch(32)
  const begin = yield cpu.clock('loads')
  for (let i = 0; i < n; i++) yield cpu.load(word, acquire, 'loads')
  return Math.round((yield cpu.clock('loads')) - begin)
}

function* stores(cpu: Cpu, n: number): Kernel<number> {
  const word = cpu.memory.scratch(32)
  const begin = yield cpu.clock('stores')
  for (let i = 0; i < n; i++) yield cpu.store(word, i, full, 'stores')
  return Math.round((yield cpu.clock('stores')) - begin)
}

function* exchanges(cpu: Cpu, n: number): Kernel<number> {
  const word = cpu.memory.scratch(32)
  const begin = yield cpu.clock('exchanges')
  for (let i = 0; i < n; i++) yield cpu.compareExchange(word, i, i + 1, full, 'exchanges')
  return Math.round((yield cpu.clock('exchanges')) - begin)
}

function* locks(cpu: Cpu, n: number): Kernel<number> {
  const word = cpu.memory.scratch(48)
  const begin = yield cpu.clock('locks')
  for (let i = 0; i < n / 2; i++) {
    yield cpu.lockIrq(word, 'locks')
    yield cpu.unlockIrq(word, 'locks')
  }
  return Math.round((yield cpu.clock('locks')) - begin)
}

function* clocks(cpu: Cpu, n: number): Kernel<number> {
  const begin = yield cpu.clock('clocks')
  for (let i = 0; i < n; i++) yield cpu.clock('clocks')
  return Math.round((yield cpu.clock('clocks')) - begin)
}

function* level(cpu: Cpu, n: number, depth: number): Kernel<number> {
  return depth <= 1 ? yield* loads(cpu, n) : yield* level(cpu, n, depth - 1)
}

export const functions = { strike, rally, answer, wake, loads, stores, exchanges, locks, clocks, level }
