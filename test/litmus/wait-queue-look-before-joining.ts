// Result: sometimes
//
// Looking at the condition first and joining the queue then: the wakeup between the two is lost.
//
//   CPU 0                            CPU 1
//   condition? then leave            condition = true; wake up all
//   join the queue; schedule()
//
// Seen: the waiter sleeps for ever.
import { acquire, finishWait, full, prepareToWait, schedule, wakeUp } from '../../src/kernel-api.js'
import { litmusModule } from '../modules/litmus.js'

const CONDITION = 16

export const { litmus, functions } = litmusModule({
  roles: [
    function* (cpu, at) {
      if ((yield cpu.load(at + CONDITION, acquire, 'condition')) === 1) return 0
      yield* prepareToWait(cpu, at)
      yield* schedule(cpu)
      yield* finishWait(cpu, at)
      return 1
    },
    function* (cpu, at) {
      yield cpu.store(at + CONDITION, 1, full, 'condition')
      yield* wakeUp(cpu, at)
      return 0
    },
  ],
  seen: () => false,
  deadlock: true,
})
