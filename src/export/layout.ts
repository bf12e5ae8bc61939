// Where the members of an event's record lie: one after the other, each aligned as C does it on a 64-bit machine.

export interface Member {
  /** as C has it, without the array: 'int', 'char', '__data_loc char[]' */
  readonly type: string
  readonly name: string
  /** bytes from the record's beginning */
  readonly offset: number
  /** bytes; 0: as long as the record is */
  readonly size: number
  readonly signed: boolean
  /** elements, when it is an array: 0 for one that goes on to the record's end */
  readonly length: number | null
}

const SIZES: Readonly<Record<string, number>> = {
  'unsigned short': 2,
  'unsigned char': 1,
  'unsigned int': 4,
  'unsigned long': 8,
  int: 4,
  pid_t: 4,
  long: 8,
  s64: 8,
  u32: 4,
  'enum hrtimer_mode': 4,
  bool: 1,
  char: 1,
  'void *': 8,
  'const char *': 8,
}
const UNSIGNED = /^unsigned|^u32$|^enum|^bool$|\*$|^__data_loc unsigned/
/** What every record begins with. */
const COMMON = [
  'unsigned short common_type',
  'unsigned char common_flags',
  'unsigned char common_preempt_count',
  'int common_pid',
]
/** Bytes of that. */
const COMMON_SIZE = 8

/** Lays members out, 'type name' each, behind the common ones. */
export function layOut(members: readonly string[], from = COMMON_SIZE): Member[] {
  let end = from
  return members.map((text) => {
    const member = parse(text)
    const align = member.length === null ? member.size : SIZES[member.type]!
    const offset = Math.ceil(end / align) * align
    end = offset + member.size
    return { ...member, offset }
  })
}

export const COMMON_MEMBERS: readonly Member[] = layOut(COMMON, 0)

function parse(text: string): Omit<Member, 'offset'> {
  const space = text.lastIndexOf(' ')
  const [declared, name] = [text.slice(0, space), text.slice(space + 1)]
  const signed = !UNSIGNED.test(declared)
  // Where it lies in the record, and how long it is: 16 bits each.
  if (declared.startsWith('__data_loc')) return { type: declared, name, size: 4, signed, length: null }
  const array = /^(.*)\[(\d*)\]$/.exec(declared)
  const type = array?.[1] ?? declared
  const length = array === null ? null : Number(array[2])
  return { type, name, size: SIZES[type]! * (length ?? 1), signed, length }
}

/** Bytes of a record of fixed size. */
export function sizeOf(members: readonly Member[]): number {
  return members.reduce((end, { offset, size }) => Math.max(end, offset + size), COMMON_SIZE)
}

/** A member as a format file declares it: 'field:char comm[16];\toffset:8;\tsize:16;\tsigned:1;' */
export function declaration({ type, name, offset, size, signed, length }: Member): string {
  const array = length === null ? '' : length === 0 ? '[]' : `[${length}]`
  return `field:${type} ${name}${array};\toffset:${offset};\tsize:${size};\tsigned:${signed ? 1 : 0};`
}
