// A CPU's callbacks, in four segments: those that may run, those that wait for a grace period, for the next one, and those
// that have not been given one yet.
//
//   callRcu -> next -> (accelerate) nextReady -> wait -> (advance) done -> (rcuDoBatch) called
//
// All of it is the CPU's own and plain work between two operations, in tasks as in interrupts. What a dead CPU leaves is adopted
// by the one that has taken it down (hotplug.ts).
import type { Memory } from '../memory/memory.js'
import { RCU_DATA, RCU_HEAD, RCU_SEGMENT } from '../memory/structs/rcu.js'
import type { Cpu } from '../ops/cpu.js'
import { assertWatching } from '../sched/read-side.js'
import { seqDone } from './state.js'

/** The segments from the one that is called first on. */
const SEGMENTS = [RCU_DATA.done, RCU_DATA.wait, RCU_DATA.nextReady, RCU_DATA.next] as const

function append(memory: Memory, segment: number, head: number): void {
  const tail = memory.get(segment + RCU_SEGMENT.tail)
  memory.set(head + RCU_HEAD.next, 0)
  if (tail === 0) memory.set(segment + RCU_SEGMENT.head, head)
  else memory.set(tail + RCU_HEAD.next, head)
  memory.set(segment + RCU_SEGMENT.tail, head)
  memory.set(segment + RCU_SEGMENT.count, memory.get(segment + RCU_SEGMENT.count) + 1)
}

/** Puts what is in a segment behind what is in another one. */
function splice(memory: Memory, from: number, to: number): void {
  const head = memory.get(from + RCU_SEGMENT.head)
  if (head === 0) return
  const tail = memory.get(to + RCU_SEGMENT.tail)
  if (tail === 0) memory.set(to + RCU_SEGMENT.head, head)
  else memory.set(tail + RCU_HEAD.next, head)
  memory.set(to + RCU_SEGMENT.tail, memory.get(from + RCU_SEGMENT.tail))
  memory.set(to + RCU_SEGMENT.count, memory.get(to + RCU_SEGMENT.count) + memory.get(from + RCU_SEGMENT.count))
  for (const word of [RCU_SEGMENT.head, RCU_SEGMENT.tail, RCU_SEGMENT.count]) memory.set(from + word, 0)
}

function addTo(memory: Memory, word: number, by: number): void {
  memory.set(word, (memory.get(word) + by) | 0)
}

export function isEmpty(memory: Memory, segment: number): boolean {
  return memory.get(segment + RCU_SEGMENT.head) === 0
}

/**
 * Has `fn`(argument, head) called on this CPU, or on whoever adopts what it leaves, when whatever reads now has ended: the
 * argument stands in the head, which is the callback's until then. In tasks and interrupts; costs no operation.
 */
export function callRcu(cpu: Cpu, head: number, fn: number): void {
  const { memory } = cpu
  assertWatching(cpu, 'call_rcu')
  memory.set(head + RCU_HEAD.function, fn)
  enqueue(memory, cpu.id, head)
}

/** The same on behalf of another CPU, which is dead: the barrier lock is held. */
export function enqueue(memory: Memory, owner: number, head: number): void {
  const data = memory.rcuData(owner)
  append(memory, data + RCU_DATA.next, head)
  addTo(memory, data + RCU_DATA.callbacks, 1)
  addTo(memory, data + RCU_DATA.queued, 1)
}

/** Grace periods up to `gpSeq` are over: what has waited for those may run. */
export function advance(memory: Memory, data: number, gpSeq: number): void {
  for (const segment of [data + RCU_DATA.wait, data + RCU_DATA.nextReady]) {
    if (isEmpty(memory, segment) || !seqDone(gpSeq, memory.get(segment + RCU_SEGMENT.gpSeq))) continue
    splice(memory, segment, data + RCU_DATA.done)
  }
  if (!isEmpty(memory, data + RCU_DATA.wait) || isEmpty(memory, data + RCU_DATA.nextReady)) return
  memory.set(data + RCU_DATA.wait + RCU_SEGMENT.gpSeq, memory.get(data + RCU_DATA.nextReady + RCU_SEGMENT.gpSeq))
  splice(memory, data + RCU_DATA.nextReady, data + RCU_DATA.wait)
}

/** What has no grace period yet waits for the one that ends at `gpSeq`; so does what waited for the one before, if need be. */
export function accelerate(memory: Memory, data: number, gpSeq: number): void {
  const first = isEmpty(memory, data + RCU_DATA.wait)
  const same = !first && memory.get(data + RCU_DATA.wait + RCU_SEGMENT.gpSeq) === gpSeq
  const segment = data + (first || same ? RCU_DATA.wait : RCU_DATA.nextReady)
  memory.set(segment + RCU_SEGMENT.gpSeq, gpSeq)
  splice(memory, data + RCU_DATA.next, segment)
}

/** The first callback that may run, taken off; 0 when there is none. */
export function takeDone(memory: Memory, data: number): number {
  const segment = data + RCU_DATA.done
  const head = memory.get(segment + RCU_SEGMENT.head)
  if (head === 0) return 0
  const next = memory.get(head + RCU_HEAD.next)
  memory.set(segment + RCU_SEGMENT.head, next)
  if (next === 0) memory.set(segment + RCU_SEGMENT.tail, 0)
  memory.set(segment + RCU_SEGMENT.count, memory.get(segment + RCU_SEGMENT.count) - 1)
  return head
}

/** It has been called. */
export function countInvoked(memory: Memory, data: number): void {
  addTo(memory, data + RCU_DATA.callbacks, -1)
  addTo(memory, data + RCU_DATA.invoked, 1)
}

/** What a dead CPU has left becomes this one's: what may run may, the rest is given a grace period anew. */
export function adopt(memory: Memory, from: number, to: number): void {
  const left = memory.get(from + RCU_DATA.callbacks)
  if (left === 0) return
  splice(memory, from + RCU_DATA.done, to + RCU_DATA.done)
  for (const segment of SEGMENTS.slice(1)) splice(memory, from + segment, to + RCU_DATA.next)
  memory.set(from + RCU_DATA.callbacks, 0)
  addTo(memory, to + RCU_DATA.callbacks, left)
  addTo(memory, to + RCU_DATA.adopted, left)
  addTo(memory, from + RCU_DATA.adopted, -left)
}

/** The callbacks of a CPU, for checks. */
export function* callbacksOf(memory: Memory, owner: number): Generator<number, void, undefined> {
  for (const segment of SEGMENTS) {
    let head = memory.get(memory.rcuData(owner) + segment + RCU_SEGMENT.head)
    for (; head !== 0; head = memory.get(head + RCU_HEAD.next)) yield head
  }
}
