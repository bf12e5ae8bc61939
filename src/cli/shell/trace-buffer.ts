// What `trace on` collects: events of the machine, by name.
import { UsageError } from '../../base/failure.js'
import type { Machine } from '../../machine/machine.js'
import { EVENT_NAMES } from '../../trace/events.js'

/** Events of hotplug, which is what is traced unless others are named. */
const HOTPLUG = ['cpuhp_enter', 'cpuhp_multi_enter', 'cpuhp_exit']
const NAMES = EVENT_NAMES.slice(1)
/** Lines that are kept, at most. */
const LINES = 100_000

export class TraceBuffer {
  readonly lines: string[] = []
  /** events that were overwritten before they were read, or dropped here */
  lost = 0
  private names: ReadonlySet<string> | null = null
  private lostBefore = 0

  get isOn(): boolean {
    return this.names !== null
  }

  /** From now on, events of these names are collected: all of them for 'all', those of hotplug without any. */
  start(machine: Machine, names: readonly string[]): void {
    for (const name of names) {
      if (name !== 'all' && !NAMES.includes(name)) {
        throw new UsageError(`there is no event '${name}'; there are ${NAMES.join(', ')}, and all`)
      }
    }
    machine.trace()
    this.lostBefore = machine.lostEvents
    this.names = new Set(names.includes('all') ? NAMES : names.length === 0 ? HOTPLUG : names)
  }

  /** Takes what the machine has recorded since the last time. */
  collect(machine: Machine): void {
    if (this.names === null) return
    for (const event of machine.trace()) if (this.names.has(event.event)) this.lines.push(machine.formatEvent(event))
    this.lost += machine.lostEvents - this.lostBefore + Math.max(0, this.lines.length - LINES)
    this.lostBefore = machine.lostEvents
    if (this.lines.length > LINES) this.lines.splice(0, this.lines.length - LINES)
  }

  stop(machine: Machine): void {
    this.collect(machine)
    this.names = null
  }

  clear(): void {
    this.lines.length = 0
    this.lost = 0
  }
}
