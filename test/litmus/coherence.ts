// Result: never
//
// Coherence: a word has one history, and nobody sees it backwards.
//
//   CPU 0          CPU 1
//   x = 1          x? then x?
//   x = 2
//
// Seen: the second look finds an older value than the first.
import { relaxed } from '../../src/kernel-api.js'
import { litmusModule } from '../modules/litmus.js'

export const { litmus, functions } = litmusModule({
  roles: [
    function* (cpu, at) {
      yield cpu.store(at, 1, relaxed, 'x')
      yield cpu.store(at, 2, relaxed, 'x')
      return 0
    },
    function* (cpu, at) {
      const first = yield cpu.load(at, relaxed, 'first')
      const second = yield cpu.load(at, relaxed, 'second')
      return second - first
    },
  ],
  seen: ([, progress]) => progress! < 0,
})
