// A chain: 32 bytes, hashed again and again. Every unit needs the one before it, so a lost or doubled one shows.
import type { UserProcess, UserTask, Workload } from './workload.js'

/** Where the process keeps what: the chain's 8 words, how many units are done, and room for the message schedule. */
const AT = { chain: 0, done: 8, schedule: 16 } as const
const BYTES = (AT.schedule + 64) * 4

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes (FIPS 180-4). */
const K = Int32Array.from(primes(64), (p) => fraction(Math.cbrt(p)))
/** And of the square roots of the first 8. */
const H = Int32Array.from(primes(8), (p) => fraction(Math.sqrt(p)))

function primes(count: number): number[] {
  const found: number[] = []
  for (let n = 2; found.length < count; n++) if (found.every((p) => n % p !== 0)) found.push(n)
  return found
}

function fraction(x: number): number {
  return Math.floor((x - Math.floor(x)) * 2 ** 32) | 0
}

/** Replaces the chain's 32 bytes by their SHA-256. */
function hash(words: Int32Array): void {
  const at = AT.schedule
  for (let t = 0; t < 8; t++) words[at + t] = words[AT.chain + t]!
  words[at + 8] = 0x8000_0000 | 0
  for (let t = 9; t < 15; t++) words[at + t] = 0
  words[at + 15] = 256
  for (let t = 16; t < 64; t++) {
    const x = words[at + t - 15]!
    const y = words[at + t - 2]!
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10)
    words[at + t] = (words[at + t - 16]! + s0 + words[at + t - 7]! + s1) | 0
  }
  let [a, b, c, d] = [H[0]!, H[1]!, H[2]!, H[3]!]
  let [e, f, g, h] = [H[4]!, H[5]!, H[6]!, H[7]!]
  for (let t = 0; t < 64; t++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))
    const first = (h + s1 + ((e & f) ^ (~e & g)) + K[t]! + words[at + t]!) | 0
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))
    const second = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    h = g
    g = f
    f = e
    e = (d + first) | 0
    d = c
    c = b
    b = a
    a = (first + second) | 0
  }
  words[AT.chain] = (H[0]! + a) | 0
  words[AT.chain + 1] = (H[1]! + b) | 0
  words[AT.chain + 2] = (H[2]! + c) | 0
  words[AT.chain + 3] = (H[3]! + d) | 0
  words[AT.chain + 4] = (H[4]! + e) | 0
  words[AT.chain + 5] = (H[5]! + f) | 0
  words[AT.chain + 6] = (H[6]! + g) | 0
  words[AT.chain + 7] = (H[7]! + h) | 0
}

/** The chain begins with the seed and seven zeros, as big-endian words. */
export const sha256: Workload = {
  name: 'sha256',
  description: 'a chain of SHA-256: arithmetic that stays in the first cache',
  unitNs: 900,
  typicalWork: 200_000,
  bytes: () => BYTES,
  prepare({ words, seed }: UserProcess): void {
    words[AT.chain] = seed | 0
  },
  step(task: UserTask, budget: number): number {
    const { words, work } = task.process
    const todo = Math.min(budget, work - words[AT.done]!)
    for (let n = 0; n < todo; n++) hash(words)
    words[AT.done]! += todo
    task.used = todo
    return words[AT.done] === work ? task.done() : 0
  },
  result: ({ words }: UserProcess): string => digestOf(words),
  // Without the machine; that it is SHA-256 is for the tests, by an implementation of somebody else's.
  expected(work: number, seed: number): string {
    const words = new Int32Array(BYTES / 4)
    words[AT.chain] = seed | 0
    for (let n = 0; n < work; n++) hash(words)
    return digestOf(words)
  },
}

function digestOf(words: Int32Array): string {
  return Array.from(words.subarray(AT.chain, AT.chain + 8), (w) => (w >>> 0).toString(16).padStart(8, '0')).join('')
}
