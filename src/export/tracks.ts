// A trace as tracks of slices: what viewers with a time line show.
//
//   CPU n               the task that runs, none while it idles
//   CPU n state         stopped: its interrupts are off for stop_machine; offline
//   CPU n interrupts    handlers
//   task                on which CPU it runs
//   work of task        the work that a kworker does, while it sleeps as well
//   hotplug of CPU n    callbacks and phases of what is done to it, by whoever does it: each lies within the one before
//   requests of task    from asking to the answer, waiting for others' operations among it
import { MARK } from '../trace/events.js'
import type { Entry, Mark, Trace } from './entry.js'
import type { Fields } from './format.js'
import { handlerBegun, handlerEnds } from './handlers.js'

export interface Track {
  /** counts from 0 */
  readonly id: number
  readonly group: 'cpus' | 'tasks' | 'work' | 'hotplug' | 'requests'
  readonly name: string
}

/** A slice begins or ends, or something happens. Steps of a track are in order, and its slices nested. */
export interface Step {
  readonly kind: 'begin' | 'end' | 'instant'
  readonly track: Track
  readonly timeNs: number
  readonly name: string
  readonly fields: Fields
}

/** Tracks in the order of their first steps, and the steps of all in the order of events. */
export function tracksOf(trace: Trace): { readonly tracks: readonly Track[]; readonly steps: readonly Step[] } {
  const builder = new Builder(trace)
  for (const entry of trace.entries) builder.take(entry)
  builder.finish(trace.endNs)
  return builder
}

/** The callback in which a CPU dies, and the phase that is its end. */
const TAKEDOWN = 'takedown_cpu'
const DEATH = 'death'
/** Points of an operation at which a phase begins, and those at which it ends. */
const PHASES: Partial<Record<Mark['point'], { readonly name: string; readonly until: Mark['point'] }>> = {
  [MARK.owner]: { name: 'waiting for cpu_hotplug_lock', until: MARK.locked },
  [MARK.graceBegin]: { name: 'grace period', until: MARK.graceEnd },
  [MARK.stopBegin]: { name: 'stop_machine: gathering', until: MARK.stopRun },
  [MARK.stopRun]: { name: 'stop_machine: running', until: MARK.stopRan },
  [MARK.stopRan]: { name: DEATH, until: MARK.died },
}

/** A step that is still being made: what a request is for is known when it has been done. */
type Draft = { -readonly [K in keyof Step]: Step[K] }

const NO_FIELDS: Fields = {}

class Builder {
  readonly tracks: Track[] = []
  readonly steps: Step[] = []
  private readonly byName = new Map<string, Track>()
  /** of each track: the slices that are open, outermost first, and the time of its last step */
  private readonly open: Draft[][] = []
  private readonly last: number[] = []
  /** of each task: the request that it makes */
  private readonly requests = new Map<number, Draft>()
  /** of the operation under way: cpu_add_remove_lock lets one through at a time */
  private way: 'offline' | 'online' | null = null
  private readonly offline: Set<number>

  constructor({ cpus }: Trace) {
    this.offline = new Set()
    for (let cpu = 0; cpu < cpus; cpu++) {
      this.track('cpus', `CPU ${cpu}`)
      this.goOffline(cpu, 0)
    }
  }

  take(entry: Entry): void {
    const { cpu, timeNs, name, fields, lost } = entry
    const handler = handlerBegun(entry)
    if (this.offline.delete(cpu)) this.end(this.state(cpu), timeNs)
    if (lost > 0) this.forget(cpu, lost, timeNs)
    if (entry.mark !== null) this.mark(entry, entry.mark)
    else if (name === 'sched_switch') this.switched(cpu, timeNs, fields)
    else if (name === 'cpuhp_enter' || name === 'cpuhp_multi_enter') this.enter(entry)
    else if (name === 'cpuhp_exit') this.end(this.hotplug(Number(fields.cpu)), timeNs, nameOfStep(fields))
    else if (handler !== null) this.begin(this.interrupts(cpu), timeNs, handler, fields)
    else if (handlerEnds(entry)) this.end(this.interrupts(cpu), timeNs)
    else if (name === 'workqueue_execute_start') this.work(entry)
    else if (name === 'workqueue_execute_end') this.endAll(this.workOf(entry), timeNs)
    else this.step('instant', this.track('cpus', `CPU ${cpu}`), timeNs, name, fields)
  }

  /** Everything that goes on still ends with the trace. */
  finish(endNs: number): void {
    for (const pid of [...this.requests.keys()]) this.refuse(pid)
    for (const track of this.tracks) this.endAll(track, endNs)
  }

  private switched(cpu: number, timeNs: number, fields: Fields): void {
    const track = this.track('cpus', `CPU ${cpu}`)
    this.endAll(track, timeNs)
    const { prev_comm, prev_pid, next_comm, next_pid } = fields
    if (prev_pid !== 0) this.endAll(this.task(prev_pid!, prev_comm!), timeNs)
    if (next_pid === 0) return
    this.begin(track, timeNs, `${next_comm}-${next_pid}`, fields)
    this.begin(this.task(next_pid!, next_comm!), timeNs, `CPU ${cpu}`, NO_FIELDS)
  }

  private enter({ timeNs, fields }: Entry): void {
    const { cpu, fun } = fields
    if (fun === TAKEDOWN) this.way = 'offline'
    if (fun === 'bringup_cpu') this.way = 'online'
    this.begin(this.hotplug(Number(cpu)), timeNs, `${fun} (${nameOfStep(fields)})`, fields)
  }

  private mark(entry: Entry, { subject, point, result }: Mark): void {
    const { cpu, timeNs, fields } = entry
    const track = this.hotplug(subject)
    if (point === MARK.irqsOff) this.begin(this.state(cpu), timeNs, 'stopped', NO_FIELDS)
    else if (point === MARK.irqsOn) this.end(this.state(cpu), timeNs)
    else this.phase(track, point, timeNs)
    if (point === MARK.ask) this.ask(entry, subject)
    else if (point === MARK.owner) this.way = null
    else if (point === MARK.done) this.done(entry, subject, result)
    else if (point === MARK.push) this.step('instant', track, timeNs, 'closed to tasks', fields)
    else if (point === MARK.died) this.goOffline(subject, timeNs)
  }

  private phase(track: Track, point: Mark['point'], timeNs: number): void {
    for (const [begin, { name, until }] of Object.entries(PHASES)) {
      if (until === point) this.end(track, timeNs, name)
      else if (Number(begin) !== point) continue
      // All CPUs are stopped for other reasons as well: nobody dies of those.
      else if (name !== DEATH || this.open[track.id]!.some((slice) => slice.name.startsWith(TAKEDOWN))) {
        this.begin(track, timeNs, name, NO_FIELDS)
      }
    }
  }

  private ask({ pid, comm, timeNs }: Entry, subject: number): void {
    this.refuse(pid)
    const track = this.track('requests', `requests of ${comm}-${pid}`)
    this.requests.set(pid, this.begin(track, timeNs, `request for CPU ${subject}`, { cpu: subject }))
  }

  private done({ pid, timeNs }: Entry, subject: number, result: number): void {
    this.endAll(this.hotplug(subject), timeNs)
    const request = this.requests.get(pid)
    if (request === undefined) return
    this.requests.delete(pid)
    const failed = result === 0 ? '' : ` (${result})`
    request.name = `${this.way === null ? request.name : `${this.way} of CPU ${subject}`}${failed}`
    this.endAll(request.track, timeNs)
  }

  /** A task's last request was answered before anything was done about it: when, nobody has recorded. */
  private refuse(pid: number): void {
    const request = this.requests.get(pid)
    if (request === undefined) return
    this.requests.delete(pid)
    this.open[request.track.id]!.pop()
    request.kind = 'instant'
    request.name = `${request.name}: nothing done`
  }

  private goOffline(cpu: number, timeNs: number): void {
    const track = this.state(cpu)
    this.endAll(track, timeNs)
    this.offline.add(cpu)
    this.begin(track, timeNs, 'offline', NO_FIELDS)
  }

  /** What this CPU was at is not known any more. */
  private forget(cpu: number, lost: number, timeNs: number): void {
    for (const track of [this.track('cpus', `CPU ${cpu}`), this.interrupts(cpu), this.state(cpu)]) {
      this.endAll(track, timeNs)
    }
    this.step('instant', this.track('cpus', `CPU ${cpu}`), timeNs, `${lost} events lost`, NO_FIELDS)
  }

  private state(cpu: number): Track {
    return this.track('cpus', `CPU ${cpu} state`)
  }

  private interrupts(cpu: number): Track {
    return this.track('cpus', `CPU ${cpu} interrupts`)
  }

  private hotplug(cpu: number): Track {
    return this.track('hotplug', `hotplug of CPU ${cpu}`)
  }

  /** A piece of work that is begun anew has had no end. */
  private work(entry: Entry): void {
    const track = this.workOf(entry)
    this.endAll(track, entry.timeNs)
    this.begin(track, entry.timeNs, String(entry.fields.function), entry.fields)
  }

  private workOf({ comm, pid }: Entry): Track {
    return this.track('work', `work of ${comm}-${pid}`)
  }

  private task(pid: number | string, comm: number | string): Track {
    return this.track('tasks', `${comm}-${pid}`)
  }

  private track(group: Track['group'], name: string): Track {
    const known = this.byName.get(name)
    if (known !== undefined) return known
    const track = { id: this.tracks.length, group, name }
    this.byName.set(name, track)
    this.tracks.push(track)
    this.open.push([])
    this.last.push(0)
    return track
  }

  private begin(track: Track, timeNs: number, name: string, fields: Fields): Draft {
    const step = this.step('begin', track, timeNs, name, fields)
    this.open[track.id]!.push(step)
    return step
  }

  /** Ends the innermost slice of that name, with those in it; without a name the innermost. None: nothing. */
  private end(track: Track, timeNs: number, name?: string): void {
    const open = this.open[track.id]!
    const at = name === undefined ? open.length - 1 : open.findLastIndex((slice) => isNamed(slice, name))
    if (at < 0) return
    for (const slice of open.splice(at).reverse()) this.step('end', track, timeNs, slice.name, NO_FIELDS)
  }

  private endAll(track: Track, timeNs: number): void {
    for (const slice of this.open[track.id]!.splice(0).reverse()) {
      this.step('end', track, timeNs, slice.name, NO_FIELDS)
    }
  }

  /** The clocks of two threads differ by a little: a track goes on, never back. */
  private step(kind: Step['kind'], track: Track, timeNs: number, name: string, fields: Fields): Draft {
    const time = Math.max(timeNs, this.last[track.id]!)
    this.last[track.id] = time
    const step = { kind, track, timeNs: time, name, fields }
    this.steps.push(step)
    return step
  }
}

function nameOfStep({ idx }: Fields): string {
  return `step ${idx}`
}

function isNamed(slice: Step, name: string): boolean {
  return slice.name === name || slice.name.endsWith(`(${name})`)
}
