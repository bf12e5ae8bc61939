// How long CPUs and tasks have been at what, seen from outside: what the kernel has accounted (sched/runqueue.ts), and
// what the task that runs has run since.
import type { Memory } from '../memory/memory.js'
import { PERCPU, RUNQUEUE, TASK } from '../memory/structs.js'
import { bitsOf, testBit } from '../ops/mask.js'
import { VECTOR } from '../ops/vectors.js'
import { stealOf, timeFieldOf } from '../sched/runqueue.js'

/** Times of a CPU, ns. The time in which it was offline is none of them. */
export interface CpuTimes {
  readonly userNs: number
  readonly niceNs: number
  readonly systemNs: number
  readonly idleNs: number
  /** in which the host ran something else */
  readonly stealNs: number
}

const FIELDS = ['userNs', 'niceNs', 'systemNs', 'idleNs', 'stealNs'] as const

export function cpuTimes(memory: Memory, cpu: number, nowNs: number): CpuTimes {
  const rq = memory.runqueue(cpu)
  const current = memory.get(rq + RUNQUEUE.current)
  const running = testBit(memory, memory.online, cpu) ? timeFieldOf(memory, current) : -1
  const since = runsSince(memory, rq, current, nowNs)
  const time = (name: (typeof FIELDS)[number]): number => {
    const field = RUNQUEUE[name]
    return memory.getTime(rq + field) + (field === running ? since : 0)
  }
  return {
    userNs: time('userNs'),
    niceNs: time('niceNs'),
    systemNs: time('systemNs'),
    idleNs: time('idleNs'),
    stealNs: time('stealNs'),
  }
}

/** How long the task that runs has run since it was accounted. */
function runsSince(memory: Memory, rq: number, current: number, nowNs: number): number {
  return Math.max(0, nowNs - memory.getTime(current + TASK.execStart) - stealOf(memory, rq))
}

export function sumOfTimes(all: readonly CpuTimes[]): CpuTimes {
  const sum = { userNs: 0, niceNs: 0, systemNs: 0, idleNs: 0, stealNs: 0 }
  for (const times of all) for (const name of FIELDS) sum[name] += times[name]
  return sum
}

/** How long a task has run, ns. */
export function runTime(memory: Memory, task: number, nowNs: number): number {
  const rq = memory.runqueue(memory.get(task + TASK.cpu))
  const runs = memory.get(rq + RUNQUEUE.current) === task
  const since = runs ? runsSince(memory, rq, task, nowNs) : 0
  return memory.getTime(task + TASK.sumExec) + since
}

/** Kinds of interrupts as /proc/interrupts lists them: the port is the only device. */
export const INTERRUPTS: readonly { label: string; vectors: readonly number[]; description: string }[] = [
  { label: '0', vectors: [VECTOR.port], description: 'host port' },
  { label: 'LOC', vectors: [VECTOR.timer], description: 'Local timer interrupts' },
  { label: 'RES', vectors: [VECTOR.reschedule], description: 'Rescheduling interrupts' },
  { label: 'CAL', vectors: [VECTOR.callFunction, VECTOR.callFunctionSingle], description: 'Function call interrupts' },
]

/** How many interrupts of these vectors a CPU has taken. */
export function interruptsTaken(memory: Memory, cpu: number, vectors: readonly number[]): number {
  return vectors.reduce((sum, vector) => sum + memory.get(memory.percpu(cpu) + PERCPU.interrupts + vector), 0)
}

/** Sum over all CPUs that there can be: what an offline one has done still counts. */
export function sumOverCpus(memory: Memory, of: (cpu: number) => number): number {
  let sum = 0
  for (const cpu of bitsOf(memory, memory.possible)) sum += of(cpu)
  return sum
}
