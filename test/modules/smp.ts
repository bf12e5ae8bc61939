// Kernel functions for test/smp: calls from everywhere to everywhere, and counts of how often each was run.
import {
  acquire,
  type Cpu,
  full,
  type Kernel,
  type KernelFunction,
  relaxed,
  smpCallFunctionMany,
  smpCallFunctionSingle,
} from '../../src/kernel-api.js'
import { CALL_FUNCTION, CALL_SINGLE, PERCPU } from '../../src/memory/structs.js'

/** In scratch memory. */
export const AT = {
  /** calls that ran, in all */
  run: 0,
  /** what must not be: a call on another CPU than the one it was sent to, with interrupts on, ... */
  wrong: 16,
  /** the registers in the latest call: CPU, inInterrupt, irqDisabled */
  where: 32,
  /** for each sender the number of its latest call that ran */
  latest: 64,
  /** calls that came before one that had been sent earlier */
  disorder: 128,
} as const

const word = (cpu: Cpu, offset: number): number => cpu.memory.scratch(offset)

function* everyCpu(cpu: Cpu): Generator<number, void, undefined> {
  for (let c = 0; c < cpu.memory.layout.config.cpus; c++) yield c
}

/** Sends to `target`, one way or another. Answers how many calls were accepted. */
function* sendOne(cpu: Cpu, fn: number, target: number, wait: boolean, many: boolean): Kernel<number> {
  // Which CPU it is for is only known of calls to one.
  if (many) return yield* smpCallFunctionMany(cpu, everyCpu(cpu), fn, -1, wait)
  return (yield* smpCallFunctionSingle(cpu, target, fn, target, wait)) === 0 ? 1 : 0
}

export const functions = {
  /** The call: `target` is the CPU that it was sent to, -1 when to many. */
  *smp_count(cpu, target) {
    const { memory } = cpu
    memory.set(word(cpu, AT.where), cpu.id)
    memory.set(word(cpu, AT.where) + 1, cpu.inInterrupt)
    memory.set(word(cpu, AT.where) + 2, cpu.irqDisabled)
    if ((target >= 0 && target !== cpu.id) || cpu.irqDisabled === 0)
      yield cpu.add(word(cpu, AT.wrong), 1, full, 'smp:wrong')
    yield cpu.add(word(cpu, AT.run), 1, full, 'smp:run')
    return 0
  },

  /** A call to one CPU; answers what smp_call_function_single did. */
  *smp_single(cpu, target, wait) {
    return yield* smpCallFunctionSingle(cpu, target, cpu.functions.find('smp_count'), target, wait === 1)
  },

  /** A call to all CPUs but this one; answers how many there were. */
  *smp_many(cpu, wait) {
    return yield* smpCallFunctionMany(cpu, everyCpu(cpu), cpu.functions.find('smp_count'), -1, wait === 1)
  },

  /** Waits and says how many calls have run: what a synchronous call has done is done. */
  *smp_ran(cpu) {
    return yield cpu.load(word(cpu, AT.run), acquire, 'smp:ran')
  },

  /** `rounds` calls of all kinds to all CPUs but this one; answers how many were accepted. */
  *smp_storm(cpu, rounds) {
    const fn = cpu.functions.find('smp_count')
    const { cpus } = cpu.memory.layout.config
    let accepted = 0
    for (let n = 0; n < rounds; n++) {
      const target = yield cpu.choose(cpus, 'smp:target')
      const kind = yield cpu.choose(8, 'smp:kind')
      // A call to itself runs at once and is no call by interrupt.
      if (target !== cpu.id) accepted += yield* sendOne(cpu, fn, target, (kind & 1) === 1, kind >= 6)
    }
    return accepted
  },

  /** Returns when every call that was accepted has run. */
  *smp_drain(cpu) {
    const { memory } = cpu
    for (const c of everyCpu(cpu)) {
      yield cpu.waitUntil(memory.percpu(c) + PERCPU.call + CALL_SINGLE.busy, 0, 'smp:drain_single')
      yield cpu.waitUntil(memory.percpu(c) + PERCPU.callFunction + CALL_FUNCTION.remaining, 0, 'smp:drain_many')
    }
    // An asynchronous call is let go of before it runs; one sent after it runs after it.
    for (const c of everyCpu(cpu)) yield* smpCallFunctionSingle(cpu, c, cpu.functions.find('smp_nothing'), 0, true)
    return yield cpu.load(word(cpu, AT.run), acquire, 'smp:ran')
  },

  *smp_nothing() {
    return 0
  },

  /** The call of smp_in_order: sender * 65536 + number. */
  *smp_numbered(cpu, argument) {
    const latest = word(cpu, AT.latest) + (argument >>> 16)
    if (cpu.memory.get(latest) >= (argument & 0xffff)) yield cpu.add(word(cpu, AT.disorder), 1, full, 'smp:disorder')
    cpu.memory.set(latest, argument & 0xffff)
    yield cpu.add(word(cpu, AT.run), 1, relaxed, 'smp:run')
    return 0
  },

  /** Numbered calls to one CPU, some waited for and some not; answers how many. */
  *smp_in_order(cpu, target, count) {
    const fn = cpu.functions.find('smp_numbered')
    for (let n = 1; n <= count; n++) {
      const wait = (yield cpu.choose(3, 'smp:wait')) === 0
      yield* smpCallFunctionSingle(cpu, target, fn, (cpu.id << 16) | n, wait)
    }
    yield* smpCallFunctionSingle(cpu, target, cpu.functions.find('smp_nothing'), 0, true)
    return count
  },
} satisfies Record<string, KernelFunction>
