// Callbacks for test/hotplug: they note that they were called, and fail when they have been told to.
import { type Cpu, full, type Kernel, type KernelFunction } from '../../src/kernel-api.js'
import { INSTANCE } from '../../src/memory/structs.js'

/** In scratch memory. */
export const AT = {
  /** how many calls, and the calls */
  called: 0,
  calls: 1,
  /** which call fails, as in Call below, and with which errno; 0: none */
  failing: 900,
  errno: 916,
} as const

export const ROOM = AT.failing - AT.calls

/** A call: 1 startup or 2 teardown, CPU, instance (0: none), and the CPU that it ran on. */
export interface Call {
  readonly kind: 1 | 2
  readonly subject: number
  readonly instance: number
}

export function encode({ kind, subject, instance }: Call): number {
  return (kind << 24) | (subject << 16) | instance
}

function* called(cpu: Cpu, kind: 1 | 2, subject: number, node: number): Kernel<number> {
  const { memory } = cpu
  const instance = node === 0 ? 0 : memory.get(node + INSTANCE.id)
  const call = encode({ kind, subject, instance })
  const n = yield cpu.add(memory.scratch(AT.called), 1, full, 'hotplug:called')
  memory.set(memory.scratch(AT.calls) + n, call)
  return memory.get(memory.scratch(AT.failing)) === call ? -memory.get(memory.scratch(AT.errno)) : 0
}

export const functions = {
  hotplug_startup: (cpu, subject, node) => called(cpu, 1, subject, node),
  hotplug_teardown: (cpu, subject, node) => called(cpu, 2, subject, node),

  /** Answers the CPU that it runs on. */
  *hotplug_where(cpu) {
    return cpu.id
  },
} satisfies Record<string, KernelFunction>
