// What all litmus tests have in common: some CPUs, each with its role, that begin together, round after round.
import {
  acquire,
  type Cpu,
  full,
  type Kernel,
  type KernelFunction,
  relaxed,
  release,
  waitEvent,
  wakeUp,
} from '../../src/kernel-api.js'

/** What a CPU does in one round. `at` is the first of AREA words that are 0 when the round begins. */
export type Role = (cpu: Cpu, at: number) => Kernel<number>

export interface Litmus {
  /** one for each CPU: role n is played by CPU n */
  readonly roles: readonly Role[]
  /** Whether this is the outcome in question. `observed` is what each role returned, `word` reads the area. */
  readonly seen: (observed: readonly number[], word: (offset: number) => number) => boolean
  /** The outcome is a machine in which nobody can go on. */
  readonly deadlock?: boolean
}

export interface LitmusModule {
  readonly litmus: Litmus
  readonly functions: Readonly<Record<string, KernelFunction>>
}

const AREA = 256
/** In scratch memory: a gate, a barrier, what was observed, and the area from AREA on. */
const AT = { arrived: 0, generation: 16, observed: 32, present: 48, gate: 64 } as const

/** A module with the one function `litmus`: role number, number of rounds; role 0 answers how often it was seen. */
export function litmusModule(litmus: Litmus): LitmusModule {
  return {
    litmus,
    functions: {
      *litmus(cpu, index, rounds) {
        const { memory } = cpu
        const at = memory.scratch(AREA)
        let seen = 0
        yield* gate(cpu, litmus.roles.length)
        for (let round = 0; round < rounds; round++) {
          yield* barrier(cpu, litmus.roles.length)
          memory.set(memory.scratch(AT.observed) + index, yield* litmus.roles[index]!(cpu, at))
          yield* barrier(cpu, litmus.roles.length)
          if (index !== 0) continue
          const observed = litmus.roles.map((_, role) => memory.get(memory.scratch(AT.observed) + role))
          if (litmus.seen(observed, (offset) => memory.get(at + offset))) seen++
          for (let n = 0; n < AREA; n++) memory.set(at + n, 0)
        }
        return seen
      },
    },
  }
}

/**
 * Sleeps until all CPUs have begun. Nobody spins before that: the CPU may be needed to begin the others' work, and there
 * are no time slices.
 */
function* gate(cpu: Cpu, count: number): Kernel<void> {
  const present = cpu.memory.scratch(AT.present)
  const queue = cpu.memory.scratch(AT.gate)
  yield cpu.add(present, 1, full, 'gate:present')
  yield* wakeUp(cpu, queue)
  yield* waitEvent(cpu, queue, function* () {
    return (yield cpu.load(present, acquire, 'gate:all')) === count
  })
}

/** Returns when all CPUs are here. */
function* barrier(cpu: Cpu, count: number): Kernel<void> {
  const arrived = cpu.memory.scratch(AT.arrived)
  const generation = cpu.memory.scratch(AT.generation)
  const now = yield cpu.load(generation, acquire, 'barrier:generation')
  if ((yield cpu.add(arrived, 1, full, 'barrier:arrive')) === count - 1) {
    yield cpu.store(arrived, 0, relaxed, 'barrier:reset')
    yield cpu.store(generation, now + 1, release, 'barrier:open')
  } else {
    yield cpu.waitWhile(generation, now, 'barrier:wait')
  }
}
