// Result: never
//
// RCU+mp: what is published is seen whole.
//
//   CPU 0                             CPU 1
//   data = 1                          rcuReadLock
//   pointer = 1   (release)             p = pointer    (acquire)
//                                       data?
//                                     rcuReadUnlock
//
// Seen: the pointer, and not the data.
import { acquire, rcuReadLock, rcuReadUnlock, relaxed, release } from '../../src/kernel-api.js'
import { litmusModule } from '../modules/litmus.js'

export const { litmus, functions } = litmusModule({
  roles: [
    function* (cpu, at) {
      yield cpu.store(at, 1, relaxed, 'data')
      yield cpu.store(at + 16, 1, release, 'pointer')
      return 0
    },
    function* (cpu, at) {
      rcuReadLock(cpu)
      const pointer = yield cpu.load(at + 16, acquire, 'pointer')
      const data = yield cpu.load(at, relaxed, 'data')
      yield* rcuReadUnlock(cpu)
      return pointer * 2 + data
    },
  ],
  seen: ([, reader]) => reader === 2,
})
