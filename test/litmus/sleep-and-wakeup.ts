// Result: never
//
// A sleep that says so before it looks, and looks again each time it is awake.
//
//   CPU 0                            CPU 1
//   state = uninterruptible          condition = true
//   condition? then running, leave   wake CPU 0's task
//   schedule()
//
// Seen: the sleeper sleeps for ever.
import { full, release, schedule } from '../../src/kernel-api.js'
import { wakeUpProcess } from '../../src/kthread/kthread.js'
import { setCurrentState } from '../../src/sched/core.js'
import { STATE } from '../../src/sched/task.js'
import { litmusModule } from '../modules/litmus.js'

const SLEEPER = 16

export const { litmus, functions } = litmusModule({
  roles: [
    function* (cpu, at) {
      yield cpu.store(at + SLEEPER, cpu.task, release, 'who')
      for (;;) {
        yield setCurrentState(cpu, STATE.uninterruptible, 'sleep')
        if ((yield cpu.load(at, full, 'condition')) === 1) break
        yield* schedule(cpu)
      }
      yield setCurrentState(cpu, STATE.running, 'awake')
      return 0
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
