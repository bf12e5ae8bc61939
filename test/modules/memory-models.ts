// Litmus tests for memory models: a few CPUs begin together, each does what its role says, and what they saw stands in memory.
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

type Role = (cpu: Cpu, x: number, y: number) => Kernel<number>

export interface Toy {
  readonly roles: readonly Role[]
  /** the outcome in question, from what each role has seen and what is in memory at the end */
  readonly seen: (roles: readonly number[], x: number, y: number) => boolean
  /** where it is allowed */
  readonly allowed: readonly ('sc' | 'tso' | 'pso')[]
}

/** In scratch memory: a lock, how many have begun and where they sleep, the gate, what nobody ever writes, x, y, and what each role has seen (plus 1). */
export const AT = { gate: 0, never: 16, x: 32, y: 48, seen: 64, lock: 96, present: 128, queue: 144 } as const

function* storeThenLoad(cpu: Cpu, mine: number, other: number): Kernel<number> {
  yield cpu.store(mine, 1, relaxed, 'toy:store')
  return yield cpu.load(other, relaxed, 'toy:load')
}

function* loadBoth(cpu: Cpu, first: number, second: number): Kernel<number> {
  const one = yield cpu.load(first, acquire, 'toy:first')
  return one * 4 + (yield cpu.load(second, acquire, 'toy:second'))
}

function* storeBoth(cpu: Cpu, first: number, one: number, second: number, other: number): Kernel<number> {
  yield cpu.store(first, one, relaxed, 'toy:first')
  yield cpu.store(second, other, relaxed, 'toy:second')
  return 0
}

const neither = (roles: readonly number[]): boolean => roles[0] === 0 && roles[1] === 0
/** the reader has seen y (the flag) and not x (the data) */
const flagOnly = (roles: readonly number[]): boolean => roles[1] === 4

export const TOYS: Readonly<Record<string, Toy>> = {
  'store buffering': {
    roles: [(cpu, x, y) => storeThenLoad(cpu, x, y), (cpu, x, y) => storeThenLoad(cpu, y, x)],
    seen: neither,
    allowed: ['tso', 'pso'],
  },
  'store buffering with fences': {
    roles: [0, 1].map(
      (role): Role =>
        function* (cpu, x, y) {
          yield cpu.store(role === 0 ? x : y, 1, relaxed, 'toy:store')
          yield cpu.fence(full, 'toy:mb')
          return yield cpu.load(role === 0 ? y : x, relaxed, 'toy:load')
        },
    ),
    seen: neither,
    allowed: [],
  },
  'store buffering with exchanges': {
    roles: [0, 1].map(
      (role): Role =>
        function* (cpu, x, y) {
          yield cpu.exchange(role === 0 ? x : y, 1, relaxed, 'toy:store')
          return yield cpu.load(role === 0 ? y : x, relaxed, 'toy:load')
        },
    ),
    seen: neither,
    allowed: [],
  },
  'store buffering, releases and acquires': {
    roles: [0, 1].map(
      (role): Role =>
        function* (cpu, x, y) {
          yield cpu.store(role === 0 ? x : y, 1, release, 'toy:store')
          return yield cpu.load(role === 0 ? y : x, acquire, 'toy:load')
        },
    ),
    seen: neither,
    allowed: ['tso', 'pso'],
  },
  'store buffering, and each sees its own store': {
    roles: [0, 1].map(
      (role): Role =>
        function* (cpu, x, y) {
          const [mine, other] = role === 0 ? [x, y] : [y, x]
          yield cpu.store(mine, 1, relaxed, 'toy:store')
          const own = yield cpu.load(mine, relaxed, 'toy:own')
          return (1 - own) * 2 + (yield cpu.load(other, relaxed, 'toy:load'))
        },
    ),
    seen: neither,
    allowed: ['tso', 'pso'],
  },
  'message passing': {
    roles: [(cpu, x, y) => storeBoth(cpu, x, 1, y, 1), (cpu, x, y) => loadBoth(cpu, y, x)],
    seen: flagOnly,
    allowed: ['pso'],
  },
  'message passing by a release': {
    roles: [
      function* (cpu, x, y) {
        yield cpu.store(x, 1, relaxed, 'toy:data')
        yield cpu.store(y, 1, release, 'toy:flag')
        return 0
      },
      (cpu, x, y) => loadBoth(cpu, y, x),
    ],
    seen: flagOnly,
    allowed: [],
  },
  'message passing of plain data': {
    roles: [
      function* (cpu, x, y) {
        cpu.memory.set(x, 1)
        yield cpu.store(y, 1, relaxed, 'toy:flag')
        return 0
      },
      (cpu, x, y) => loadBoth(cpu, y, x),
    ],
    seen: flagOnly,
    allowed: ['pso'],
  },
  'message passing under a lock': {
    roles: [
      function* (cpu, x, y) {
        yield cpu.lock(cpu.memory.scratch(AT.lock), 'toy:lock')
        cpu.memory.set(x, 1)
        cpu.memory.set(y, 1)
        yield cpu.unlock(cpu.memory.scratch(AT.lock), 'toy:lock')
        return 0
      },
      function* (cpu, x, y) {
        yield cpu.lock(cpu.memory.scratch(AT.lock), 'toy:lock')
        const both = cpu.memory.get(y) * 2 + cpu.memory.get(x)
        yield cpu.unlock(cpu.memory.scratch(AT.lock), 'toy:lock')
        return both
      },
    ],
    seen: (roles) => roles[1] === 1 || roles[1] === 2,
    allowed: [],
  },
  'two stores each, in opposite orders': {
    roles: [(cpu, x, y) => storeBoth(cpu, x, 1, y, 2), (cpu, x, y) => storeBoth(cpu, y, 1, x, 2)],
    seen: (_, x, y) => x === 1 && y === 1,
    allowed: ['pso'],
  },
  'load buffering': {
    roles: [0, 1].map(
      (role): Role =>
        function* (cpu, x, y) {
          const seen = yield cpu.load(role === 0 ? x : y, relaxed, 'toy:load')
          yield cpu.store(role === 0 ? y : x, 1, relaxed, 'toy:store')
          return seen
        },
    ),
    seen: (roles) => roles[0] === 1 && roles[1] === 1,
    allowed: [],
  },
  'coherence: two loads of a word see its stores in their order': {
    roles: [(cpu, x) => storeBoth(cpu, x, 1, x, 2), (cpu, x) => loadBoth(cpu, x, x)],
    seen: (roles) => [4, 8, 9].includes(roles[1]!),
    allowed: [],
  },
  'independent reads of independent writes': {
    roles: [
      function* (cpu, x) {
        yield cpu.store(x, 1, relaxed, 'toy:x')
        return 0
      },
      function* (cpu, _, y) {
        yield cpu.store(y, 1, relaxed, 'toy:y')
        return 0
      },
      (cpu, x, y) => loadBoth(cpu, x, y),
      (cpu, x, y) => loadBoth(cpu, y, x),
    ],
    seen: (roles) => roles[2] === 4 && roles[3] === 4,
    allowed: [],
  },
}

export const functions: Record<string, KernelFunction> = {
  *memory_model_toy(cpu, test, role) {
    const scratch = (at: number): number => cpu.memory.scratch(at)
    const { roles } = Object.values(TOYS)[test]!
    // Asleep until all have begun: a CPU may be needed to begin the others' work. From then on nothing comes between.
    yield cpu.add(scratch(AT.present), 1, full, 'toy:present')
    yield* wakeUp(cpu, scratch(AT.queue))
    yield* waitEvent(cpu, scratch(AT.queue), function* () {
      return (yield cpu.load(scratch(AT.present), acquire, 'toy:all')) === roles.length
    })
    cpu.irqDisable()
    yield cpu.waitUntil(scratch(AT.gate), 1, 'toy:gate')
    const seen = yield* roles[role]!(cpu, scratch(AT.x), scratch(AT.y))
    yield cpu.exchange(scratch(AT.seen) + role, seen + 1, full, 'toy:seen')
    // Whatever comes after that would be part of what is searched.
    return yield cpu.waitUntil(scratch(AT.never), 1, 'toy:end')
  },
}
