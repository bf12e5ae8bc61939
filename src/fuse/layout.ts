// Structures of a wire protocol as data: the names of their fields and how wide these are, in order. Little-endian.

/** u64: read as a number, which must be below 2^53. pad32: four bytes that mean nothing. */
export type Width = 'u16' | 'u32' | 'i32' | 'u64' | 'pad32'

const BYTES: Readonly<Record<Width, number>> = { u16: 2, u32: 4, i32: 4, u64: 8, pad32: 4 }

type Fields = Readonly<Record<string, Width>>

/** The values of a structure's fields, padding left out. */
export type Values<F extends Fields> = { [Name in keyof F as F[Name] extends 'pad32' ? never : Name]: number }

export interface Layout<F extends Fields> {
  readonly size: number
  /** Reads one that begins at byte `at`. A RangeError when there are not enough bytes. */
  read(view: DataView, at: number): Values<F>
  /** Writes one; fields that are not given are 0. */
  write(view: DataView, at: number, values: Partial<Values<F>>): void
}

export function layout<const F extends Fields>(fields: F): Layout<F> {
  const places: { readonly name: string; readonly width: Width; readonly offset: number }[] = []
  let size = 0
  for (const [name, width] of Object.entries(fields)) {
    if (width !== 'pad32') places.push({ name, width, offset: size })
    size += BYTES[width]
  }
  return {
    size,
    read(view, at) {
      const values: Record<string, number> = {}
      for (const { name, width, offset } of places) values[name] = load(view, at + offset, width)
      return values as Values<F>
    },
    write(view, at, values) {
      const given: Readonly<Record<string, number | undefined>> = values
      for (const { name, width, offset } of places) store(view, at + offset, width, given[name] ?? 0)
    },
  }
}

function load(view: DataView, at: number, width: Width): number {
  switch (width) {
    case 'u16':
      return view.getUint16(at, true)
    case 'i32':
      return view.getInt32(at, true)
    case 'u64':
      return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32
    default:
      return view.getUint32(at, true)
  }
}

function store(view: DataView, at: number, width: Width, value: number): void {
  switch (width) {
    case 'u16':
      view.setUint16(at, value, true)
      break
    case 'i32':
      view.setInt32(at, value, true)
      break
    case 'u64':
      view.setUint32(at, value % 2 ** 32, true)
      view.setUint32(at + 4, Math.floor(value / 2 ** 32), true)
      break
    default:
      view.setUint32(at, value, true)
  }
}
