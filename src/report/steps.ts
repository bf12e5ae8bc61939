// How long each step's callbacks took, by their cpuhp_enter and cpuhp_exit. Callbacks of CPUs that are not online leave
// no events, in Linux as here: the DYING callbacks are in the time of takedown_cpu and of the phases.
import type { TraceEvent } from '../trace/ring.js'
import type { Operation } from './phases.js'

/** The time that an operation spent in one callback, all of its instances together. */
export interface StepTime {
  readonly state: number
  readonly fn: string
  ns: number
}

interface Call {
  /** the CPU that it was about */
  readonly subject: number
  readonly state: number
  readonly fn: string
  readonly beganNs: number
  endNs: number
}

/** Not a step: it stands around those that cpuhp/N runs. */
const AROUND = 'cpuhp_kick_ap_work'

export class StepReader {
  private readonly functionName: (fn: number) => string
  /** by task: the callbacks that it is in */
  private readonly open = new Map<number, Call[]>()
  private ended: Call[] = []

  constructor(functionName: (fn: number) => string) {
    this.functionName = functionName
  }

  take({ event, task, a, c, function: fn, timeNs }: TraceEvent): void {
    if (event === 'cpuhp_enter' || event === 'cpuhp_multi_enter') {
      const call = { subject: a, state: c, fn: this.functionName(fn), beganNs: timeNs, endNs: timeNs }
      const calls = this.open.get(task)
      if (calls === undefined) this.open.set(task, [call])
      else calls.push(call)
    } else if (event === 'cpuhp_exit') {
      const call = this.open.get(task)?.pop()
      // One whose beginning was lost has the wrong beginning on top: better none.
      if (call === undefined || call.state !== (c & 0xffff)) this.open.delete(task)
      else if (call.fn !== AROUND) this.ended.push({ ...call, endNs: timeNs })
    }
  }

  /** The calls of an operation that has ended, in their order; those of earlier ones are forgotten. */
  callsOf({ cpu, beganNs, totalNs }: Operation): readonly Call[] {
    const endNs = beganNs + totalNs
    const calls = this.ended.filter((call) => call.subject === cpu && call.beganNs >= beganNs && call.endNs <= endNs)
    this.ended = this.ended.filter((call) => call.endNs > endNs)
    return calls.sort((x, y) => x.beganNs - y.beganNs)
  }

  forget(): void {
    this.open.clear()
    this.ended = []
  }
}

/** Sums over the instances. */
export function timesOf(calls: readonly Call[]): StepTime[] {
  const times = new Map<string, StepTime>()
  for (const { state, fn, beganNs, endNs } of calls) {
    const key = `${state} ${fn}`
    const time = times.get(key) ?? { state, fn, ns: 0 }
    time.ns += endNs - beganNs
    times.set(key, time)
  }
  return [...times.values()]
}

export type { Call as StepCall }
