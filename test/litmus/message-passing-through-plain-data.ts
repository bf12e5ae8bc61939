// Result: never
//
// Message passing of data that is not an operation: what a release publishes is all that was written before it.
//
//   CPU 0                       CPU 1
//   data = 1     (plain)        wait until flag = 1   (acquire)
//   flag = 1     (release)      data?                 (plain)
//
// Seen: no data.
import { release } from '../../src/kernel-api.js'
import { litmusModule } from '../modules/litmus.js'

export const { litmus, functions } = litmusModule({
  roles: [
    function* (cpu, at) {
      cpu.memory.set(at, 1)
      yield cpu.store(at + 16, 1, release, 'flag')
      return 0
    },
    function* (cpu, at) {
      yield cpu.waitUntil(at + 16, 1, 'flag')
      return cpu.memory.get(at)
    },
  ],
  seen: ([, data]) => data !== 1,
})
