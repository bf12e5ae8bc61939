// Which events a trace is to have: --events LIST, by names of events and of systems.
import { UsageError } from '../base/failure.js'
import type { Entry } from './entry.js'
import { type EventName, FORMAT_NAMES, FORMATS } from './formats.js'

const SYSTEMS = [...new Set(FORMAT_NAMES.map((name) => FORMATS[name].system))]

/** 'sched,cpuhp_enter' as the events that it stands for; null: all. A UsageError for a name that there is not. */
export function parseEvents(list: string | null): ReadonlySet<EventName> {
  if (list === null) return new Set(FORMAT_NAMES)
  return new Set(
    list.split(',').flatMap((word) => {
      const found = FORMAT_NAMES.filter((name) => name === word || FORMATS[name].system === word)
      if (found.length > 0) return found
      throw new UsageError(
        `--events: there is no event '${word.slice(0, 80)}'; there are ${SYSTEMS.join(', ')} (all of a kind), and ${FORMAT_NAMES.join(', ')}`,
      )
    }),
  )
}

/** The entries of those events. What was lost before one that is left out is lost before the next of its CPU. */
export function select(entries: readonly Entry[], events: ReadonlySet<EventName>): Entry[] {
  const carried = new Map<number, number>()
  const selected: Entry[] = []
  for (const entry of entries) {
    const lost = entry.lost + (carried.get(entry.cpu) ?? 0)
    const isWanted = events.has(entry.name)
    carried.set(entry.cpu, isWanted ? 0 : lost)
    if (isWanted) selected.push(lost === entry.lost ? entry : { ...entry, lost })
  }
  return selected
}
