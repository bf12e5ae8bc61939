// Result: never
//
// A reader may leave a per-CPU reader-writer lock on another CPU than it came on: only the sum of the counts is looked at.
//
//   CPU 0                  CPU 1                      CPU 2
//   read lock              came? look; read unlock    came? write lock; left?
//   came = 1               left = 1 (before unlock)
//
// Seen: the writer is in before the reader has left.
import { acquire, readLock, readUnlock, release, writeLock, writeUnlock } from '../../src/kernel-api.js'
import { litmusModule } from '../modules/litmus.js'
import { rwsemAt } from '../modules/rwsem.js'

const CAME = 128
const LEFT = 144

export const { litmus, functions } = litmusModule({
  roles: [
    function* (cpu, at) {
      yield* readLock(cpu, rwsemAt(at))
      yield cpu.store(at + CAME, 1, release, 'came')
      return 0
    },
    function* (cpu, at) {
      yield cpu.waitUntil(at + CAME, 1, 'came')
      yield cpu.store(at + LEFT, 1, release, 'left')
      yield* readUnlock(cpu, rwsemAt(at))
      return 0
    },
    function* (cpu, at) {
      yield cpu.waitUntil(at + CAME, 1, 'came')
      yield* writeLock(cpu, rwsemAt(at))
      const left = yield cpu.load(at + LEFT, acquire, 'left')
      yield* writeUnlock(cpu, rwsemAt(at))
      return left
    },
  ],
  seen: ([, , left]) => left !== 1,
})
