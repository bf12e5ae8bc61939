// Result: never
//
// Store buffering with a full barrier between the store and the load: the pattern of every sleep and wakeup.
//
//   CPU 0          CPU 1
//   x = 1          y = 1
//   fence          fence
//   y?             x?
//
// Seen: neither sees the other.
import { full, relaxed } from '../../src/kernel-api.js'
import { litmusModule } from '../modules/litmus.js'

export const { litmus, functions } = litmusModule({
  roles: [
    function* (cpu, at) {
      yield cpu.store(at, 1, relaxed, 'x')
      yield cpu.fence(full, 'between')
      return yield cpu.load(at + 16, relaxed, 'y')
    },
    function* (cpu, at) {
      yield cpu.store(at + 16, 1, relaxed, 'y')
      yield cpu.fence(full, 'between')
      return yield cpu.load(at, relaxed, 'x')
    },
  ],
  seen: ([y, x]) => y === 0 && x === 0,
})
