// Pseudo-random numbers that are the same on every engine: nothing but 32-bit integer arithmetic, so a seed in a bug
// report means the same run everywhere.
//
// The generator is sfc32 ("small fast counting") by Chris Doty-Humphrey, from PractRand, in the public domain: 96 bits
// of chaotic state and a 32-bit counter, so no cycle is shorter than 2^32. Seeding is PractRand's too, with a third
// word that it leaves 0.

import { Defect } from './failure.js'

const WARM_UP_ROUNDS = 12

/** A stream of pseudo-random numbers. The same seed and the same forks give the same numbers, always. */
export class Prng {
  private a: number
  private b: number
  private c: number
  private counter = 1
  // Where this stream began. Forks derive from it, not from the position, so that they do not depend on how many
  // numbers have been drawn before.
  private readonly origin: readonly [number, number, number]

  /**
   * @param seed a uint32, see seedFrom
   * @param stream 32 further bits of seed, for whoever numbers streams; fork is the usual way to more streams
   * @param branch 32 bits more
   */
  constructor(seed: number, stream = 0, branch = 0) {
    this.origin = [seed | 0, stream | 0, branch | 0]
    this.a = branch | 0
    this.b = seed | 0
    this.c = stream | 0
    for (let round = 0; round < WARM_UP_ROUNDS; round++) this.advance()
  }

  /** The next number, uniform in 0..2^32-1. */
  next(): number {
    return this.advance() >>> 0
  }

  /**
   * A number uniform in 0..n-1, without bias: it draws as many leading bits as n-1 has, and again when they say n or
   * more, which takes less than two draws on average. below(1) draws nothing.
   * @param n an integer in 1..2^32
   * @throws Defect for another n
   */
  below(n: number): number {
    if (!(Number.isInteger(n) && n >= 1 && n <= 0x1_0000_0000)) throw new Defect(`Prng.below(${n}): not in 1..2^32`)
    if (n === 1) return 0
    const surplusBits = Math.clz32(n - 1)
    for (;;) {
      const drawn = this.advance() >>> surplusBits
      if (drawn < n) return drawn
    }
  }

  /**
   * Another stream, independent of this one and of forks with other labels. It depends on where this stream began and on
   * the label alone, not on how much has been drawn here: the same label gives the same stream again. 1 and '1' differ.
   */
  fork(label: number | string): Prng {
    const tagged = typeof label === 'number' ? `#${label}` : `$${label}`
    const one = hash(tagged, 1)
    const two = hash(tagged, 2)
    const [seed, stream, branch] = this.origin
    return new Prng(mix(seed ^ one), mix((stream ^ two) + one), mix(branch + two))
  }

  // Answers an int32, which V8 keeps without allocating; above 2^31 it cannot promise that.
  private advance(): number {
    const result = (((this.a + this.b) | 0) + this.counter) | 0
    this.counter = (this.counter + 1) | 0
    this.a = this.b ^ (this.b >>> 9)
    this.b = (this.c + (this.c << 3)) | 0
    this.c = (((this.c << 21) | (this.c >>> 11)) + result) | 0
    return result
  }
}

/**
 * A seed for Prng from what a user gave: a number is taken modulo 2^32, text of decimal digits means that number, any
 * other text is hashed. So seedFrom(42) and seedFrom('42') are the same seed.
 * @returns a uint32
 * @throws Defect for a number that is not an integer
 */
export function seedFrom(source: number | string): number {
  if (typeof source === 'string') return /^[0-9]{1,15}$/.test(source) ? Number(source) >>> 0 : hash(source, 0) >>> 0
  if (!Number.isSafeInteger(source)) throw new Defect(`seedFrom(${source}): not an integer`)
  return source >>> 0
}

// FNV-1a over UTF-16 units, both bytes of each, finished so that neighbouring texts end far apart. Answers an int32.
function hash(text: string, variant: number): number {
  let state = mix(0x811c9dc5 + variant)
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    state = Math.imul(state ^ (unit & 0xff), 0x01000193)
    state = Math.imul(state ^ (unit >>> 8), 0x01000193)
  }
  return mix(state)
}

// The finisher of MurmurHash3 (Austin Appleby, public domain): a bijection on 32 bits in which every bit of the input
// reaches every bit of the output. Answers an int32.
function mix(value: number): number {
  let word = value | 0
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35)
  return word ^ (word >>> 16)
}
