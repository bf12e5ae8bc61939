// Traces as JSON in the Trace Event Format, that chrome://tracing, Perfetto and others open: one event a line.
import type { Trace } from './entry.js'
import { type Step, type Track, tracksOf } from './tracks.js'

/** The groups of tracks are its processes. */
const PROCESSES: Readonly<Record<Track['group'], { readonly pid: number; readonly name: string }>> = {
  requests: { pid: 1, name: 'requests' },
  hotplug: { pid: 2, name: 'hotplug' },
  cpus: { pid: 3, name: 'CPUs' },
  tasks: { pid: 4, name: 'tasks' },
  work: { pid: 5, name: 'work' },
}
const PHASES = { begin: 'B', end: 'E', instant: 'i' } as const

/** The file's contents, in pieces. */
export function* chromeJson(trace: Trace): Generator<string> {
  const { tracks, steps } = tracksOf(trace)
  yield '{"displayTimeUnit":"ns","traceEvents":[\n'
  for (const { pid, name } of Object.values(PROCESSES)) {
    yield `${JSON.stringify({ ph: 'M', name: 'process_name', pid, tid: 0, args: { name } })},\n`
    yield `${JSON.stringify({ ph: 'M', name: 'process_sort_index', pid, tid: 0, args: { sort_index: pid } })},\n`
  }
  for (const { group, id, name } of tracks) {
    const { pid } = PROCESSES[group]
    yield `${JSON.stringify({ ph: 'M', name: 'thread_name', pid, tid: id, args: { name } })},\n`
  }
  for (const step of steps) yield `${JSON.stringify(eventOf(step))},\n`
  const end = { ph: 'M', name: 'trace_end', pid: 1, tid: 0, args: { ns: trace.endNs } }
  yield `${JSON.stringify(end)}\n]}\n`
}

/** Times are in microseconds, with the nanoseconds behind the point. */
function eventOf({ kind, track, timeNs, name, fields }: Step): object {
  const place = { ph: PHASES[kind], pid: PROCESSES[track.group].pid, tid: track.id, ts: timeNs / 1000 }
  if (kind === 'end') return place
  const args = Object.keys(fields).length === 0 ? {} : { args: fields }
  return kind === 'instant' ? { ...place, name, s: 't', ...args } : { ...place, name, ...args }
}
