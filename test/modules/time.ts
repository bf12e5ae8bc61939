// Kernel functions for test/time.
import { full, type KernelFunction, release, schedule } from '../../src/kernel-api.js'
import { HRTIMER } from '../../src/memory/structs/hrtimers.js'
import { TASK } from '../../src/memory/structs.js'
import { FLAG, RESTART } from '../../src/sched/task.js'
import { prepareToSleep, wakeTimeOf } from '../../src/time/sleep.js'
import { joinTask, startTask, testTask } from './tasks.js'

/** In scratch memory. */
export const AT = {
  /** how many have woken, and their arguments in that order */
  woken: 0,
  order: 1,
  /** tasks that have gone to sleep */
  asleep: 64,
} as const

const NS_PER_US = 1000
/** How far the clocks of two workers may be apart. */
const APART_NS = 50 * NS_PER_US

export const functions = {
  /** Sleeps `times` times for `us`; answers how often it woke too early, or still had a timer that was armed. */
  *time_sleep(cpu, us, times) {
    let early = 0
    for (let n = 0; n < times; n++) {
      const due = (yield cpu.clock('time:before')) + us * NS_PER_US
      yield* prepareToSleep(cpu, us * NS_PER_US)
      yield* schedule(cpu)
      const now = yield cpu.clock('time:after')
      if (now < due || cpu.memory.get(cpu.task + TASK.sleepTimer + HRTIMER.queued) !== 0) early++
    }
    return early
  },

  /** Sleeps once, where it may change CPU; answers 1 when it woke too early, else 0. Notes when it was due. */
  *time_sleeper(cpu, task, us) {
    const { memory } = cpu
    if (memory.get(task + TASK.phase) === 0) {
      memory.set(task + TASK.phase, 1)
      yield* prepareToSleep(cpu, us * NS_PER_US)
      yield cpu.add(memory.scratch(AT.asleep), 1, release, 'time:asleep')
      return RESTART
    }
    const now = yield cpu.clock('time:awake')
    const n = yield cpu.add(memory.scratch(AT.woken), 1, full, 'time:woken')
    memory.set(memory.scratch(AT.order) + n, memory.taskIndex(task) - memory.taskIndex(testTask(memory, 0)))
    return now < wakeTimeOf(cpu) - APART_NS ? 1 : 0
  },

  /** Starts `count` sleepers on `home`, later ones for shorter times; answers how many woke too early. */
  *time_sleepers(cpu, home, count) {
    const tasks: number[] = []
    for (let slot = 0; slot < count; slot++) {
      const us = (count - slot) * 300
      const where = { cpu: home, flags: FLAG.kthread, affinity: [0, 1, 2] }
      tasks.push(yield* startTask(cpu, { ...where, slot, entry: 'time_sleeper', argument: us }))
    }
    let early = 0
    for (const task of tasks) early += yield* joinTask(cpu, task)
    return early
  },

  /** Returns when `count` sleepers have gone to sleep. */
  *time_all_asleep(cpu, count) {
    yield cpu.waitUntil(cpu.memory.scratch(AT.asleep), count, 'time:all_asleep')
    return count
  },
} satisfies Record<string, KernelFunction>
