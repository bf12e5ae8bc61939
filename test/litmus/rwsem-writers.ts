// Result: never
//
// Two writers of a per-CPU reader-writer lock exclude each other.
//
// Seen: an update is lost.
import { relaxed, writeLock, writeUnlock } from '../../src/kernel-api.js'
import { litmusModule, type Role } from '../modules/litmus.js'
import { rwsemAt } from '../modules/rwsem.js'

const COUNTER = 128
const TIMES = 3

const writer: Role = function* (cpu, at) {
  for (let n = 0; n < TIMES; n++) {
    yield* writeLock(cpu, rwsemAt(at))
    const value = yield cpu.load(at + COUNTER, relaxed, 'read')
    yield cpu.store(at + COUNTER, value + 1, relaxed, 'write')
    yield* writeUnlock(cpu, rwsemAt(at))
  }
  return 0
}

export const { litmus, functions } = litmusModule({
  roles: [writer, writer, writer],
  seen: (_, word) => word(COUNTER) !== 3 * TIMES,
})
