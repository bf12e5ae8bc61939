// A trace in figures, as `perf sched latency` has them: of each task, and of each CPU.
import type { Trace } from './entry.js'
import { stretchesOf } from './stretches.js'

/** Times in ns. */
export interface TaskSummary {
  readonly pid: number
  readonly comm: string
  readonly runNs: number
  /** how often it was switched to */
  readonly switches: number
  /** wakeups after which it was seen to run, and how long it waited for that */
  readonly wakeups: number
  readonly delayNs: number
  readonly maxDelayNs: number
  /** when the longest wait ended */
  readonly maxAtNs: number
}

/** The four together are the trace's length, ns. */
export interface CpuSummary {
  readonly cpu: number
  readonly busyNs: number
  readonly idleNs: number
  /** interrupts off, for stop_machine */
  readonly stoppedNs: number
  readonly offlineNs: number
}

export interface Summary {
  readonly lengthNs: number
  /** by running time, longest first */
  readonly tasks: readonly TaskSummary[]
  readonly cpus: readonly CpuSummary[]
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

export function summarise(trace: Trace): Summary {
  const tasks = new Map<number, Mutable<TaskSummary>>()
  const taskOf = (pid: number, comm: string): Mutable<TaskSummary> => {
    const known = tasks.get(pid)
    if (known !== undefined) return known
    const task = { pid, comm, runNs: 0, switches: 0, wakeups: 0, delayNs: 0, maxDelayNs: 0, maxAtNs: 0 }
    tasks.set(pid, task)
    return task
  }
  const woken = new Map<number, number>()
  const running = new Set<number>()
  for (const { cpu: _, timeNs, name, fields } of trace.entries) {
    if (name === 'sched_wakeup' || name === 'sched_wakeup_new') {
      const pid = Number(fields.pid)
      // One that has not left its CPU yet does not wait for it.
      if (!woken.has(pid) && !running.has(pid)) woken.set(pid, timeNs)
    }
    if (name !== 'sched_switch') continue
    running.delete(Number(fields.prev_pid))
    if (fields.next_pid === 0) continue
    running.add(Number(fields.next_pid))
    const task = taskOf(Number(fields.next_pid), String(fields.next_comm))
    task.switches++
    const since = woken.get(task.pid)
    if (since === undefined) continue
    woken.delete(task.pid)
    // Two CPUs' clocks may differ by a little.
    const delay = Math.max(0, timeNs - since)
    task.wakeups++
    task.delayNs += delay
    if (delay >= task.maxDelayNs) Object.assign(task, { maxDelayNs: delay, maxAtNs: timeNs })
  }
  const cpus = Array.from({ length: trace.cpus }, (_, cpu): Mutable<CpuSummary> => {
    return { cpu, busyNs: 0, idleNs: 0, stoppedNs: 0, offlineNs: 0 }
  })
  for (const { cpu, pid, state, stack, beginNs, endNs } of stretchesOf(trace)) {
    cpus[cpu]![`${state}Ns`] += endNs - beginNs
    if (pid !== 0) taskOf(pid, stack[0]!).runNs += endNs - beginNs
  }
  const sorted = [...tasks.values()].sort((a, b) => b.runNs - a.runNs || a.pid - b.pid)
  return { lengthNs: trace.endNs, tasks: sorted, cpus }
}
