import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Layout } from '#dist/src/fuse/layout.js'
import { encode, encodeEntries, failure, fieldsOf, nameOf, parseRequest, reply } from '#dist/src/fuse/message.js'
import * as fuse from '#dist/src/fuse/protocol.js'

type AnyLayout = Layout<Record<string, 'u64'>>

const LAYOUTS = Object.entries(fuse).filter(([, value]) => typeof value === 'object' && 'size' in value) as [
  string,
  AnyLayout,
][]

describe('structures', () => {
  // sizeof in the kernel's header, version 7.31.
  test.each([
    ['IN_HEADER', 40],
    ['OUT_HEADER', 16],
    ['INIT_IN', 16],
    ['INIT_OUT', 64],
    ['ENTRY_OUT', 128],
    ['ATTR_OUT', 104],
    ['FORGET_IN', 8],
    ['BATCH_FORGET_IN', 8],
    ['FORGET_ONE', 16],
    ['OPEN_IN', 8],
    ['OPEN_OUT', 16],
    ['IO_IN', 40],
    ['WRITE_OUT', 8],
    ['RELEASE_IN', 24],
    ['INTERRUPT_IN', 8],
    ['STATFS_OUT', 80],
    ['DIRENT', 24],
  ])('%s has %i bytes', (name, size) => {
    expect(new Map(LAYOUTS).get(name)!.size).toBe(size)
  })

  test.each(LAYOUTS)('%s: what is written is read, and nothing else is touched', (_, layout) => {
    const names = Object.keys(layout.read(new DataView(new ArrayBuffer(layout.size)), 0))
    expect(names.length).toBeGreaterThan(0)
    // Every width holds at least 16 bits.
    const values = fc.record(Object.fromEntries(names.map((name) => [name, fc.nat(0xffff)])))
    fc.assert(
      fc.property(values, fc.nat(16), (given, at) => {
        const bytes = new Uint8Array(at + layout.size + 8).fill(0xa5)
        const view = new DataView(bytes.buffer)
        layout.write(view, at, given)
        expect(layout.read(view, at)).toEqual(given)
        expect([...bytes.subarray(0, at), ...bytes.subarray(at + layout.size)].every((byte) => byte === 0xa5)).toBe(
          true,
        )
      }),
    )
  })

  test('hold what is as large as their fields', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.integer({ min: -4095, max: 0 }), fc.nat(0xffff_ffff), (unique, error, length) => {
        const bytes = encode(fuse.OUT_HEADER, { length, error, unique })
        expect(fieldsOf(bytes, fuse.OUT_HEADER)).toEqual({ length, error, unique })
      }),
    )
  })

  test('are little-endian, in the order of the header', () => {
    const bytes = encode(fuse.OUT_HEADER, { length: 16, error: -2, unique: 0x1_0000_0203 })
    expect([...bytes]).toEqual([16, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 3, 2, 0, 0, 1, 0, 0, 0])
  })
})

describe('messages', () => {
  test('a request is taken apart as it was put together', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 100 }),
        fc.maxSafeNat(),
        fc.maxSafeNat(),
        fc.nat(60),
        (body, ...header) => {
          const [unique, nodeId, opcode] = header
          const length = fuse.IN_HEADER.size + body.length
          const bytes = new Uint8Array([...encode(fuse.IN_HEADER, { length, opcode, unique, nodeId }), ...body])
          const request = parseRequest(bytes)
          expect({ ...request, body: [...request.body] }).toEqual({ opcode, unique, nodeId, body: [...body] })
          expect(() => parseRequest(bytes.subarray(0, -1))).toThrow(/says \d+ bytes and has \d+/)
        },
      ),
    )
  })

  test('an answer has its length, and the number of what it answers', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.maxSafeNat(), (body, unique) => {
        const answer = reply(unique, body)
        expect(fieldsOf(answer, fuse.OUT_HEADER)).toEqual({ length: answer.length, error: 0, unique })
        expect([...answer.subarray(16)]).toEqual([...body])
      }),
    )
    expect(fieldsOf(failure(7, 16), fuse.OUT_HEADER)).toEqual({ length: 16, error: -16, unique: 7 })
  })

  test('a name ends at its zero', () => {
    expect(nameOf(Buffer.from('cpu1\0'))).toBe('cpu1')
    expect(nameOf(Buffer.from('12345678ü\0x'), 8)).toBe('ü')
  })
})

/** What the kernel makes of an answer to readdir. */
function decodeEntries(bytes: Uint8Array): { name: string; inode: number; next: number; type: number }[] {
  const entries = []
  for (let at = 0; at < bytes.length; ) {
    const { inode, next, nameLength, type } = fieldsOf(bytes, fuse.DIRENT, at)
    const name = Buffer.from(bytes.subarray(at + fuse.DIRENT.size, at + fuse.DIRENT.size + nameLength)).toString()
    entries.push({ name, inode, next, type })
    at += Math.ceil((fuse.DIRENT.size + nameLength) / 8) * 8
  }
  return entries
}

test('a directory is read in pieces of any size, each name once', () => {
  const name = fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' })
  const entry = fc.record({ name, inode: fc.nat(0xffff_ffff), type: fc.constantFrom(4, 8, 10) })
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 20 }), fc.integer({ min: 400, max: 900 }), (entries, room) => {
      const found = []
      for (let from = 0; ; ) {
        const piece = encodeEntries(entries, from, room)
        expect(piece.length).toBeLessThanOrEqual(room)
        const some = decodeEntries(piece)
        if (some.length === 0) break
        found.push(...some)
        from = some.at(-1)!.next
      }
      expect(found.map(({ name, inode, type }) => ({ name, inode, type }))).toEqual(entries)
    }),
  )
})
