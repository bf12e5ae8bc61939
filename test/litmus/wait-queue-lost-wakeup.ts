// Result: never
//
// Waiting on a queue for a condition while it is made true.
//
//   CPU 0, 1                         CPU 2
//   wait for the condition           condition = true; wake up all
//
// Seen: a waiter sleeps for ever.
import { acquire, full, waitEvent, wakeUp } from '../../src/kernel-api.js'
import { litmusModule, type Role } from '../modules/litmus.js'

const CONDITION = 16

const waiter: Role = function* (cpu, at) {
  yield* waitEvent(cpu, at, function* () {
    return (yield cpu.load(at + CONDITION, acquire, 'condition')) === 1
  })
  return 0
}

export const { litmus, functions } = litmusModule({
  roles: [
    waiter,
    waiter,
    function* (cpu, at) {
      yield cpu.store(at + CONDITION, 1, full, 'condition')
      yield* wakeUp(cpu, at)
      return 0
    },
  ],
  seen: () => false,
  deadlock: true,
})
