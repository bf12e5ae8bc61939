// Result: sometimes
//
// A sleep that does not look at its condition again after it has said that it will sleep: the proof that a lost wakeup
// is found.
//
//   CPU 0                            CPU 1
//   condition? then leave            condition = true
//   state = uninterruptible          wake CPU 0's task
//   schedule()
//
// Seen: the wakeup comes between the look and the state, and the sleeper sleeps for ever.
import { acquire, full, release, schedule } from '../../src/kernel-api.js'
import { wakeUpProcess } from '../../src/kthread/kthread.js'
import { setCurrentState } from '../../src/sched/core.js'
import { STATE } from '../../src/sched/task.js'
import { litmusModule } from '../modules/litmus.js'

const SLEEPER = 16

export const { litmus, functions } = litmusModule({
  roles: [
    function* (cpu, at) {
      yield cpu.store(at + SLEEPER, cpu.task, release, 'who')
      if ((yield cpu.load(at, acquire, 'condition')) === 1) return 0
      yield setCurrentState(cpu, STATE.uninterruptible, 'sleep')
      yield* schedule(cpu)
      return 1
    },
    function* (cpu, at) {
      yield cpu.waitWhile(at + SLEEPER, 0, 'who')
      yield cpu.store(at, 1, full, 'condition')
      yield* wakeUpProcess(cpu, cpu.memory.get(at + SLEEPER))
      return 0
    },
  ],
  seen: () => false,
  deadlock: true,
})
