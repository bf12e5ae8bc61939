// Result: never
//
// A counter under a mutex, looked at and written in two operations.
//
// Seen: an update is lost, or somebody is inside with another.
import { full, mutexLock, mutexUnlock, relaxed } from '../../src/kernel-api.js'
import { litmusModule, type Role } from '../modules/litmus.js'

const TIMES = 3

const counter: Role = function* (cpu, at) {
  let together = 0
  for (let n = 0; n < TIMES; n++) {
    yield* mutexLock(cpu, at)
    together += yield cpu.add(at + 32, 1, full, 'inside')
    const value = yield cpu.load(at + 16, relaxed, 'read')
    yield cpu.store(at + 16, value + 1, relaxed, 'write')
    yield cpu.add(at + 32, -1, full, 'outside')
    yield* mutexUnlock(cpu, at)
  }
  return together
}

export const { litmus, functions } = litmusModule({
  roles: [counter, counter, counter],
  seen: (together, word) => word(16) !== 3 * TIMES || together.some((n) => n > 0),
})
