// A sieve of Eratosthenes, one segment after the other: integer work over a few KiB. The result counts the primes and
// adds them up, modulo 2^31.
import type { UserProcess, UserTask, Workload } from './workload.js'

/** Numbers in a segment; one unit sieves one segment. */
const SEGMENT = 256
/** Primes below the square root of the largest number that is sieved: 2^31 / 256 segments of work never get there. */
const ROOT = 8192
/** Where the process keeps what, in words. */
const AT = { done: 0, count: 1, sum: 2, primes: 3, prime: 4 } as const
const MOST_PRIMES = 1100
/** Marks of the segment, a byte each, after the words. */
const MARKS = (AT.prime + MOST_PRIMES) * 4

/** The segment that unit `n` sieves: they come round again, so that any amount of work is possible. */
const SEGMENTS = (ROOT * ROOT) / SEGMENT

function sieveSegment({ words, bytes, seed }: UserProcess, unit: number): void {
  const low = ((seed + unit) % SEGMENTS) * SEGMENT
  const marks = bytes.subarray(MARKS, MARKS + SEGMENT)
  marks.fill(0)
  const primes = words[AT.primes]!
  for (let i = 0; i < primes; i++) {
    const p = words[AT.prime + i]!
    if (p * p >= low + SEGMENT) break
    for (let n = Math.max(p * p, Math.ceil(low / p) * p) - low; n < SEGMENT; n += p) marks[n] = 1
  }
  let count = words[AT.count]!
  let sum = words[AT.sum]!
  for (let n = low < 2 ? 2 - low : 0; n < SEGMENT; n++) {
    if (marks[n] !== 0) continue
    count++
    sum = (sum + low + n) & 0x7fff_ffff
  }
  words[AT.count] = count
  words[AT.sum] = sum
}

export const sieve: Workload = {
  name: 'sieve',
  description: 'a segmented sieve: counts and adds up primes, in a few KiB',
  unitNs: 1_500,
  typicalWork: 130_000,
  bytes: () => MARKS + SEGMENT,
  prepare({ words }: UserProcess): void {
    let primes = 0
    for (let n = 2; n < ROOT; n++) {
      let isPrime = true
      for (let i = 0; i < primes && isPrime; i++) {
        const p = words[AT.prime + i]!
        if (p * p > n) break
        isPrime = n % p !== 0
      }
      if (isPrime) words[AT.prime + primes++] = n
    }
    words[AT.primes] = primes
  },
  step(task: UserTask, budget: number): number {
    const { process } = task
    const { words, work } = process
    const todo = Math.min(budget, work - words[AT.done]!)
    for (let n = 0; n < todo; n++) sieveSegment(process, words[AT.done]! + n)
    words[AT.done]! += todo
    task.used = todo
    return words[AT.done] === work ? task.done() : 0
  },
  result: ({ words }: UserProcess): string => `${words[AT.count]} primes, sum ${words[AT.sum]}`,
  /** From lists of multiples, a segment at a time. */
  expected(work: number, seed: number): string {
    let count = 0
    let sum = 0
    const known = primesBelow(ROOT)
    const seen = new Map<number, readonly [number, number]>()
    for (let unit = 0; unit < work; unit++) {
      const segment = (seed + unit) % SEGMENTS
      const found = seen.get(segment) ?? primesIn(segment * SEGMENT, known)
      seen.set(segment, found)
      count += found[0]
      sum = (sum + found[1]) & 0x7fff_ffff
    }
    return `${count} primes, sum ${sum}`
  },
}

function primesBelow(limit: number): number[] {
  const found: number[] = []
  for (let n = 2; n < limit; n++) if (found.every((p) => p * p > n || n % p !== 0)) found.push(n)
  return found
}

/** How many primes a segment has, and their sum. */
function primesIn(low: number, known: readonly number[]): readonly [number, number] {
  const composite = new Set<number>()
  for (const p of known) {
    for (let n = Math.max(2, Math.ceil(low / p)) * p; n < low + SEGMENT; n += p) composite.add(n)
  }
  let count = 0
  let sum = 0
  for (let n = Math.max(2, low); n < low + SEGMENT; n++) {
    if (composite.has(n)) continue
    count++
    sum += n
  }
  return [count, sum]
}
