// Where the time of a hotplug operation goes: its trace events, taken apart into phases.
//
//   offline   lock     from the request to cpu_hotplug_lock                         the requester, then a kworker
//             thread   from the kick of cpuhp/N to its first callback               waits for its turn on the busy CPU
//             grace    in sched:active: until every CPU has passed a scheduling point
//             push     from the closing of the CPU to the last task that was pushed away (the grace period lies in it)
//             park     in smpboot/threads: until the CPU's threads are parked
//             empty    in sched:waitempty: until the last task has left
//             gather   stop_machine: until the last CPU has its interrupts off
//             run      stop_machine: the dying CPU's own part
//             death    until the CPU is dead
//             dead     the DEAD callbacks, to the answer
//   online    lock; prepare: the PREPARE callbacks; bringup: cpu:bringup up to its first own callback; online: the rest
//
// Phases of one operation may overlap or leave gaps; `total` is from the request to the answer.
import { MIGRATION } from '../sched/placement.js'
import { MARK } from '../trace/events.js'
import type { TraceEvent } from '../trace/ring.js'

export const OFFLINE_PHASES = [
  'lock',
  'thread',
  'grace',
  'push',
  'park',
  'empty',
  'gather',
  'run',
  'death',
  'dead',
] as const
export const ONLINE_PHASES = ['lock', 'prepare', 'bringup', 'online'] as const
export type Phase = (typeof OFFLINE_PHASES)[number] | (typeof ONLINE_PHASES)[number]

/** An operation that has come to its end. Times in ns. */
export interface Operation {
  readonly cpu: number
  /** from all the way up to all the way down, or back; null for anything else: partial, refused, failed */
  readonly way: 'offline' | 'online' | null
  readonly result: number
  readonly beganNs: number
  readonly totalNs: number
  readonly phases: ReadonlyMap<Phase, number>
  /** how long each other CPU had its interrupts off for it */
  readonly bystanders: readonly number[]
}

interface Current {
  readonly cpu: number
  readonly task: number
  readonly beganNs: number
  readonly phases: Map<Phase, number>
  readonly bystanders: number[]
  readonly irqsOff: Map<number, number>
  /** when each mark was passed */
  readonly marks: Map<number, number>
  kickedNs: number
  enteredNs: number
  diedNs: number
  /** the CPU that stops the others: no bystander */
  bringupNs: number
  went: 'down' | 'up' | null
}

/** Takes events in their order, and gives operations as they end. */
export class PhaseReader {
  private readonly functionName: (fn: number) => string
  private readonly asked = new Map<number, number>()
  private current: Current | null = null
  private readonly ended: Operation[] = []

  constructor(functionName: (fn: number) => string) {
    this.functionName = functionName
  }

  /** Events were lost: what is under way can't be told any more. */
  forget(): void {
    this.current = null
    this.asked.clear()
  }

  /** The operations that have ended with these events. */
  read(events: readonly TraceEvent[]): Operation[] {
    for (const event of events) this.take(event)
    return this.ended.splice(0)
  }

  private take(event: TraceEvent): void {
    switch (event.event) {
      case 'cpuhp_mark':
        this.mark(event)
        break
      case 'cpuhp_enter':
        this.enter(event)
        break
      case 'cpuhp_exit':
        this.exit(event)
        break
      case 'sched_migrate_task':
        this.migrate(event)
        break
    }
  }

  private mark({ cpu: by, a: cpu, b: mark, c, task, timeNs }: TraceEvent): void {
    if (mark === MARK.ask) this.asked.set(task, timeNs)
    if (mark === MARK.owner) this.begin(cpu, task, timeNs)
    const { current } = this
    if (current === null) return
    if (mark === MARK.irqsOff) current.irqsOff.set(by, timeNs)
    else if (mark === MARK.irqsOn) this.released(current, by, timeNs)
    else if (mark === MARK.done) this.end(current, task, c, timeNs)
    else this.passed(current, mark, timeNs)
  }

  private begin(cpu: number, task: number, timeNs: number): void {
    const beganNs = this.asked.get(task) ?? timeNs
    this.current = {
      cpu,
      task,
      beganNs,
      phases: new Map(),
      bystanders: [],
      irqsOff: new Map(),
      marks: new Map(),
      kickedNs: 0,
      enteredNs: 0,
      diedNs: 0,
      bringupNs: 0,
      went: null,
    }
  }

  private passed({ phases, marks, beganNs }: Current, mark: number, timeNs: number): void {
    marks.set(mark, timeNs)
    const since = (phase: Phase, from: number): void => {
      const start = marks.get(from)
      if (start !== undefined) phases.set(phase, timeNs - start)
    }
    if (mark === MARK.locked) phases.set('lock', timeNs - beganNs)
    if (mark === MARK.graceEnd) since('grace', MARK.graceBegin)
    if (mark === MARK.stopRun) since('gather', MARK.stopBegin)
    if (mark === MARK.stopRan) since('run', MARK.stopRun)
    if (mark === MARK.died) since('death', MARK.stopRan)
  }

  private released(current: Current, cpu: number, timeNs: number): void {
    const since = current.irqsOff.get(cpu)
    if (since !== undefined && cpu !== current.cpu) current.bystanders.push(timeNs - since)
  }

  private enter({ cpu: by, a: cpu, function: fn, timeNs }: TraceEvent): void {
    const { current } = this
    if (current === null || cpu !== current.cpu) return
    const name = this.functionName(fn)
    if (name === 'cpuhp_kick_ap_work') current.kickedNs = timeNs
    else if (current.kickedNs > 0 && by === cpu && !current.phases.has('thread')) {
      current.phases.set('thread', timeNs - current.kickedNs)
    }
    if (name === 'takedown_cpu') current.went = 'down'
    if (name === 'bringup_cpu') {
      current.went = 'up'
      current.bringupNs = timeNs
      const locked = current.marks.get(MARK.locked)
      if (locked !== undefined) current.phases.set('prepare', timeNs - locked)
    } else if (current.bringupNs > 0 && by === cpu && !current.phases.has('bringup')) {
      current.phases.set('bringup', timeNs - current.bringupNs)
    }
    current.enteredNs = timeNs
    this.entered = name
  }

  /** the callback that was entered last */
  private entered = ''

  private exit({ a: cpu, timeNs }: TraceEvent): void {
    const { current } = this
    if (current === null || cpu !== current.cpu) return
    if (this.entered === 'smpboot_park_threads') current.phases.set('park', timeNs - current.enteredNs)
    if (this.entered === 'sched_cpu_wait_empty') current.phases.set('empty', timeNs - current.enteredNs)
    this.entered = ''
  }

  private migrate({ b, timeNs }: TraceEvent): void {
    const push = this.current?.marks.get(MARK.push)
    const isPush = (b & 0xffff) === this.current?.cpu && b >> 16 === MIGRATION.push
    if (isPush && push !== undefined) this.current?.phases.set('push', timeNs - push)
  }

  private end(current: Current, task: number, result: number, timeNs: number): void {
    this.current = null
    this.asked.delete(task)
    if (task !== current.task) return
    const died = current.marks.get(MARK.died)
    if (died !== undefined) current.phases.set('dead', timeNs - died)
    const bringup = current.phases.get('bringup')
    if (bringup !== undefined) current.phases.set('online', timeNs - current.bringupNs - bringup)
    const whole = result === 0 && current.phases.has('lock')
    const way = !whole ? null : current.went === 'down' ? 'offline' : current.went === 'up' ? 'online' : null
    this.ended.push({
      cpu: current.cpu,
      way,
      result,
      beganNs: current.beganNs,
      totalNs: timeNs - current.beganNs,
      phases: current.phases,
      bystanders: current.bystanders,
    })
  }
}
