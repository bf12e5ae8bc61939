// Kernel functions for test/softirq.
import {
  type Cpu,
  full,
  type Kernel,
  type KernelFunction,
  relaxed,
  smpCallFunctionSingle,
} from '../../src/kernel-api.js'
import { SOFTIRQ_DATA, TASKLET } from '../../src/memory/structs/deferred.js'
import { PERCPU } from '../../src/memory/structs.js'
import { localBhDisable, localBhEnable, raiseSoftirq, SOFTIRQ, softirqActions } from '../../src/softirq/softirq.js'
import {
  taskletDisable,
  taskletEnable,
  taskletHiSchedule,
  taskletInit,
  taskletKill,
  taskletSchedule,
} from '../../src/softirq/tasklet.js'

/** In scratch memory. */
export const AT = {
  /** what must not be: see the tasklets below */
  wrong: 0,
  /** where a DYING callback has scheduled its tasklet, + 1 */
  dying: 1,
  /** rounds that a softirq has itself raised for */
  left: 2,
  /** how often it was served on the way out of an interrupt, and by ksoftirqd */
  inInterrupt: 3,
  byThread: 4,
  /** for each tasklet: how often it ran, whether it runs, on which CPU it ran last */
  runs: 16,
  inside: 32,
  where: 48,
  /** the tasklets */
  tasklets: 64,
} as const

/** Tasklets of the test: two that are scheduled everywhere, one that goes before all softirqs, and the dying CPU's. */
export const TASKLETS = 4

function tasklet(cpu: Cpu, n: number): number {
  return cpu.memory.scratch(AT.tasklets + n * TASKLET.$size)
}

const wrong = (cpu: Cpu) => cpu.add(cpu.memory.scratch(AT.wrong), 1, relaxed, 'softirq:wrong')

/** A softirq that raises itself as long as it is told to. */
function* again(cpu: Cpu): Kernel<void> {
  const { memory } = cpu
  const where =
    cpu.task === memory.get(memory.percpu(cpu.id) + PERCPU.softirq + SOFTIRQ_DATA.thread) ? AT.byThread : AT.inInterrupt
  yield cpu.add(memory.scratch(where), 1, relaxed, 'softirq:again')
  if ((yield cpu.add(memory.scratch(AT.left), -1, full, 'softirq:left')) > 1) yield* raiseSoftirq(cpu, SOFTIRQ.irqPoll)
}
softirqActions[SOFTIRQ.irqPoll] = again

export const functions = {
  *softirq_init(cpu) {
    for (let n = 0; n < TASKLETS; n++) taskletInit(cpu, tasklet(cpu, n), cpu.functions.find('softirq_tasklet'), n)
    return 0
  },

  /** What a tasklet does: never in two places at once, with interrupts on and preemption off. It may be disabled meanwhile. */
  *softirq_tasklet(cpu, n, itself) {
    const { memory } = cpu
    const inside = memory.scratch(AT.inside + n)
    if ((yield cpu.add(inside, 1, full, 'softirq:inside')) !== 0) yield wrong(cpu)
    if (!cpu.servingSoftirq || cpu.irqDisabled > 0 || cpu.preemptCount === 0) yield wrong(cpu)
    if (itself !== tasklet(cpu, n)) yield wrong(cpu)
    yield cpu.add(memory.scratch(AT.runs + n), 1, full, 'softirq:runs')
    yield cpu.store(memory.scratch(AT.where + n), cpu.id, relaxed, 'softirq:where')
    yield cpu.add(inside, -1, full, 'softirq:outside')
    return 0
  },

  /** Schedules the tasklets but the last `times` times: from a task, from an interrupt, and out of a section without softirqs. */
  *softirq_schedule(cpu, times) {
    for (let i = 0; i < times; i++) {
      for (let n = 0; n < 2; n++) yield* taskletSchedule(cpu, tasklet(cpu, n))
      const other = (cpu.id + 1) % cpu.memory.layout.config.cpus
      yield* smpCallFunctionSingle(cpu, other, cpu.functions.find('softirq_call'), i, false)
      localBhDisable(cpu)
      yield* taskletHiSchedule(cpu, tasklet(cpu, 2))
      yield* localBhEnable(cpu)
    }
    return 0
  },

  /** In an interrupt of another CPU. */
  *softirq_call(cpu, i) {
    yield* taskletSchedule(cpu, tasklet(cpu, i % 2))
    return 0
  },

  /** Schedules a tasklet once; answers how often it has run when it has been killed after that. */
  *softirq_kill(cpu, n) {
    yield* taskletSchedule(cpu, tasklet(cpu, n))
    yield* taskletKill(cpu, tasklet(cpu, n))
    return yield cpu.load(cpu.memory.scratch(AT.runs + n), full, 'softirq:killed')
  },

  /** Disables a tasklet and enables it again, `times` times. It may not run meanwhile. */
  *softirq_disable(cpu, n, times) {
    for (let i = 0; i < times; i++) {
      yield* taskletDisable(cpu, tasklet(cpu, n))
      const before = yield cpu.load(cpu.memory.scratch(AT.runs + n), full, 'softirq:disabled')
      yield* taskletSchedule(cpu, tasklet(cpu, n))
      const after = yield cpu.load(cpu.memory.scratch(AT.runs + n), full, 'softirq:disabled')
      if (before !== after) yield wrong(cpu)
      yield* taskletEnable(cpu, tasklet(cpu, n))
    }
    return 0
  },

  /** Raises a softirq that raises itself `times` times in all. */
  *softirq_again(cpu, times) {
    yield cpu.store(cpu.memory.scratch(AT.left), times, full, 'softirq:left')
    yield* raiseSoftirq(cpu, SOFTIRQ.irqPoll)
    return 0
  },

  /** A DYING callback: the last tasklet is scheduled on a CPU that serves softirqs no more. */
  *softirq_dying(cpu) {
    if (cpu.irqDisabled === 0) yield wrong(cpu)
    yield* taskletSchedule(cpu, tasklet(cpu, TASKLETS - 1))
    yield cpu.store(cpu.memory.scratch(AT.dying), cpu.id + 1, relaxed, 'softirq:dying')
    return 0
  },
} satisfies Record<string, KernelFunction>
