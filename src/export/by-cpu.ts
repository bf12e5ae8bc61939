// The events of each CPU by themselves, as formats have them that keep them so.
import type { Entry, Trace } from './entry.js'

/** For each CPU its entries, in order. */
export function byCpu({ entries, cpus }: Trace): Entry[][] {
  const lists = Array.from({ length: cpus }, (): Entry[] => [])
  for (const entry of entries) lists[entry.cpu]!.push(entry)
  return lists
}
