// Result: always
//
// Readers of a per-CPU reader-writer lock do not exclude each other.
//
//   CPU 0                            CPU 1
//   read lock; I am in               read lock; I am in
//   wait until the other is in       wait until the other is in
//
// Seen: both were in at once (else this would never end).
import { full, readLock, readUnlock } from '../../src/kernel-api.js'
import { litmusModule, type Role } from '../modules/litmus.js'
import { rwsemAt } from '../modules/rwsem.js'

const IN = 128

const reader: Role = function* (cpu, at) {
  yield* readLock(cpu, rwsemAt(at))
  yield cpu.add(at + IN, 1, full, 'in')
  yield cpu.waitUntil(at + IN, 2, 'both')
  yield* readUnlock(cpu, rwsemAt(at))
  return 1
}

export const { litmus, functions } = litmusModule({
  roles: [reader, reader],
  seen: ([one, other]) => one === 1 && other === 1,
})
