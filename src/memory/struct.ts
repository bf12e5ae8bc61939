// Structures in shared memory: named fields at fixed offsets, in int32 words.
//
// A field is a 'word' (int32), a 'line' (a word with a cache line to itself), a 'lock' (a spinlock: 0 when free, else the holder's CPU number + 1), a 'time' (float64
// nanoseconds, two words, guarded by a lock), or another structure. The result of struct() is an object of offsets, so
// that `memory.cpuhp(cpu) + CPUHP.state` is the word to load: an address, as a pointer to a field is in C.

export type FieldKind = 'word' | 'line' | 'lock' | 'time' | Struct | readonly [number]

/** What every structure knows about itself; the fields' offsets stand beside it under their own names. */
export interface Struct {
  readonly $name: string
  /** in words */
  readonly $size: number
  readonly $fields: ReadonlyMap<string, { offset: number; kind: FieldKind }>
}

export type Offsets<F> = Struct & { readonly [K in keyof F]: number }

/** Words of a cache line. */
export const LINE = 16

function wordsOf(kind: FieldKind): number {
  if (kind === 'word' || kind === 'lock') return 1
  if (kind === 'time') return 2
  if (kind === 'line') return LINE
  if ('$size' in kind) return kind.$size
  return kind[0]
}

function alignmentOf(kind: FieldKind): number {
  if (kind === 'time') return 2
  if (kind === 'line') return LINE
  if (typeof kind !== 'object' || !('$fields' in kind)) return 1
  return Math.max(1, ...Array.from(kind.$fields.values(), (field) => alignmentOf(field.kind)))
}

/** Lays fields out in the order given. `[n]` is an array of n words. Sizes and offsets are in words. */
export function struct<const F extends Record<string, FieldKind>>(name: string, fields: F): Offsets<F> {
  const map = new Map<string, { offset: number; kind: FieldKind }>()
  const offsets: Record<string, number> = {}
  let offset = 0
  let alignment = 1
  for (const [field, kind] of Object.entries(fields)) {
    const align = alignmentOf(kind)
    alignment = Math.max(alignment, align)
    offset = Math.ceil(offset / align) * align
    offsets[field] = offset
    map.set(field, { offset, kind })
    offset += wordsOf(kind)
  }
  const size = Math.ceil(offset / alignment) * alignment
  return { ...offsets, $name: name, $size: size, $fields: map } as unknown as Offsets<F>
}

/** The path of the field at `offset` words into a structure: 'parked.lock', 'comm[2]'. */
export function fieldAt(shape: Struct, offset: number): string {
  let best = ''
  let start = -1
  let kindAt: FieldKind = 'word'
  for (const [field, { offset: at, kind }] of shape.$fields) {
    if (at <= offset && at > start) {
      best = field
      start = at
      kindAt = kind
    }
  }
  if (typeof kindAt !== 'object') return best
  if ('$fields' in kindAt) return `${best}.${fieldAt(kindAt, offset - start)}`
  return `${best}[${offset - start}]`
}

/** Calls back with the offset and path of every lock in a structure, those of structures inside it too. */
export function eachLock(shape: Struct, visit: (offset: number, path: string) => void, base = 0, prefix = ''): void {
  for (const [field, { offset, kind }] of shape.$fields) {
    if (kind === 'lock') visit(base + offset, prefix + field)
    else if (typeof kind === 'object' && '$fields' in kind) eachLock(kind, visit, base + offset, `${prefix}${field}.`)
  }
}
