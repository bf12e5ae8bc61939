// Result: never
//
// RCU+sync+read: no read side lies across a whole grace period.
//
//   CPU 0                             CPU 1
//   x = 1                             rcuReadLock
//   synchronizeRcu                      y?
//   y = 1                               x?
//                                     rcuReadUnlock
//
// Seen: y, and not x: the reader began before x was written, and ended after the grace period.
import { rcuReadLock, rcuReadUnlock, relaxed, synchronizeRcu } from '../../src/kernel-api.js'
import { litmusModule } from '../modules/litmus.js'

export const { litmus, functions } = litmusModule({
  roles: [
    function* (cpu, at) {
      yield cpu.store(at, 1, relaxed, 'x')
      yield* synchronizeRcu(cpu)
      yield cpu.store(at + 16, 1, relaxed, 'y')
      return 0
    },
    function* (cpu, at) {
      rcuReadLock(cpu)
      const y = yield cpu.load(at + 16, relaxed, 'y')
      const x = yield cpu.load(at, relaxed, 'x')
      yield* rcuReadUnlock(cpu)
      return y * 2 + x
    },
  ],
  seen: ([, reader]) => reader === 2,
})
