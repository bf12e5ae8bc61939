// The callbacks that a request led to, read from trace events, and whether each that began has ended.
import type { TraceEvent } from '../src/trace/ring.js'
import type { Call } from './model.js'

export interface Observed {
  /** what was called for each CPU, in order */
  readonly calls: ReadonlyMap<number, readonly Call[]>
  /** what is wrong with the events themselves, a line each */
  readonly problems: readonly string[]
}

/** Sorts the hotplug events of one or several requests by the CPU that they are about. */
export function observe(events: readonly TraceEvent[], functionName: (fn: number) => string): Observed {
  const calls = new Map<number, Call[]>()
  const problems: string[] = []
  /** what has begun and not ended, by the task that does it: the latest last */
  const open = new Map<number, { subject: number; step: number }[]>()
  for (const event of events) {
    const { task, a: subject, c } = event
    const step = event.event === 'cpuhp_exit' ? c & 0xffff : c
    if (event.event === 'cpuhp_enter' || event.event === 'cpuhp_multi_enter') {
      calls.set(subject, [...(calls.get(subject) ?? []), { step, function: functionName(event.function) }])
      open.set(task, [...(open.get(task) ?? []), { subject, step }])
    } else if (event.event === 'cpuhp_exit') {
      const latest = open.get(task)?.pop()
      const matches = latest?.subject === subject && latest.step === step
      if (!matches) problems.push(`step ${step} of CPU ${subject} ended without having begun`)
    }
  }
  for (const { subject, step } of [...open.values()].flat()) {
    problems.push(`step ${step} of CPU ${subject} began and has not ended`)
  }
  return { calls, problems }
}

/** The first difference between what was called and what should have been, in words; null when there is none. */
export function differenceOf(expected: readonly Call[], observed: readonly Call[]): string | null {
  for (let n = 0; n < Math.max(expected.length, observed.length); n++) {
    const [wanted, got] = [expected[n], observed[n]]
    if (wanted?.step === got?.step && wanted?.function === got?.function) continue
    return `callback ${n + 1} is ${show(got)}, expected is ${show(wanted)}`
  }
  return null
}

function show(call: Call | undefined): string {
  return call === undefined ? 'none' : `${call.function} (step ${call.step})`
}
