// The handshake of cpuhp_kick_ap with cpuhp_thread_fun and with parking, by itself: what bench/models/handshake.pml says in Promela, over
// the machine's operations. Each access to a shared word is one operation, and waiting for one blocks, as there.
//
//   controller                                cpuhp/N
//   ROUNDS times: lock                        state = asleep
//     shouldRun = 1; wake cpuhp/N             shouldPark?  say so, sleep until it is not any more
//     wait for done; done = 0                 shouldRun?   awake; shouldRun = 0; done = 1
//   unlock                                    else         sleep until awake
//   shouldPark = 1; wake; wait for parked
//
// Broken, cpuhp/N looks at its work before it says that it will sleep: a wakeup in between is lost.
import { acquire, type Cpu, full, type Kernel, relaxed, release } from '../../src/kernel-api.js'

const AWAKE = 0
const ASLEEP = 1
/** Scratch words of pair 0; each pair has a line of its own. The lock lies behind all pairs. */
const LINE = 16
const WORDS = { state: 0, shouldRun: 1, shouldPark: 2, done: 3, parked: 4 } as const
const LOCK = 15 * LINE

const wordOf = (cpu: Cpu, pair: number, name: keyof typeof WORDS): number =>
  cpu.memory.scratch(pair * LINE + WORDS[name])

function* wake(cpu: Cpu, pair: number): Kernel<void> {
  yield cpu.store(wordOf(cpu, pair, 'state'), AWAKE, full, 'handshake_wake')
}

/** Has the thread of its pair do something, `rounds` times, and parks it. */
function* handshake_controller(cpu: Cpu, pair: number, rounds: number): Kernel<number> {
  for (let round = 0; round < rounds; round++) {
    while ((yield cpu.compareExchange(cpu.memory.scratch(LOCK), 0, 1, acquire, 'handshake_lock')) !== 0) {
      yield cpu.waitUntil(cpu.memory.scratch(LOCK), 0, 'handshake_lock:wait')
    }
    yield cpu.store(wordOf(cpu, pair, 'shouldRun'), 1, full, 'handshake_kick')
    yield* wake(cpu, pair)
    yield cpu.waitUntil(wordOf(cpu, pair, 'done'), 1, 'handshake_kick:wait')
    yield cpu.store(wordOf(cpu, pair, 'done'), 0, relaxed, 'handshake_kick:done')
    yield cpu.store(cpu.memory.scratch(LOCK), 0, release, 'handshake_unlock')
  }
  yield cpu.store(wordOf(cpu, pair, 'shouldPark'), 1, full, 'handshake_park')
  yield* wake(cpu, pair)
  yield cpu.waitUntil(wordOf(cpu, pair, 'parked'), 1, 'handshake_park:wait')
  return 0
}

/** The thread, until it is parked. `broken`: 1 for the lost wakeup. */
function* handshake_thread(cpu: Cpu, pair: number, broken: number): Kernel<number> {
  const state = wordOf(cpu, pair, 'state')
  for (;;) {
    if (broken === 0) yield cpu.store(state, ASLEEP, full, 'handshake_thread:asleep')
    if ((yield cpu.load(wordOf(cpu, pair, 'shouldPark'), acquire, 'handshake_thread:should_park')) === 1) break
    if ((yield cpu.load(wordOf(cpu, pair, 'shouldRun'), acquire, 'handshake_thread:should_run')) === 1) {
      yield cpu.store(state, AWAKE, relaxed, 'handshake_thread:awake')
      yield cpu.store(wordOf(cpu, pair, 'shouldRun'), 0, relaxed, 'handshake_thread:taken')
      yield cpu.store(wordOf(cpu, pair, 'done'), 1, full, 'handshake_thread:done')
      continue
    }
    if (broken === 1) yield cpu.store(state, ASLEEP, full, 'handshake_thread:asleep')
    yield cpu.waitUntil(state, AWAKE, 'handshake_thread:sleep')
  }
  yield cpu.store(wordOf(cpu, pair, 'parked'), 1, full, 'handshake_thread:parked')
  return 0
}

export const functions = { handshake_controller, handshake_thread }
