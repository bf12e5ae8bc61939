// Result: sometimes
//
// Read sides exclude nobody: a writer may come between two loads of a reader, if it does not wait for a grace period.
//
//   CPU 0                             CPU 1
//   x = 1                             rcuReadLock
//   y = 1                               x?
//                                       y?
//                                     rcuReadUnlock
//
// Seen: x as it was before, and y as it is after.
import { rcuReadLock, rcuReadUnlock, relaxed } from '../../src/kernel-api.js'
import { litmusModule } from '../modules/litmus.js'

export const { litmus, functions } = litmusModule({
  roles: [
    function* (cpu, at) {
      yield cpu.store(at, 1, relaxed, 'x')
      yield cpu.store(at + 16, 1, relaxed, 'y')
      return 0
    },
    function* (cpu, at) {
      rcuReadLock(cpu)
      const x = yield cpu.load(at, relaxed, 'x')
      const y = yield cpu.load(at + 16, relaxed, 'y')
      yield* rcuReadUnlock(cpu)
      return y * 2 + x
    },
  ],
  seen: ([, reader]) => reader === 2,
})
