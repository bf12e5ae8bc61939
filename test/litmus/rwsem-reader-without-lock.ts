// Result: sometimes
//
// As rwsem-exclusion with a reader that does not take the lock: the proof that that test can fail.
import { relaxed, writeLock, writeUnlock } from '../../src/kernel-api.js'
import { litmusModule } from '../modules/litmus.js'
import { rwsemAt } from '../modules/rwsem.js'

const A = 128
const B = 144

export const { litmus, functions } = litmusModule({
  roles: [
    function* (cpu, at) {
      const a = yield cpu.load(at + A, relaxed, 'a')
      const b = yield cpu.load(at + B, relaxed, 'b')
      return a === b ? 0 : 1
    },
    function* (cpu, at) {
      yield* writeLock(cpu, rwsemAt(at))
      yield cpu.add(at + A, 1, relaxed, 'a')
      yield cpu.add(at + B, 1, relaxed, 'b')
      yield* writeUnlock(cpu, rwsemAt(at))
      return 0
    },
  ],
  seen: ([torn]) => torn === 1,
})
