// Loads that ask something of other CPUs: function calls by interrupt, work for a kworker, changes of affinity.
import { KTHREAD } from '../memory/structs/loads.js'
import { TASK } from '../memory/structs.js'
import type { Cpu } from '../ops/cpu.js'
import { bitsOf } from '../ops/mask.js'
import { type Kernel, relaxed } from '../ops/operation.js'
import { RESTART } from '../sched/task.js'
import { smpCallFunctionMany, smpCallFunctionSingle } from '../smp/smp.js'
import { beginWorkOnCpu, workOnCpuReady, workOnCpuResult } from '../workqueue/work-on-cpu.js'
import { ARGUMENT, argumentOf, beginRound, COUNT, count, endRound, goTo } from './round.js'

/** What the calls add to the thread's own counts: how many were sent, and how many have been run. */
export const IPI = { sent: COUNT.own, run: COUNT.own + 1, offline: COUNT.own + 2 } as const
/** One call in so many goes to all CPUs. */
const TO_ALL = 4

/** Calls a function on another CPU, or on all, and waits for it: it runs exactly once, or the CPU was offline. */
export function* ipis(cpu: Cpu, thread: number): Kernel<number> {
  const { memory } = cpu
  const run = cpu.functions.find('load_ipi_run')
  yield* beginRound(cpu, thread)
  for (let n = argumentOf(cpu, thread, ARGUMENT.own); n > 0; n--) {
    if ((yield cpu.choose(TO_ALL, 'load_ipi:all')) === 0) {
      const sent = yield* smpCallFunctionMany(cpu, bitsOf(memory, memory.online), run, thread, true)
      yield cpu.add(thread + KTHREAD.count + IPI.sent, sent, relaxed, 'load_ipi:sent')
      continue
    }
    const target = yield cpu.choose(memory.layout.config.cpus, 'load_ipi:target')
    const answer = yield* smpCallFunctionSingle(cpu, target, run, thread, true)
    yield count(cpu, thread, answer === 0 ? IPI.sent : IPI.offline, 'load_ipi:sent')
  }
  return yield* endRound(cpu, thread)
}

export function* ipiRun(cpu: Cpu, thread: number): Kernel<number> {
  yield count(cpu, thread, IPI.run, 'load_ipi:run')
  return 0
}

const WORK_PHASE = { between: 0, queued: 1 } as const

/** Queues a piece of work on the kworker of some CPU, up or down, and waits until it is done. */
export function* work(cpu: Cpu, thread: number, index: number): Kernel<number> {
  const { memory, task } = cpu
  const phase = task + TASK.phase
  if (memory.get(phase) === WORK_PHASE.between) {
    yield* beginRound(cpu, thread)
    const target = yield cpu.choose(memory.layout.config.cpus, 'load_work:target')
    memory.set(phase, WORK_PHASE.queued)
    yield* beginWorkOnCpu(cpu, target, cpu.functions.find('load_work_run'), index)
  }
  if (!(yield* workOnCpuReady(cpu))) return RESTART
  if (workOnCpuResult(cpu) !== index) yield count(cpu, thread, COUNT.wrong, 'load_work:result')
  return yield* endRound(cpu, thread)
}

export const WORK_RUN = COUNT.own

export function* workRun(cpu: Cpu, index: number): Kernel<number> {
  yield count(cpu, cpu.memory.kthread(index), WORK_RUN, 'load_work:run')
  return index
}

/** Of a thread that pins itself: how often the CPU was on its way down, and how often it was refused. */
export const PIN = { dying: COUNT.own, refused: COUNT.own + 1 } as const

/** Asks to be allowed on the CPU that is going down and nowhere else; on any other when none is. */
export function* pin(cpu: Cpu, thread: number): Kernel<number> {
  const { memory } = cpu
  yield* beginRound(cpu, thread)
  let target = yield* dyingCpu(cpu)
  if (target >= 0) yield count(cpu, thread, PIN.dying, 'load_pin:dying')
  else target = yield cpu.choose(memory.layout.config.cpus, 'load_pin:any')
  if ((yield* goTo(cpu, target)) !== 0) yield count(cpu, thread, PIN.refused, 'load_pin:refused')
  return yield* endRound(cpu, thread)
}

function* dyingCpu(cpu: Cpu): Kernel<number> {
  const { memory } = cpu
  for (let w = 0; w < memory.layout.maskWords; w++) {
    const bits = yield cpu.load(memory.dying + w, relaxed, 'load_pin:look')
    if (bits !== 0) return w * 32 + (31 - Math.clz32(bits & -bits))
  }
  return -1
}
