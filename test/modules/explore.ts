// Kernel functions for test/explore: what goes wrong in some orders only, or always.
import {
  acquire,
  type Cpu,
  full,
  type Kernel,
  type KernelFunction,
  mutexLock,
  mutexUnlock,
  relaxed,
  release,
} from '../../src/kernel-api.js'
import { GLOBAL } from '../../src/memory/structs.js'
import { bugOn } from '../../src/ops/bug.js'

function* both(cpu: Cpu, outer: number, inner: number): Kernel<number> {
  yield cpu.lock(outer, 'explore:outer')
  yield cpu.lock(inner, 'explore:inner')
  yield cpu.unlock(inner, 'explore:inner')
  yield cpu.unlock(outer, 'explore:outer')
  return 0
}

/** Ways in which explore_share has two CPUs use a word. */
export const SHARE = {
  plain: 0,
  marked: 1,
  markedOnce: 2,
  locked: 3,
  published: 4,
  flagged: 5,
  fenced: 6,
  onlyReleased: 7,
  onlyAcquired: 8,
} as const

/** CPU 0 writes plainly and sets a flag; CPU 1 reads what was written if it sees the flag. */
function* passOn(cpu: Cpu, data: number, flag: number, way: number, role: number): Kernel<number> {
  const { memory } = cpu
  const stores = way === SHARE.published || way === SHARE.onlyReleased ? release : relaxed
  const loads = way === SHARE.published || way === SHARE.onlyAcquired ? acquire : relaxed
  if (role === 0) {
    memory.set(data, 1)
    if (way === SHARE.fenced) yield cpu.fence(full, 'share:wmb')
    yield cpu.store(flag, 1, stores, 'share:flag')
    return 0
  }
  if ((yield cpu.load(flag, loads, 'share:flag')) === 0) return 1
  if (way === SHARE.fenced) yield cpu.fence(full, 'share:rmb')
  return memory.get(data)
}

export const functions = {
  /** Takes two spinlocks, one way round or the other. */
  *explore_locks(cpu, way) {
    const [one, other] = [cpu.memory.scratch(0), cpu.memory.scratch(16)]
    return yield* both(cpu, way === 0 ? one : other, way === 0 ? other : one)
  },

  /** The same, with a third one held that keeps the two ways apart. */
  *explore_gated(cpu, way) {
    const [one, other, gate] = [0, 16, 64].map((at) => cpu.memory.scratch(at)) as [number, number, number]
    yield cpu.lock(gate, 'explore:gate')
    yield* both(cpu, way === 0 ? one : other, way === 0 ? other : one)
    yield cpu.unlock(gate, 'explore:gate')
    return 0
  },

  /** Takes two mutexes, one way round or the other. */
  *explore_mutexes(cpu, way) {
    const [one, other] = [cpu.memory.global + GLOBAL.smpbootMutex, cpu.memory.global + GLOBAL.stateMutex]
    yield* mutexLock(cpu, way === 0 ? one : other)
    yield* mutexLock(cpu, way === 0 ? other : one)
    yield* mutexUnlock(cpu, one)
    yield* mutexUnlock(cpu, other)
    return 0
  },

  /** Counts, and looks whether nobody else has: a BUG when somebody has. */
  *explore_count(cpu) {
    const word = cpu.memory.scratch(32)
    const before = yield cpu.load(word, acquire, 'explore:load')
    yield cpu.store(word, before + 1, release, 'explore:store')
    const after = yield cpu.load(word, relaxed, 'explore:again')
    bugOn(after !== before + 1, 'explore_count', `counted ${before + 1}, and found ${after}`)
    return 0
  },

  /** Waits, by looking again and again, until another CPU says go: it does get there. */
  *explore_poll(cpu, says) {
    const word = cpu.memory.scratch(48)
    if (says === 1) yield cpu.store(word, 1, release, 'explore:go')
    else while ((yield cpu.load(word, acquire, 'explore:poll')) === 0);
    return 0
  },

  /** Uses a word that the other CPU uses as well: which way decides whether, and by what, that is ordered. */
  *explore_share(cpu, way, role) {
    const { memory } = cpu
    const [data, other] = [memory.scratch(80), memory.scratch(96)]
    switch (way) {
      case SHARE.plain:
        memory.set(data, memory.get(data) + 1)
        return 0
      case SHARE.marked:
        yield cpu.store(data, (yield cpu.load(data, relaxed, 'share:load')) + 1, relaxed, 'share:store')
        return 0
      case SHARE.markedOnce:
        if (role === 0) yield cpu.store(data, 1, relaxed, 'share:store')
        return role === 0 ? 0 : memory.get(data)
      case SHARE.locked:
        yield cpu.lock(other, 'share:lock')
        memory.set(data, memory.get(data) + 1)
        yield cpu.unlock(other, 'share:lock')
        return 0
      case SHARE.published:
      case SHARE.flagged:
      case SHARE.fenced:
      case SHARE.onlyReleased:
      case SHARE.onlyAcquired:
        return yield* passOn(cpu, data, other, way, role)
      default:
        return 0
    }
  },

  /** Goes on for ever. */
  *explore_endless(cpu) {
    for (;;) yield cpu.load(cpu.memory.scratch(48), relaxed, 'explore:endless')
  },
} satisfies Record<string, KernelFunction>
