// Where the CPUs' time went, as flame graphs: collapsed stacks, and speedscope's JSON.
import type { Trace } from './entry.js'
import { type Stretch, stretchesOf } from './stretches.js'

/** Collapsed stacks, as flamegraph.pl takes them: 'CPU 1;cpuhp/1;sched_cpu_deactivate 12345', in ns, by stack. */
export function* collapsedStacks(trace: Trace): Generator<string> {
  const times = new Map<string, number>()
  for (const { cpu, stack, beginNs, endNs } of stretchesOf(trace)) {
    const key = [`CPU ${cpu}`, ...stack].map((frame) => frame.replaceAll(';', ',')).join(';')
    times.set(key, (times.get(key) ?? 0) + endNs - beginNs)
  }
  for (const key of [...times.keys()].sort()) {
    const ns = Math.round(times.get(key)!)
    if (ns > 0) yield `${key} ${ns}\n`
  }
}

interface FrameEvent {
  readonly type: 'O' | 'C'
  readonly frame: number
  readonly at: number
}

/** speedscope's file format: a profile of open and close events for each CPU; www.speedscope.app. */
export function* speedscopeJson(trace: Trace): Generator<string> {
  const frames = new Map<string, number>()
  const numberOf = (frame: string): number => {
    const known = frames.get(frame)
    if (known !== undefined) return known
    frames.set(frame, frames.size)
    return frames.size - 1
  }
  const perCpu = Array.from({ length: trace.cpus }, (): Stretch[] => [])
  for (const stretch of stretchesOf(trace)) perCpu[stretch.cpu]!.push(stretch)
  const profiles = perCpu.map((stretches, cpu) => ({
    type: 'evented',
    name: `CPU ${cpu}`,
    unit: 'nanoseconds',
    startValue: 0,
    endValue: trace.endNs,
    events: eventsOf(stretches, numberOf, trace.endNs),
  }))
  yield JSON.stringify({
    $schema: 'https://www.speedscope.app/file-format-schema.json',
    name: 'cpuhp',
    exporter: 'cpuhp',
    shared: { frames: [...frames.keys()].map((name) => ({ name })) },
    profiles,
  })
  yield '\n'
}

/** Frames that two stretches have in common at the bottom stay open from one to the other. */
function eventsOf(stretches: readonly Stretch[], numberOf: (frame: string) => number, endNs: number): FrameEvent[] {
  const events: FrameEvent[] = []
  let open: readonly string[] = []
  const change = (stack: readonly string[], at: number): void => {
    let same = 0
    while (same < stack.length && stack[same] === open[same]) same++
    for (const frame of open.slice(same).reverse()) events.push({ type: 'C', frame: numberOf(frame), at })
    for (const frame of stack.slice(same)) events.push({ type: 'O', frame: numberOf(frame), at })
    open = stack
  }
  for (const { stack, beginNs } of stretches) change(stack, beginNs)
  change([], endNs)
  return events
}
