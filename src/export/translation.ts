// What it takes to say an event of the machine in Linux's words: who knows what its addresses and numbers stand for, and what
// comes of it.
import type { TraceEvent } from '../trace/ring.js'
import type { Mark } from './entry.js'
import type { Fields } from './format.js'
import type { EventName } from './formats.js'

/** What a task is called. */
export interface TaskName {
  readonly pid: number
  readonly comm: string
}

export interface Names {
  task(address: number): TaskName
  function(number: number): string
  workqueue(number: number): string
  /** the name of the action that an irq's handler belongs to */
  irq(number: number): string
}

export interface Translation {
  readonly name: EventName
  readonly fields: Fields
  readonly mark: Mark | null
}

/** How an event is said in Linux's words. */
export type Translate = (event: TraceEvent, names: Names) => Omit<Translation, 'mark'> & { readonly mark?: Mark }

/** A struct's address as Linux's events have one, in bytes. */
export function pointer(word: number): number {
  return word * 4
}
