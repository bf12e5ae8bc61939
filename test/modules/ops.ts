// Kernel functions for test/ops. What they see goes to scratch memory, where the test reads it.
import {
  acquire,
  type Cpu,
  full,
  type Kernel,
  type KernelFunction,
  type Operation,
  relaxed,
  release,
  smpCallFunctionSingle,
} from '../../src/kernel-api.js'
import { PERCPU } from '../../src/memory/structs.js'
import { VECTOR } from '../../src/ops/vectors.js'

/** Where each function leaves what it saw; the first word is a word to work on. */
export const WORD = 0
export const RESULTS = 16
/** for two CPUs to talk about: each on a line of its own */
export const READY = 64
export const SENT = 80
export const TAKEN = 96
export const INSIDE = 112

function* wordOperations(cpu: Cpu, word: number): Generator<Operation, number[], number> {
  return [
    yield cpu.store(word, 5, relaxed, 'ops:store'),
    yield cpu.load(word, acquire, 'ops:load'),
    yield cpu.add(word, 3, full, 'ops:add'),
    yield cpu.load(word, relaxed, 'ops:load'),
    yield cpu.and(word, 12, full, 'ops:and'),
    yield cpu.load(word, relaxed, 'ops:load'),
    yield cpu.or(word, 3, full, 'ops:or'),
    yield cpu.load(word, relaxed, 'ops:load'),
    yield cpu.exchange(word, 7, full, 'ops:exchange'),
    yield cpu.compareExchange(word, 7, 9, full, 'ops:compare_exchange'),
    yield cpu.compareExchange(word, 7, 1, full, 'ops:compare_exchange'),
    yield cpu.load(word, relaxed, 'ops:load'),
    yield cpu.add(word, 0x7fff_ffff, full, 'ops:overflow'),
    yield cpu.load(word, relaxed, 'ops:load'),
    yield cpu.fence(full, 'ops:fence'),
    yield cpu.waitWhile(word, 1, 'ops:wait_while'),
    yield cpu.waitUntil(word, -0x7fff_fff8, 'ops:wait_until'),
    yield cpu.choose(1, 'ops:choose'),
    yield cpu.notifyHost('ops:notify_host'),
  ]
}

function* lockOperations(cpu: Cpu, lock: number): Generator<Operation, number[], number> {
  const before = cpu.preemptCount
  yield cpu.lock(lock, 'ops:lock')
  const held = [yield cpu.load(lock, relaxed, 'ops:held'), cpu.preemptCount - before, cpu.irqDisabled]
  yield cpu.unlock(lock, 'ops:unlock')
  const free = [yield cpu.load(lock, relaxed, 'ops:free'), cpu.preemptCount - before, cpu.irqDisabled]
  yield cpu.lockIrq(lock, 'ops:lock_irq')
  const irq = [cpu.preemptCount - before, cpu.irqDisabled]
  yield cpu.unlockIrq(lock, 'ops:unlock_irq')
  const after = [cpu.preemptCount - before, cpu.irqDisabled]
  return [...held, ...free, ...irq, ...after]
}

function keep(cpu: Cpu, results: readonly number[]): void {
  results.forEach((result, n) => {
    cpu.memory.set(cpu.memory.scratch(RESULTS) + n, result)
  })
}

/** A loop of operations that change nothing: boundaries at which something might happen. */
function* boundaries(cpu: Cpu, count: number): Kernel<void> {
  for (let n = 0; n < count; n++) yield cpu.load(cpu.memory.scratch(WORD), relaxed, 'ops:boundary')
}

export const functions = {
  *ops_words(cpu) {
    const results = yield* wordOperations(cpu, cpu.memory.scratch(WORD))
    keep(cpu, results)
    return results.length
  },

  *ops_locks(cpu) {
    const results = yield* lockOperations(cpu, cpu.memory.scratch(WORD))
    keep(cpu, results)
    return results.length
  },

  /** Sleeps in halt until the own timer, `ns` later. Answers how late it was, in ns. */
  *ops_timer(cpu, ns) {
    const due = (yield cpu.clock('ops:now')) + ns
    yield cpu.setTimer(due, 'ops:set_timer')
    let now = 0
    do {
      yield cpu.halt('ops:halt')
      now = yield cpu.clock('ops:now')
    } while (now < due)
    return Math.ceil(now - due)
  },

  /** Answers how often the clock went backwards. */
  *ops_clock(cpu, times) {
    let backwards = 0
    let last = 0
    for (let n = 0; n < times; n++) {
      const now = yield cpu.clock('ops:clock')
      if (now < last) backwards++
      last = now
    }
    return backwards
  },

  /** Draws `times` numbers below `n`; answers a bit for each that came. */
  *ops_choose(cpu, n, times) {
    let drawn = 0
    for (let t = 0; t < times; t++) drawn |= 1 << (yield cpu.choose(n, 'ops:choose'))
    return drawn
  },

  /** The interrupt of ops_irqs_off and ops_irqs_on: says that it has been taken, and in which registers. */
  *ops_taken(cpu) {
    const { memory } = cpu
    memory.set(memory.scratch(INSIDE), cpu.inInterrupt)
    memory.set(memory.scratch(INSIDE) + 1, cpu.irqDisabled)
    memory.set(memory.scratch(INSIDE) + 2, cpu.preemptCount)
    yield cpu.add(memory.scratch(TAKEN), 1, full, 'ops:taken')
    return 0
  },

  /** Interrupts off until one has been sent and some time after; answers how many were taken, after them too. */
  *ops_irqs_off(cpu, count) {
    const { memory } = cpu
    cpu.irqDisable()
    yield cpu.store(memory.scratch(READY), 1, release, 'ops:ready')
    yield cpu.waitUntil(memory.scratch(SENT), 1, 'ops:sent')
    yield* boundaries(cpu, count)
    const during = yield cpu.load(memory.scratch(TAKEN), acquire, 'ops:during')
    cpu.irqEnable()
    yield cpu.waitWhile(memory.scratch(TAKEN), 0, 'ops:after')
    return during
  },

  /** Takes the interrupt while it waits for something else: answers 1 when the wait was still on. */
  *ops_irqs_on(cpu) {
    const { memory } = cpu
    yield cpu.store(memory.scratch(READY), 1, release, 'ops:ready')
    // Nobody stores here before the interrupt has been taken.
    yield cpu.waitUntil(memory.scratch(WORD), 1, 'ops:wait')
    return yield cpu.load(memory.scratch(TAKEN), acquire, 'ops:taken')
  },

  /** Sends `target` the interrupt when it is ready; with `wake`, ends ops_irqs_on's wait when it has been taken. */
  *ops_interrupt(cpu, target, wake) {
    const { memory } = cpu
    yield cpu.waitUntil(memory.scratch(READY), 1, 'ops:ready')
    yield* smpCallFunctionSingle(cpu, target, cpu.functions.find('ops_taken'), 0, false)
    yield cpu.store(memory.scratch(SENT), 1, release, 'ops:sent')
    if (wake === 0) return 0
    yield cpu.waitUntil(memory.scratch(TAKEN), 1, 'ops:taken')
    yield cpu.store(memory.scratch(WORD), 1, release, 'ops:wake')
    return 0
  },

  /** Spins for `ns`, with interrupts off when `off` is 1, and its own timer due half-way. Answers how much too short that was; WORD: how often the timer came. */
  *ops_spin(cpu, ns, off) {
    const { memory } = cpu
    const taken = memory.percpu(cpu.id) + PERCPU.interrupts + VECTOR.timer
    const before = memory.get(taken)
    const now = yield cpu.clock('ops:now')
    if (off === 1) cpu.irqDisable()
    yield cpu.setTimer(now + ns / 2, 'ops:set_timer')
    yield cpu.spinUntil(now + ns, 'ops:spin')
    memory.set(memory.scratch(WORD), memory.get(taken) - before)
    const late = (yield cpu.clock('ops:now')) - (now + ns)
    if (off === 1) cpu.irqEnable()
    return late < 0 ? Math.ceil(-late) : 0
  },

  /** An interrupt of its own, by vector; answers the registers afterwards: all 0. */
  *ops_self(cpu) {
    yield cpu.sendIpi(cpu.id, VECTOR.reschedule, 'ops:self')
    yield* boundaries(cpu, 40)
    return cpu.inInterrupt + cpu.irqDisabled + cpu.preemptCount
  },
} satisfies Record<string, KernelFunction>
