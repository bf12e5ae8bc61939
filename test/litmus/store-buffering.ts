// Result: never
//
// Store buffering.
//
//   CPU 0          CPU 1
//   x = 1          y = 1
//   y?             x?
//
// Seen: neither sees the other. Operations are sequentially consistent, whatever ordering they name, unless a
// deterministic machine is told otherwise: test/explore/memory-models.test.ts searches that.
import { relaxed } from '../../src/kernel-api.js'
import { litmusModule } from '../modules/litmus.js'

export const { litmus, functions } = litmusModule({
  roles: [
    function* (cpu, at) {
      yield cpu.store(at, 1, relaxed, 'x')
      return yield cpu.load(at + 16, relaxed, 'y')
    },
    function* (cpu, at) {
      yield cpu.store(at + 16, 1, relaxed, 'y')
      return yield cpu.load(at, relaxed, 'x')
    },
  ],
  seen: ([y, x]) => y === 0 && x === 0,
})
