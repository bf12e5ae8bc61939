// What interrupts a CPU, one within the other: handlers of interrupts, softirqs, and the functions of timers in them.
import type { Entry } from './entry.js'
import { softirqName } from './irq-formats.js'

const ENTRY = '_entry'

/** What such a thing is called that begins with this event, null when none does. */
export function handlerBegun({ name, fields }: Entry): string | null {
  if (!name.endsWith(ENTRY)) return null
  if (name === 'softirq_entry') return `softirq ${softirqName(Number(fields.vec))}`
  if (name === 'irq_handler_entry') return `irq ${fields.irq} (${fields.name})`
  if (name === 'timer_expire_entry' || name === 'hrtimer_expire_entry') return String(fields.function)
  return name.slice(0, -ENTRY.length)
}

/** Whether one ends with this event. */
export function handlerEnds({ name }: Entry): boolean {
  return name.endsWith('_exit') && name !== 'cpuhp_exit' && name !== 'sched_process_exit'
}
