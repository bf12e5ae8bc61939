// Result: never
//
// Waiting for a completion while it is being completed.
//
//   CPU 0                  CPU 1
//   wait                   complete
//
// Seen: the completion falls between the look and the sleep, and the waiter sleeps for ever.
import { complete, waitForCompletion } from '../../src/kernel-api.js'
import { litmusModule } from '../modules/litmus.js'

export const { litmus, functions } = litmusModule({
  roles: [
    function* (cpu, at) {
      yield* waitForCompletion(cpu, at)
      return 0
    },
    function* (cpu, at) {
      yield* complete(cpu, at)
      return 0
    },
  ],
  seen: () => false,
  deadlock: true,
})
