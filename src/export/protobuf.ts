// Writing protocol buffers: as much of the wire format as it takes.
// A field is its number and wire type, then a varint, or a length and so many bytes.

const VARINT = 0
const BYTES = 2
const utf8 = new TextEncoder()

export class Message {
  private bytes: Uint8Array = new Uint8Array(64)
  private length = 0

  /** An integer of any sign; negative ones are written in 64 bits, as int32 and int64 are. */
  int(field: number, value: number): this {
    this.varint((field << 3) | VARINT)
    if (value >= 0) this.varint(value)
    else this.bigVarint(BigInt.asUintN(64, BigInt(value)))
    return this
  }

  uint64(field: number, value: bigint): this {
    this.varint((field << 3) | VARINT)
    this.bigVarint(value)
    return this
  }

  text(field: number, value: string): this {
    return this.raw(field, utf8.encode(value))
  }

  message(field: number, value: Message): this {
    return this.raw(field, value.done())
  }

  private raw(field: number, value: Uint8Array): this {
    this.varint((field << 3) | BYTES)
    this.varint(value.length)
    this.room(value.length)
    this.bytes.set(value, this.length)
    this.length += value.length
    return this
  }

  /** The message's bytes; a view, good until it is written to again. */
  done(): Uint8Array {
    return this.bytes.subarray(0, this.length)
  }

  /** Seven bits a byte, the lowest first; up to 2^53. */
  private varint(value: number): void {
    this.room(10)
    let rest = value
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.bytes[this.length++] = (rest % 0x80) | 0x80
    this.bytes[this.length++] = rest
  }

  private bigVarint(value: bigint): void {
    this.room(10)
    let rest = value
    for (; rest >= 0x80n; rest >>= 7n) this.bytes[this.length++] = Number(rest & 0x7fn) | 0x80
    this.bytes[this.length++] = Number(rest)
  }

  private room(size: number): void {
    if (this.length + size <= this.bytes.length) return
    const larger = new Uint8Array(Math.max(this.length + size, 2 * this.bytes.length))
    larger.set(this.bytes)
    this.bytes = larger
  }
}
