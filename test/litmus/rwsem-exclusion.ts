// Result: never
//
// A writer of a per-CPU reader-writer lock is alone.
//
//   CPU 0, 1                         CPU 2
//   read: a? b?                      write: a + 1, b + 1
//
// Seen: a reader finds a and b different.
import { readLock, readUnlock, relaxed, writeLock, writeUnlock } from '../../src/kernel-api.js'
import { litmusModule, type Role } from '../modules/litmus.js'
import { rwsemAt } from '../modules/rwsem.js'

const A = 128
const B = 144
const TIMES = 3

const reader: Role = function* (cpu, at) {
  let torn = 0
  for (let n = 0; n < TIMES; n++) {
    yield* readLock(cpu, rwsemAt(at))
    const a = yield cpu.load(at + A, relaxed, 'a')
    const b = yield cpu.load(at + B, relaxed, 'b')
    if (a !== b) torn++
    yield* readUnlock(cpu, rwsemAt(at))
  }
  return torn
}

export const { litmus, functions } = litmusModule({
  roles: [
    reader,
    reader,
    function* (cpu, at) {
      for (let n = 0; n < TIMES; n++) {
        yield* writeLock(cpu, rwsemAt(at))
        yield cpu.add(at + A, 1, relaxed, 'a')
        yield cpu.add(at + B, 1, relaxed, 'b')
        yield* writeUnlock(cpu, rwsemAt(at))
      }
      return 0
    },
  ],
  seen: ([one, other], word) => one! + other! > 0 || word(A) !== TIMES,
})
