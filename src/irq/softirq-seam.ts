import type { Cpu } from '../ops/cpu.js'
import type { Kernel } from '../ops/operation.js'

export const SOFTIRQ = { netRx: 3, block: 4 } as const
export const softirqActions: ((cpu: Cpu) => Kernel<void>)[] = []

export function* raiseSoftirq(cpu: Cpu, nr: number): Kernel<void> {
  yield* softirqActions[nr]!(cpu)
}
