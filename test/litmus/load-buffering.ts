// Result: never
//
// Load buffering.
//
//   CPU 0          CPU 1
//   x?             y?
//   y = 1          x = 1
//
// Seen: both read what the other writes later.
import { relaxed } from '../../src/kernel-api.js'
import { litmusModule } from '../modules/litmus.js'

export const { litmus, functions } = litmusModule({
  roles: [
    function* (cpu, at) {
      const x = yield cpu.load(at, relaxed, 'x')
      yield cpu.store(at + 16, 1, relaxed, 'y')
      return x
    },
    function* (cpu, at) {
      const y = yield cpu.load(at + 16, relaxed, 'y')
      yield cpu.store(at, 1, relaxed, 'x')
      return y
    },
  ],
  seen: ([x, y]) => x === 1 && y === 1,
})
