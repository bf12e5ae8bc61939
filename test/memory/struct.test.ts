import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { eachLock, type FieldKind, fieldAt, type Struct, struct } from '#dist/src/memory/struct.js'

const leaf: fc.Arbitrary<FieldKind> = fc.oneof(
  fc.constant<FieldKind>('word'),
  fc.constant<FieldKind>('line'),
  fc.constant<FieldKind>('lock'),
  fc.constant<FieldKind>('time'),
  fc.integer({ min: 1, max: 9 }).map((words): FieldKind => [words]),
)

function fieldsOf(kind: fc.Arbitrary<FieldKind>): fc.Arbitrary<Record<string, FieldKind>> {
  return fc.dictionary(fc.stringMatching(/^[a-z][a-zA-Z]{0,5}$/), kind, { minKeys: 1, maxKeys: 8 })
}

const shape: fc.Arbitrary<Struct> = fc.letrec<{ kind: FieldKind; shape: Struct }>((tie) => ({
  kind: fc.oneof({ maxDepth: 3 }, leaf, tie('shape')),
  shape: fieldsOf(tie('kind')).map((fields): Struct => struct('random', fields)),
})).shape

const wordsOf = (kind: FieldKind): number => {
  if (kind === 'word' || kind === 'lock') return 1
  if (kind === 'time') return 2
  if (kind === 'line') return 16
  return '$size' in kind ? kind.$size : kind[0]
}

/** Every word of a structure that belongs to a field: its path, and whether it is half of a time. */
function* leaves(of: Struct, base = 0, prefix = ''): Generator<{ offset: number; path: string; kind: FieldKind }> {
  for (const [name, { offset, kind }] of of.$fields) {
    if (typeof kind === 'object' && '$fields' in kind) yield* leaves(kind, base + offset, `${prefix}${name}.`)
    else if (typeof kind === 'object') {
      for (let n = 0; n < kind[0]; n++) yield { offset: base + offset + n, path: `${prefix}${name}[${n}]`, kind }
    } else yield { offset: base + offset, path: prefix + name, kind }
  }
}

describe('any structure', () => {
  test('has its fields in the order given, none on top of another, all inside', () => {
    fc.assert(
      fc.property(shape, (made) => {
        let end = 0
        for (const { offset, kind } of made.$fields.values()) {
          expect(offset).toBeGreaterThanOrEqual(end)
          end = offset + wordsOf(kind)
        }
        expect(made.$size).toBeGreaterThanOrEqual(end)
      }),
    )
  })

  test('has every time on eight bytes, every line on 64, wherever it stands in an array of such structures', () => {
    fc.assert(
      fc.property(shape, fc.nat(3), (made, index) => {
        for (const { offset, kind } of leaves(made, index * made.$size)) {
          if (kind === 'time') expect(offset % 2).toBe(0)
          if (kind === 'line') expect(offset % 16).toBe(0)
        }
      }),
    )
  })

  test('gives every word back the name of its field', () => {
    fc.assert(
      fc.property(shape, (made) => {
        for (const { offset, path } of leaves(made)) expect(fieldAt(made, offset)).toBe(path)
      }),
    )
  })

  test('has each of its locks found once', () => {
    fc.assert(
      fc.property(shape, (made) => {
        const found: [number, string][] = []
        eachLock(made, (offset, path) => found.push([offset, path]))
        const locks = [...leaves(made)].filter(({ kind }) => kind === 'lock')
        expect(found).toEqual(locks.map(({ offset, path }) => [offset, path]))
      }),
    )
  })
})

test('fields are offsets under their own names', () => {
  const inner = struct('inner', { lock: 'lock', when: 'time' })
  const outer = struct('outer', { count: 'word', inner, list: [3], last: 'word' })
  expect(inner).toMatchObject({ lock: 0, when: 2, $size: 4 })
  expect(outer).toMatchObject({ $name: 'outer', count: 0, inner: 2, list: 6, last: 9, $size: 10 })
  expect(fieldAt(outer, 4)).toBe('inner.when')
  expect(fieldAt(outer, 8)).toBe('list[2]')
})
