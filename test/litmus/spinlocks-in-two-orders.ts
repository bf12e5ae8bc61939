// Result: sometimes
//
// Two spinlocks, taken in one order here and in the other there: the proof that a deadlock is found.
//
//   CPU 0          CPU 1
//   lock a         lock b
//   lock b         lock a
//
// Seen: neither can go on.
import type { Cpu, Kernel } from '../../src/kernel-api.js'
import { litmusModule } from '../modules/litmus.js'

function* both(cpu: Cpu, outer: number, inner: number): Kernel<number> {
  yield cpu.lock(outer, 'outer')
  yield cpu.lock(inner, 'inner')
  yield cpu.unlock(inner, 'inner')
  yield cpu.unlock(outer, 'outer')
  return 0
}

export const { litmus, functions } = litmusModule({
  roles: [(cpu, at) => both(cpu, at, at + 16), (cpu, at) => both(cpu, at + 16, at)],
  seen: () => false,
  deadlock: true,
})
