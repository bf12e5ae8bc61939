// Result: always
//
// A completion counts: as many go on as it has been completed.
//
//   CPU 0, 1               CPU 2
//   wait                   complete, complete
//
// Seen: both waiters went on, and nothing is left over.
import { COMPLETION, complete, waitForCompletion } from '../../src/kernel-api.js'
import { litmusModule, type Role } from '../modules/litmus.js'

const waiter: Role = function* (cpu, at) {
  yield* waitForCompletion(cpu, at)
  return 1
}

export const { litmus, functions } = litmusModule({
  roles: [
    waiter,
    waiter,
    function* (cpu, at) {
      yield* complete(cpu, at)
      yield* complete(cpu, at)
      return 0
    },
  ],
  seen: ([one, other], word) => one === 1 && other === 1 && word(COMPLETION.done) === 0 && word(COMPLETION.head) === 0,
})
