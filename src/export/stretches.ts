// What each CPU was at, stretch after stretch: from one event of it to the next it stays the same.
import { MARK } from '../trace/events.js'
import type { Entry, Trace } from './entry.js'
import { handlerBegun, handlerEnds } from './handlers.js'

export interface Stretch {
  readonly cpu: number
  readonly beginNs: number
  readonly endNs: number
  readonly state: 'busy' | 'idle' | 'stopped' | 'offline'
  /** the task that runs; pid 0: none */
  readonly pid: number
  /**
   * outermost first: the task or 'idle', the work and the hotplug callbacks that it is in, stop_machine, and interrupts that it has
   * taken; or 'offline' alone
   */
  readonly stack: readonly string[]
}

interface CpuNow {
  sinceNs: number
  pid: number
  comm: string
  offline: boolean
  stopped: boolean
  /** handlers, the last on top */
  readonly interrupts: string[]
}

/** All stretches of all CPUs; those of one CPU in order, without gaps from 0 to the trace's end. */
export function* stretchesOf({ entries, cpus, endNs }: Trace): Generator<Stretch> {
  const now = Array.from({ length: cpus }, (): CpuNow => {
    return { sinceNs: 0, pid: 0, comm: '', offline: true, stopped: false, interrupts: [] }
  })
  /** work and callbacks that each task is in */
  const callbacks = new Map<number, string[]>()
  function* until(cpu: number, timeNs: number): Generator<Stretch> {
    const at = now[cpu]!
    if (timeNs <= at.sinceNs) return
    yield stretchOf(cpu, at, timeNs, callbacks.get(at.pid) ?? [])
    at.sinceNs = timeNs
  }
  for (const entry of entries) {
    const { cpu, mark, timeNs } = entry
    yield* until(cpu, timeNs)
    const at = now[cpu]!
    at.offline = false
    if (entry.lost > 0) Object.assign(at, { stopped: false, interrupts: [] })
    at.pid = entry.pid
    at.comm = entry.comm
    apply(entry, at, callbacks)
    if (mark?.point !== MARK.died) continue
    yield* until(mark.subject, timeNs)
    Object.assign(now[mark.subject]!, { offline: true, stopped: false, pid: 0, interrupts: [] })
  }
  for (let cpu = 0; cpu < cpus; cpu++) yield* until(cpu, endNs)
}

function apply(entry: Entry, at: CpuNow, callbacks: Map<number, string[]>): void {
  const { name, fields, mark, pid } = entry
  const handler = handlerBegun(entry)
  if (mark?.point === MARK.irqsOff) at.stopped = true
  else if (mark?.point === MARK.irqsOn) at.stopped = false
  else if (name === 'sched_switch') {
    at.pid = Number(fields.next_pid)
    at.comm = String(fields.next_comm)
  } else if (name === 'cpuhp_enter' || name === 'cpuhp_multi_enter') {
    callbacks.set(pid, [...(callbacks.get(pid) ?? []), String(fields.fun)])
  } else if (name === 'workqueue_execute_start') callbacks.set(pid, [String(fields.function)])
  else if (name === 'cpuhp_exit' || name === 'workqueue_execute_end') {
    callbacks.set(pid, (callbacks.get(pid) ?? []).slice(0, -1))
  } else if (handler !== null) at.interrupts.push(handler)
  else if (handlerEnds(entry)) at.interrupts.pop()
}

function stretchOf(cpu: number, at: CpuNow, endNs: number, callbacks: readonly string[]): Stretch {
  const { sinceNs: beginNs, pid, comm, offline, stopped, interrupts } = at
  if (offline) return { cpu, beginNs, endNs, state: 'offline', pid: 0, stack: ['offline'] }
  const stop = stopped ? ['stop_machine'] : []
  const stack = [pid === 0 ? 'idle' : comm, ...callbacks, ...stop, ...interrupts]
  const state = stopped ? 'stopped' : pid === 0 && interrupts.length === 0 ? 'idle' : 'busy'
  return { cpu, beginNs, endNs, state, pid, stack }
}
