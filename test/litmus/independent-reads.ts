// Result: never
//
// Independent reads of independent writes: all CPUs agree on the order of two stores.
//
//   CPU 0     CPU 1     CPU 2     CPU 3
//   x = 1     y = 1     x?        y?
//                       y?        x?
//
// Seen: CPU 2 says that x came first, CPU 3 that y did.
import { acquire, type Cpu, type Kernel, relaxed } from '../../src/kernel-api.js'
import { litmusModule } from '../modules/litmus.js'

function* look(cpu: Cpu, first: number, second: number): Kernel<number> {
  const one = yield cpu.load(first, acquire, 'first')
  const other = yield cpu.load(second, acquire, 'second')
  return one * 2 + other
}

export const { litmus, functions } = litmusModule({
  roles: [
    function* (cpu, at) {
      yield cpu.store(at, 1, relaxed, 'x')
      return 0
    },
    function* (cpu, at) {
      yield cpu.store(at + 16, 1, relaxed, 'y')
      return 0
    },
    (cpu, at) => look(cpu, at, at + 16),
    (cpu, at) => look(cpu, at + 16, at),
  ],
  seen: ([, , xFirst, yFirst]) => xFirst === 2 && yFirst === 2,
})
