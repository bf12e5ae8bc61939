// An event as a record of the kernel's ring buffer: its members at their places, as its format says.
import { preemptDepth, TRACE_FLAG } from '../trace/events.js'
import { Bytes } from './bytes.js'
import type { Entry } from './entry.js'
import { FORMATS } from './formats.js'
import { maskBytes } from './irq-formats.js'
import { type Member, sizeOf } from './layout.js'

/** Where functions and constant texts lie, that records only have addresses of. */
export interface Addresses {
  readonly functions: ReadonlyMap<string, bigint>
  readonly texts: ReadonlyMap<string, bigint>
}

/** Flags, and their bits in common_flags. */
const COMMON_FLAGS = [
  [TRACE_FLAG.irqsOff, 0x01],
  [TRACE_FLAG.needResched, 0x04],
  [TRACE_FLAG.hardirq, 0x08],
  [TRACE_FLAG.softirq, 0x10],
  [TRACE_FLAG.softirqsOff, 0x80],
] as const

const utf8 = new TextEncoder()

/** The record of an event; its length is a multiple of 4. */
export function recordOf(entry: Entry, addresses: Addresses): Uint8Array {
  const { system: _, id, members } = FORMATS[entry.name]
  const out = new Bytes().u16(id).u8(commonFlags(entry.flags)).u8(preemptDepth(entry.flags)).u32(entry.pid)
  const tail = new Bytes()
  const size = sizeOf(members)
  for (const member of members) {
    out.zeroes(member.offset - out.length)
    writeMember(out, member, entry.fields[member.name]!, addresses, tail, size)
  }
  return out.raw(tail.done()).align(4).done()
}

function commonFlags(flags: number): number {
  return COMMON_FLAGS.reduce((sum, [flag, bit]) => (flags & flag ? sum | bit : sum), 0)
}

function writeMember(
  out: Bytes,
  { type, size, length }: Member,
  value: number | string,
  { functions, texts }: Addresses,
  tail: Bytes,
  end: number,
): void {
  if (type.startsWith('__data_loc')) {
    const data = typeof value === 'string' ? utf8.encode(`${value}\0`) : maskOf(value)
    out.u32((end + tail.length) | (data.length << 16))
    tail.raw(data)
  } else if (length !== null) {
    const text = utf8.encode(String(value))
    if (length === 0) out.raw(text).u8(0)
    else out.raw(text.subarray(0, length - 1)).zeroes(length - Math.min(text.length, length - 1))
  } else if (typeof value === 'string') {
    out.u64((type === 'const char *' ? texts : functions).get(value)!)
  } else if (size === 8) out.u64(value)
  else if (size === 1) out.u8(value)
  else out.u32(value)
}

function maskOf(cpu: number): Uint8Array {
  const mask = new Uint8Array(maskBytes(cpu))
  mask[cpu >> 3] = 1 << (cpu & 7)
  return mask
}
