// A sieve of Eratosthenes, one segment after the other: integer work over 1 KiB. The result counts the primes and adds them
// up, both modulo 2^31.
import type { UserProcess, UserTask, Workload } from './workload.js'

/** Numbers in a segment; one unit sieves one segment. */
const SEGMENT = 256
/** Primes below this cross out all that is composite below its square, where the segments end. */
const ROOT = 1024
/** They come round again, so that any amount of work is possible. No two primes here are a segment apart: each counts. */
const SEGMENTS = (ROOT * ROOT) / SEGMENT
/** Where the process keeps what, in words: after the primes below ROOT, the marks of a segment, a byte each. */
const AT = { done: 0, count: 1, sum: 2, primes: 3, prime: 4 } as const
const MOST_PRIMES = 172
const MARKS = (AT.prime + MOST_PRIMES) * 4
const MODULUS = 2 ** 31

function sieveSegment({ words, bytes, seed }: UserProcess, unit: number): void {
  const low = ((seed + unit) % SEGMENTS) * SEGMENT
  // Not by fill(), which calls out and goes byte by byte where memory is shared.
  for (let n = 0; n < SEGMENT / 4; n++) words[MARKS / 4 + n] = 0
  const primes = words[AT.primes]!
  for (let i = 0; i < primes; i++) {
    const p = words[AT.prime + i]!
    const square = p * p
    if (square >= low + SEGMENT) break
    const rest = low % p
    const first = square > low ? square - low : rest === 0 ? 0 : p - rest
    for (let n = first; n < SEGMENT; n += p) bytes[MARKS + n] = 1
  }
  let count = words[AT.count]!
  let sum = words[AT.sum]!
  for (let n = low < 2 ? 2 - low : 0; n < SEGMENT; n++) {
    if (bytes[MARKS + n] !== 0) continue
    count++
    sum = (sum + low + n) & (MODULUS - 1)
  }
  words[AT.count] = count & (MODULUS - 1)
  words[AT.sum] = sum
}

export const sieve: Workload = {
  name: 'sieve',
  description: 'a segmented sieve: counts and adds up primes, in 1 KiB',
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
  /** From the list of all primes, got another way; whole rounds are multiplied. */
  expected(work: number, seed: number): string {
    const counts = new Float64Array(SEGMENTS)
    const sums = new Float64Array(SEGMENTS)
    for (const p of primesByFactor(ROOT * ROOT)) {
      const segment = Math.floor(p / SEGMENT)
      counts[segment]! += 1
      sums[segment]! += p
    }
    const over = (values: Float64Array): number => {
      const rounds = Math.floor(work / SEGMENTS)
      let total = rounds * (values.reduce((sum, value) => sum + value, 0) % MODULUS)
      for (let unit = rounds * SEGMENTS; unit < work; unit++) total += values[(seed + unit) % SEGMENTS]!
      return total % MODULUS
    }
    return `${over(counts)} primes, sum ${over(sums)}`
  },
}

/** Primes below a limit, by Euler's sieve: every composite is crossed out once, by its smallest prime factor. */
function primesByFactor(limit: number): number[] {
  const composite = new Uint8Array(limit)
  const primes: number[] = []
  for (let n = 2; n < limit; n++) {
    if (composite[n] === 0) primes.push(n)
    for (const p of primes) {
      if (p * n >= limit) break
      composite[p * n] = 1
      if (n % p === 0) break
    }
  }
  return primes
}
