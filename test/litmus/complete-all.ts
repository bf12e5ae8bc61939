// Result: always
//
// complete_all lets everybody go: who sleeps, who comes meanwhile, and who comes later.
//
//   CPU 0, 1               CPU 2
//   wait, wait again       complete all; wait
//
// Seen: all have gone on.
import { completeAll, waitForCompletion } from '../../src/kernel-api.js'
import { litmusModule, type Role } from '../modules/litmus.js'

const waiter: Role = function* (cpu, at) {
  yield* waitForCompletion(cpu, at)
  yield* waitForCompletion(cpu, at)
  return 1
}

export const { litmus, functions } = litmusModule({
  roles: [
    waiter,
    waiter,
    function* (cpu, at) {
      yield* completeAll(cpu, at)
      yield* waitForCompletion(cpu, at)
      return 1
    },
  ],
  seen: (gone) => gone.every((one) => one === 1),
})
