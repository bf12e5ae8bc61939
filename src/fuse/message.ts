// Requests as they are read, and the answers to them.
import { Defect } from '../base/failure.js'
import type { Layout, Values, Width } from './layout.js'
import { DIRENT, IN_HEADER, OUT_HEADER } from './protocol.js'

type Fields = Readonly<Record<string, Width>>

export interface Request {
  readonly opcode: number
  /** names it in its answer */
  readonly unique: number
  readonly nodeId: number
  /** what follows the header */
  readonly body: Uint8Array
}

/** Takes a message apart. A Defect when it is not as long as it says. */
export function parseRequest(message: Uint8Array): Request {
  const { length, opcode, unique, nodeId } = IN_HEADER.read(viewOf(message), 0)
  if (length !== message.length) throw new Defect(`a FUSE request says ${length} bytes and has ${message.length}`)
  return { opcode, unique, nodeId, body: message.subarray(IN_HEADER.size) }
}

/** The structure at the beginning of a body, or at byte `at` of it. */
export function fieldsOf<const F extends Fields>(body: Uint8Array, layout: Layout<F>, at = 0): Values<F> {
  return layout.read(viewOf(body), at)
}

/** The name that a body is, or has behind its first `at` bytes: up to a zero. */
export function nameOf(body: Uint8Array, at = 0): string {
  const end = body.indexOf(0, at)
  return Buffer.from(body.buffer, body.byteOffset + at, (end < 0 ? body.length : end) - at).toString('utf8')
}

export function encode<const F extends Fields>(layout: Layout<F>, values: Partial<Values<F>>): Uint8Array {
  const bytes = new Uint8Array(layout.size)
  layout.write(viewOf(bytes), 0, values)
  return bytes
}

/** The answer to a request: what it asked for. */
export function reply(unique: number, body: Uint8Array): Uint8Array {
  const message = new Uint8Array(OUT_HEADER.size + body.length)
  OUT_HEADER.write(viewOf(message), 0, { length: message.length, unique })
  message.set(body, OUT_HEADER.size)
  return message
}

/** The answer to a request that fails. `errno` is positive. */
export function failure(unique: number, errno: number): Uint8Array {
  return encode(OUT_HEADER, { length: OUT_HEADER.size, error: -errno, unique })
}

export interface Entry {
  readonly name: string
  readonly inode: number
  readonly type: number
}

/**
 * Entries of a directory from the one with that number on, as many as fit into `room` bytes. Each says the number of the
 * one after it, which is where the kernel goes on.
 */
export function encodeEntries(entries: readonly Entry[], from: number, room: number): Uint8Array {
  const bytes = new Uint8Array(room)
  const view = viewOf(bytes)
  let used = 0
  for (let n = from; n < entries.length; n++) {
    const { name, inode, type } = entries[n]!
    const text = Buffer.from(name)
    const size = Math.ceil((DIRENT.size + text.length) / 8) * 8
    if (used + size > room) break
    DIRENT.write(view, used, { inode, next: n + 1, nameLength: text.length, type })
    bytes.set(text, used + DIRENT.size)
    used += size
  }
  return bytes.subarray(0, used)
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}
