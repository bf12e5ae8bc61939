// A pointer chase: one cycle through 512 KiB, in an order that no prefetcher guesses. Every step waits for memory, so this
// is what a task feels that has lost its caches. The result adds up where it has been.
import type { UserProcess, UserTask, Workload } from './workload.js'

/** Places in the cycle: a word each. */
const PLACES = 128 * 1024
/** Steps of a unit. */
const STRIDE = 64
const AT = { done: 0, place: 1, sum: 2, next: 16 } as const

/** Fills `next` with one cycle through all places, in an order that the seed decides (Sattolo's shuffle). */
function fillCycle(next: Int32Array, seed: number): void {
  for (let n = 0; n < PLACES; n++) next[n] = n
  let x = (seed | 0) ^ 0x2545_f491 || 1
  for (let n = PLACES - 1; n > 0; n--) {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    const other = (x >>> 0) % n
    const kept = next[n]!
    next[n] = next[other]!
    next[other] = kept
  }
}

export const chase: Workload = {
  name: 'chase',
  description: 'a pointer chase through 512 KiB: bound by memory',
  unitNs: 600,
  typicalWork: 300_000,
  bytes: () => (AT.next + PLACES) * 4,
  prepare({ words, seed }: UserProcess): void {
    fillCycle(words.subarray(AT.next, AT.next + PLACES), seed)
  },
  step(task: UserTask, budget: number): number {
    const { words, work } = task.process
    const todo = Math.min(budget, work - words[AT.done]!)
    let place = words[AT.place]!
    let sum = words[AT.sum]!
    for (let n = todo * STRIDE; n > 0; n--) {
      place = words[AT.next + place]!
      sum = (sum + place) | 0
    }
    words[AT.place] = place
    words[AT.sum] = sum
    words[AT.done]! += todo
    task.used = todo
    return words[AT.done] === work ? task.done() : 0
  },
  result: ({ words }: UserProcess): string => `at ${words[AT.place]}, sum ${words[AT.sum]! >>> 0}`,
  /** Whole rounds are known without going them: a cycle comes back, and adds up all places. */
  expected(work: number, seed: number): string {
    const next = new Int32Array(PLACES)
    fillCycle(next, seed)
    const steps = work * STRIDE
    const rounds = Math.floor(steps / PLACES)
    let place = 0
    let sum = Math.imul(rounds, Number(((BigInt(PLACES) * BigInt(PLACES - 1)) / 2n) % 2n ** 32n))
    for (let n = steps % PLACES; n > 0; n--) {
      place = next[place]!
      sum = (sum + place) | 0
    }
    return `at ${place}, sum ${sum >>> 0}`
  },
}
