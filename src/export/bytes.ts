// A buffer that grows, for writing binary formats: little endian.

const utf8 = new TextEncoder()

export class Bytes {
  private bytes = new Uint8Array(1024)
  private view = new DataView(this.bytes.buffer)
  length = 0

  private room(size: number): number {
    const at = this.length
    this.length += size
    if (this.length > this.bytes.length) {
      const larger = new Uint8Array(Math.max(this.length, 2 * this.bytes.length))
      larger.set(this.bytes.subarray(0, at))
      this.bytes = larger
      this.view = new DataView(larger.buffer)
    }
    return at
  }

  u8(value: number): this {
    const at = this.room(1)
    this.view.setUint8(at, value)
    return this
  }

  u16(value: number): this {
    const at = this.room(2)
    this.view.setUint16(at, value, true)
    return this
  }

  u32(value: number): this {
    const at = this.room(4)
    this.view.setUint32(at, value, true)
    return this
  }

  u64(value: number | bigint): this {
    const at = this.room(8)
    this.view.setBigUint64(at, BigInt.asUintN(64, BigInt(value)), true)
    return this
  }

  raw(bytes: Uint8Array): this {
    const at = this.room(bytes.length)
    this.bytes.set(bytes, at)
    return this
  }

  text(text: string): this {
    return this.raw(utf8.encode(text))
  }

  zeroes(count: number): this {
    const at = this.room(count)
    this.bytes.fill(0, at, at + count)
    return this
  }

  /** Zeroes up to the next multiple of `unit`. */
  align(unit: number): this {
    return this.zeroes((unit - (this.length % unit)) % unit)
  }

  /** What has been written. Later writes don't change it. */
  done(): Uint8Array {
    return this.bytes.slice(0, this.length)
  }
}
