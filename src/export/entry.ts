// What is exported: a machine's trace events with names in place of addresses, in the words of Linux's trace events.
import type { MARK } from '../trace/events.js'
import type { Fields } from './format.js'
import type { EventName } from './formats.js'

/** One event. */
export interface Entry {
  readonly cpu: number
  /** the machine's time, ns */
  readonly timeNs: number
  /** the task that ran: pid 0 is the idle task */
  readonly pid: number
  readonly comm: string
  /** how the CPU stood: TRACE_FLAG and preemptDepth of trace/events.ts */
  readonly flags: number
  readonly name: EventName
  readonly fields: Fields
  /** the point of a hotplug operation that it marks, null for other events; its text is in `fields` */
  readonly mark: Mark | null
  /** events of this CPU that were lost just before it */
  readonly lost: number
}

export interface Mark {
  readonly subject: number
  readonly point: (typeof MARK)[keyof typeof MARK]
  readonly result: number
}

/** Everything that was recorded of one machine. */
export interface Trace {
  readonly kind: 'threads' | 'deterministic'
  /** possible CPUs */
  readonly cpus: number
  /** CPUs that were online at its end */
  readonly online: number
  /** in the order in which they happened */
  readonly entries: readonly Entry[]
  /** for each CPU, events lost after its last entry */
  readonly lostAtEnd: readonly number[]
  /** the machine's time when it ended, ns */
  readonly endNs: number
}

/** How many events were lost in all: overwritten before they were read, or without room in this program's memory. */
export function lostIn({ entries, lostAtEnd }: Trace): number {
  const atEnd = lostAtEnd.reduce((sum, lost) => sum + lost, 0)
  return entries.reduce((sum, { lost }) => sum + lost, atEnd)
}
