// Result: never
//
// Message passing.
//
//   CPU 0                       CPU 1
//   data = 1                    flag?      (acquire)
//   flag = 1   (release)        data?
//
// Seen: the flag, and not the data.
import { acquire, relaxed, release } from '../../src/kernel-api.js'
import { litmusModule } from '../modules/litmus.js'

export const { litmus, functions } = litmusModule({
  roles: [
    function* (cpu, at) {
      yield cpu.store(at, 1, relaxed, 'data')
      yield cpu.store(at + 16, 1, release, 'flag')
      return 0
    },
    function* (cpu, at) {
      const flag = yield cpu.load(at + 16, acquire, 'flag')
      const data = yield cpu.load(at, relaxed, 'data')
      return flag * 2 + data
    },
  ],
  seen: ([, reader]) => reader === 2,
})
