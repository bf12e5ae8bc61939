// A piece of work: a function that some worker is to call. Queued twice before it has begun it is done once; queued while it is
// being done, it is done again afterwards.
//
// Its `data` is one word, as in Linux, so that one operation tells where it is and takes it:
//
//   0                                       it has never been queued
//   pool                                    it was last done (or begun) by that pool
//   pool | pending                          somebody is about to queue it, a timer will, or somebody takes it back
//   pool_workqueue | queued | pending       it is on a list, guarded by the lock of the pool
//   pool | pending | cancelling             it is being cancelled, and can't be queued
import type { Memory } from '../memory/memory.js'
import { WORK, WORK_LIST } from '../memory/structs/workqueues.js'

export const DATA = { queued: 1 << 29, pending: 1 << 30, cancelling: 1 << 31 } as const
const ADDRESS = (1 << 29) - 1

/** The address in a work's data: of a pool_workqueue where it is queued, else of the pool that did it last, 0: none. */
export function addressIn(data: number): number {
  return data & ADDRESS
}

/** The pool that a work's data leads to; 0 when it has never been queued. */
export function poolIn(memory: Memory, data: number): number {
  return data & DATA.queued ? memory.poolOf(addressIn(data)) : addressIn(data)
}

/** Prepares a work that is not in use: `fn`(cpu, argument, work) will be called. */
export function initWork(memory: Memory, work: number, fn: number, argument: number): void {
  for (let w = 0; w < WORK.$size; w++) memory.set(work + w, 0)
  memory.set(work + WORK.function, fn)
  memory.set(work + WORK.argument, argument)
}

/** Puts a work at the end of a list; the lock of the pool is held. */
export function appendWork(memory: Memory, list: number, work: number): void {
  const last = memory.get(list + WORK_LIST.last)
  memory.set(work + WORK.list, list)
  memory.set(work + WORK.next, 0)
  memory.set(work + WORK.previous, last)
  memory.set(last === 0 ? list + WORK_LIST.first : last + WORK.next, work)
  memory.set(list + WORK_LIST.last, work)
}

/** Takes a work off the list that it is on. */
export function removeWork(memory: Memory, work: number): void {
  const list = memory.get(work + WORK.list)
  const next = memory.get(work + WORK.next)
  const previous = memory.get(work + WORK.previous)
  memory.set(previous === 0 ? list + WORK_LIST.first : previous + WORK.next, next)
  memory.set(next === 0 ? list + WORK_LIST.last : next + WORK.previous, previous)
  memory.set(work + WORK.list, 0)
}

/** Takes the first work off a list; 0 when there is none. */
export function takeFirstWork(memory: Memory, list: number): number {
  const work = memory.get(list + WORK_LIST.first)
  if (work !== 0) removeWork(memory, work)
  return work
}
