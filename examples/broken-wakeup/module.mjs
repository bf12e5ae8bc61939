// A classic that is broken: a sleeper looks at its condition, says that it will sleep, and does not look again.
//
//   sleeper                                   waker
//   condition? then leave
//                                             condition = true
//                                             wake all who wait: nobody does
//   joins the queue; schedule()
//
// In most orders the waker comes before the look or after the sleep. In this one the sleeper sleeps for ever.
import { acquire, finishWait, full, prepareToWait, schedule, wakeUp } from 'cpuhp/kernel'

// Words of the machine's memory that are kept for modules: a flag, and a wait queue on a line of its own.
const CONDITION = 0
const QUEUE = 16

export const functions = {
  *sleeper(cpu) {
    const queue = cpu.memory.scratch(QUEUE)
    if ((yield cpu.load(cpu.memory.scratch(CONDITION), acquire, 'sleeper:look')) === 1) return 0
    yield* prepareToWait(cpu, queue)
    yield* schedule(cpu)
    yield* finishWait(cpu, queue)
    return 0
  },

  *waker(cpu) {
    yield cpu.store(cpu.memory.scratch(CONDITION), 1, full, 'waker:condition')
    yield* wakeUp(cpu, cpu.memory.scratch(QUEUE))
    return 0
  },
}
