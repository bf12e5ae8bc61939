// Result: always
//
// What a spinlock's holder wrote, its next holder reads, plain data too.
//
//   each CPU: lock; n = data; data = n + 1 (plain); unlock; answer n
//
// Seen: the answers are 0, 1 and 2, each once.
import { litmusModule, type Role } from '../modules/litmus.js'

const taker: Role = function* (cpu, at) {
  yield cpu.lockIrq(at, 'lock')
  const n = cpu.memory.get(at + 16)
  cpu.memory.set(at + 16, n + 1)
  yield cpu.unlockIrq(at, 'lock')
  return n
}

export const { litmus, functions } = litmusModule({
  roles: [taker, taker, taker],
  seen: (observed) => [...observed].sort().join() === '0,1,2',
})
