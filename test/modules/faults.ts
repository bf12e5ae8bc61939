// Kernel functions that go wrong, each in its own way.
import {
  type Cpu,
  full,
  type Kernel,
  type KernelFunction,
  mutexLock,
  mutexUnlock,
  relaxed,
  smpCallFunctionSingle,
  waitForCompletion,
} from '../../src/kernel-api.js'
import { GLOBAL } from '../../src/memory/structs.js'
import { bugOn } from '../../src/ops/bug.js'

/** In scratch memory: how many of two have come, and what nobody ever writes or completes. */
const AT = { come: 0, never: 16, completion: 32 } as const

function* innermost(cpu: Cpu, how: number): Kernel<number> {
  yield cpu.clock('faults:innermost')
  bugOn(how === 1, 'innermost', 'it was told to')
  if (how === 2) throw new TypeError('this is no kernel BUG')
  return 0
}

function* inBetween(cpu: Cpu, how: number): Kernel<number> {
  return yield* innermost(cpu, how)
}

export const functions = {
  /** A BUG (1) or an ordinary exception (2), three calls deep. */
  *faults_throw(cpu, how) {
    return yield* inBetween(cpu, how)
  },

  /** Catches what is thrown (as in faults_throw) within a function of the kernel that it calls, which has not returned. */
  *faults_catch(cpu, how) {
    const { preemptCount, irqDisabled } = cpu
    try {
      yield* smpCallFunctionSingle(cpu, cpu.id, cpu.functions.find('faults_throw'), how, true)
    } catch {
      cpu.preemptCount = preemptCount
      cpu.irqDisabled = irqDisabled
      yield* innermost(cpu, 0)
      return 42
    }
    return 0
  },

  /** Sleeps for what never comes. */
  *faults_sleep(cpu) {
    yield* waitForCompletion(cpu, cpu.memory.scratch(AT.completion))
    return 0
  },

  /** Spins for what never comes, with interrupts off. */
  *faults_spin(cpu) {
    cpu.irqDisable()
    yield cpu.waitUntil(cpu.memory.scratch(AT.never), 1, 'faults:spin')
    return 0
  },

  /** Takes two mutexes, one way round (0) or the other (1), the second when somebody has the other one. */
  *faults_two_mutexes(cpu, way) {
    const [smpboot, states] = [cpu.memory.global + GLOBAL.smpbootMutex, cpu.memory.global + GLOBAL.stateMutex]
    const come = cpu.memory.scratch(AT.come)
    yield* mutexLock(cpu, way === 0 ? smpboot : states)
    yield cpu.add(come, 1, full, 'faults:come')
    yield cpu.waitUntil(come, 2, 'faults:both')
    yield* mutexLock(cpu, way === 0 ? states : smpboot)
    yield* mutexUnlock(cpu, smpboot)
    return 0
  },

  /** Goes on for ever, one operation after another. */
  *faults_livelock(cpu) {
    for (;;) yield cpu.load(cpu.memory.scratch(AT.never), relaxed, 'faults:livelock')
  },

  /** Goes on for ever without an operation. */
  *faults_endless(cpu) {
    yield cpu.clock('faults:endless')
    for (let n = 0; ; n = (n + 1) | 0) cpu.memory.set(cpu.memory.scratch(AT.never) + 1, n)
  },

  /** Ends the thread that it runs in. */
  *faults_exit(cpu) {
    yield cpu.clock('faults:exit')
    process.exit(0)
  },

  *faults_unlock(cpu) {
    yield* mutexUnlock(cpu, cpu.memory.global + GLOBAL.smpbootMutex)
    return 0
  },

  *faults_warn(cpu, number) {
    cpu.warn(number > 0, 'faults_warn', `number ${number}`)
    return number
  },

  /** Answers with its arguments. */
  *faults_echo(_cpu, a, b) {
    return (a + b) | 0
  },
} satisfies Record<string, KernelFunction>
