// Result: never
//
// RCU+deferred-free: a reader is over before what it looks at is freed.
//
//   CPU 0                             CPU 1
//   pointer = 1                       rcuReadLock
//   synchronizeRcu                      p = pointer
//   freed = 1                           freed?
//                                     rcuReadUnlock
//
// Seen: the pointer as it was before, and that what it pointed to was freed.
import { rcuReadLock, rcuReadUnlock, relaxed, synchronizeRcu } from '../../src/kernel-api.js'
import { litmusModule } from '../modules/litmus.js'

export const { litmus, functions } = litmusModule({
  roles: [
    function* (cpu, at) {
      yield cpu.store(at, 1, relaxed, 'pointer')
      yield* synchronizeRcu(cpu)
      yield cpu.store(at + 16, 1, relaxed, 'freed')
      return 0
    },
    function* (cpu, at) {
      rcuReadLock(cpu)
      const pointer = yield cpu.load(at, relaxed, 'pointer')
      const freed = yield cpu.load(at + 16, relaxed, 'freed')
      yield* rcuReadUnlock(cpu)
      return freed * 2 + pointer
    },
  ],
  seen: ([, reader]) => reader === 2,
})
