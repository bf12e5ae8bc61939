// The words of a memory, and plain reads and writes of guarded data.
//
// Words that CPUs use to talk to each other are accessed by operations (see ops/). What a lock guards is read and
// written here, between two operations, and only with that lock held.

export class Words {
  readonly buffer: SharedArrayBuffer | ArrayBuffer
  readonly words: Int32Array
  readonly times: Float64Array

  /** `size` in words. A RangeError for a buffer that is shorter. */
  constructor(size: number, buffer: SharedArrayBuffer | ArrayBuffer = new ArrayBuffer(size * 4)) {
    if (buffer.byteLength < size * 4) {
      throw new RangeError(`the buffer has ${buffer.byteLength} bytes, the layout needs ${size * 4}`)
    }
    this.buffer = buffer
    this.words = new Int32Array(buffer)
    this.times = new Float64Array(buffer)
  }

  /** Reads guarded data: the caller holds the lock (or nobody else can know of the word yet). */
  get(word: number): number {
    return this.words[word]!
  }

  /** Writes guarded data: the caller holds the lock (or nobody else can know of the word yet). */
  set(word: number, value: number): void {
    this.words[word] = value
  }

  /** Reads a time field, in nanoseconds. */
  getTime(word: number): number {
    return this.times[word >> 1]!
  }

  /** Writes a time field, in nanoseconds. */
  setTime(word: number, value: number): void {
    this.times[word >> 1] = value
  }

  /** Writes up to `words * 4` bytes of Latin text, zero-filled. */
  setText(word: number, words: number, text: string): void {
    for (let i = 0; i < words; i++) {
      let value = 0
      for (let b = 0; b < 4; b++) value |= (text.charCodeAt(i * 4 + b) & 0xff || 0) << (b * 8)
      this.set(word + i, value)
    }
  }

  getText(word: number, words: number): string {
    let text = ''
    for (let i = 0; i < words * 4; i++) {
      const code = (this.get(word + (i >> 2)) >>> ((i & 3) * 8)) & 0xff
      if (code === 0) break
      text += String.fromCharCode(code)
    }
    return text
  }
}
