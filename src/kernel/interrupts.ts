// What each interrupt vector does. Handlers run with interrupts off, as frames on top of whatever they interrupt.

import { commonInterrupt } from '../irq/handle.js'
import { moveCleanupInterrupt } from '../irq/vector.js'
import type { Cpu } from '../ops/cpu.js'
import type { Kernel } from '../ops/operation.js'
import { VECTOR, type Vector } from '../ops/vectors.js'
import { outOfIdle } from '../rcu/quiescent.js'
import { callFunctionInterrupt, callFunctionSingleInterrupt } from '../smp/smp.js'
import { timerInterrupt } from '../time/sleep.js'
import { portInterrupt } from './port.js'

/** The handler of a vector; null for reschedule, which has nothing to do but to have been taken. */
export function interruptHandler(cpu: Cpu, vector: Vector): Kernel<void> | null {
  const handler = handlerOf(cpu, vector)
  return handler === null || cpu.watching ? handler : outOfIdle(cpu, handler)
}

function handlerOf(cpu: Cpu, vector: Vector): Kernel<void> | null {
  switch (vector) {
    case VECTOR.reschedule:
      return null
    case VECTOR.callFunction:
      return callFunctionInterrupt(cpu)
    case VECTOR.callFunctionSingle:
      return callFunctionSingleInterrupt(cpu)
    case VECTOR.timer:
      return timerInterrupt(cpu)
    case VECTOR.port:
      return portInterrupt(cpu)
    case VECTOR.moveCleanup:
      return moveCleanupInterrupt(cpu)
    default:
      return commonInterrupt(cpu, vector)
  }
}
