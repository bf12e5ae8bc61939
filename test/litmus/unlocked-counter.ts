// Result: sometimes
//
// A counter without a lock: the proof that the tests of the locks can fail.
//
//   CPU 0                 CPU 1
//   n = counter           n = counter
//   counter = n + 1       counter = n + 1
//
// Seen: an update is lost.
import { relaxed } from '../../src/kernel-api.js'
import { litmusModule, type Role } from '../modules/litmus.js'

const counter: Role = function* (cpu, at) {
  const n = yield cpu.load(at, relaxed, 'read')
  yield cpu.store(at, n + 1, relaxed, 'write')
  return 0
}

export const { litmus, functions } = litmusModule({
  roles: [counter, counter],
  seen: (_, word) => word(0) !== 2,
})
