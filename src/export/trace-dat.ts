// trace.dat, version 6: what trace-cmd records, and what `trace-cmd report` and KernelShark read (trace-cmd.dat(5)).
//
//   header        magic, version, byte order, size of long, size of a page
//   formats       of a page, of each event; symbols, constant texts, names of tasks
//   options, then for each CPU where its pages are, and how many bytes
//   pages         of each CPU: the ring buffer's own, records with the time since the one before
import { byCpu } from './by-cpu.js'
import { Bytes } from './bytes.js'
import type { Entry, Trace } from './entry.js'
import { type EventName, FORMAT_NAMES, FORMATS } from './formats.js'
import { COMMON_MEMBERS, declaration, type Member } from './layout.js'
import { type Addresses, recordOf } from './record.js'

const VERSION = '6'
const PAGE = 4096
/** Bytes of a page before its records: the time of the first, and how many bytes are used. */
const PAGE_HEADER = 16
const PAGE_DATA = PAGE - PAGE_HEADER
/** Records longer than that say their length in a word of their own. */
const SHORT_WORDS = 28
/** Bits of a record's header: what it is, and the time since the one before. */
const TYPE_BITS = 5
const TIME_EXTEND = 30
const DELTA_BITS = 27n
/** In a page's used bytes: records before it were lost, and how many stands behind its last one. */
const MISSED_EVENTS = 2 ** 31
const MISSED_STORED = 2 ** 30
/** Where the first function lies, and the distance of two; and the same for texts. */
const FUNCTIONS_AT = 0xffff_ffff_8100_0000n
const TEXTS_AT = 0xffff_ffff_8200_0000n
const DISTANCE = 0x1000n

const HEADER_PAGE = `\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;
\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;
\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;
\tfield: char data;\toffset:16;\tsize:${PAGE_DATA};\tsigned:1;
`
const HEADER_EVENT = `# compressed entry header
\ttype_len    :    5 bits
\ttime_delta  :   27 bits
\tarray       :   32 bits

\tpadding     : type == 29
\ttime_extend : type == 30
\ttime_stamp : type == 31
\tdata max type_len  == ${SHORT_WORDS}
`

/** The whole file. */
export function traceDat(trace: Trace): Uint8Array {
  const addresses = addressesOf(trace.entries)
  const out = new Bytes()
    .raw(Uint8Array.of(0x17, 0x08, 0x44))
    .text(`tracing${VERSION}\0`)
    .u8(0)
    .u8(8)
    .u32(PAGE)
  sized(out.text('header_page\0'), HEADER_PAGE)
  sized(out.text('header_event\0'), HEADER_EVENT)
  writeFormats(out)
  shortSized(out, symbols(addresses))
  shortSized(out, texts(addresses))
  sized(out, taskNames(trace.entries))
  out.u32(trace.cpus)
  const lists = byCpu(trace)
  writeOptions(out, lists, trace.lostAtEnd)
  out.text('flyrecord\0')
  const perCpu = lists.map((entries, cpu) => pagesOf(entries, trace.lostAtEnd[cpu] ?? 0, addresses))
  let offset = Math.ceil((out.length + 16 * trace.cpus) / PAGE) * PAGE
  for (const { length } of perCpu) {
    out.u64(offset).u64(length)
    offset += length
  }
  out.align(PAGE)
  for (const pages of perCpu) out.raw(pages)
  return out.done()
}

/** 64 bits of length, and the text. */
function sized(out: Bytes, text: string): void {
  const bytes = new Bytes().text(text).done()
  out.u64(bytes.length).raw(bytes)
}

/** The same with 32 bits. */
function shortSized(out: Bytes, text: string): void {
  const bytes = new Bytes().text(text).done()
  out.u32(bytes.length).raw(bytes)
}

/** The events of ftrace itself first, then those of each system. */
function writeFormats(out: Bytes): void {
  const systems = new Map<string, EventName[]>()
  for (const name of FORMAT_NAMES) {
    const { system } = FORMATS[name]
    systems.set(system, [...(systems.get(system) ?? []), name])
  }
  const own = systems.get('ftrace') ?? []
  systems.delete('ftrace')
  out.u32(own.length)
  for (const name of own) sized(out, formatText(name))
  out.u32(systems.size)
  for (const [system, names] of systems) {
    out.text(`${system}\0`).u32(names.length)
    for (const name of names) sized(out, formatText(name))
  }
}

/** An event's format file. */
export function formatText(name: EventName): string {
  const { id, members, pattern, args } = FORMATS[name]
  const lines = (list: readonly Member[]): string => list.map((member) => `\t${declaration(member)}\n`).join('')
  const fields = `${lines(COMMON_MEMBERS)}\n${lines(members)}`
  return `name: ${name}\nID: ${id}\nformat:\n${fields}\nprint fmt: "${pattern}", ${args}\n`
}

/** Every function and every constant text that is in a record, with an address for each. */
function addressesOf(entries: readonly Entry[]): Addresses {
  const functions = new Map<string, bigint>()
  const constants = new Map<string, bigint>()
  const add = (map: Map<string, bigint>, text: string, base: bigint): void => {
    if (!map.has(text)) map.set(text, base + BigInt(map.size) * DISTANCE)
  }
  for (const { name, fields } of entries) {
    for (const { type, name: member } of FORMATS[name].members) {
      const value = fields[member]
      if (type === 'const char *') add(constants, String(value), TEXTS_AT)
      else if (type === 'void *' || type === 'unsigned long') {
        if (typeof value === 'string') add(functions, value, FUNCTIONS_AT)
      }
    }
  }
  return { functions, texts: constants }
}

/** As /proc/kallsyms. */
function symbols({ functions }: Addresses): string {
  return [...functions].map(([name, address]) => `${address.toString(16)} T ${name}\n`).join('')
}

/** As printk_formats. */
function texts({ texts: constants }: Addresses): string {
  return [...constants].map(([text, address]) => `0x${address.toString(16)} : "${text}"\n`).join('')
}

/** As saved_cmdlines. */
function taskNames(entries: readonly Entry[]): string {
  const names = new Map<number, string>()
  for (const { pid, comm } of entries) if (pid !== 0) names.set(pid, comm)
  return [...names].map(([pid, comm]) => `${pid} ${comm}\n`).join('')
}

const OPTION = { cpuStats: 2, clock: 4 } as const

function writeOptions(out: Bytes, lists: readonly Entry[][], lostAtEnd: readonly number[]): void {
  out.text('options  \0').u16(OPTION.clock)
  shortSized(out, '[local]\0')
  for (const text of statsOf(lists, lostAtEnd)) shortSized(out.u16(OPTION.cpuStats), text)
  out.u16(0)
}

/** As per_cpu/cpuN/stats, for each CPU: how many events there are, and how many were lost. */
function statsOf(lists: readonly Entry[][], lostAtEnd: readonly number[]): string[] {
  return lists.map((own, cpu) => {
    const overrun = own.reduce((sum, { lost }) => sum + lost, lostAtEnd[cpu] ?? 0)
    return `CPU: ${cpu}\nentries: ${own.length}\noverrun: ${overrun}\n`
  })
}

/** The pages of one CPU. */
function pagesOf(entries: readonly Entry[], lostAtEnd: number, addresses: Addresses): Uint8Array {
  const out = new Bytes()
  let page: Page | null = null
  for (const entry of entries) {
    const record = recordOf(entry, addresses)
    const time = BigInt(Math.floor(entry.timeNs))
    if (page === null || entry.lost > 0 || !page.hasRoom(time, record.length)) {
      page?.writeTo(out)
      page = new Page(time, entry.lost)
    }
    page.add(time, record)
  }
  page?.writeTo(out)
  // What was lost after the last record has no record to be lost before: an empty page says so.
  if (lostAtEnd > 0) new Page(page?.last ?? 0n, lostAtEnd).writeTo(out)
  return out.done()
}

class Page {
  private readonly data = new Bytes()
  private readonly begin: bigint
  private readonly lost: number
  last: bigint

  constructor(begin: bigint, lost: number) {
    this.begin = begin
    this.last = begin
    this.lost = lost
  }

  /** Whether a record fits; room for what it may need besides, and for the count of what was lost. */
  hasRoom(time: bigint, size: number): boolean {
    const delta = time - this.last
    return delta >= 0n && this.data.length + 8 + 8 + size + 8 <= PAGE_DATA
  }

  add(time: bigint, record: Uint8Array): void {
    const { data } = this
    const delta = time - this.last
    const isFar = delta >> DELTA_BITS > 0n
    if (isFar) {
      data.u32(header(TIME_EXTEND, delta & ((1n << DELTA_BITS) - 1n))).u32(Number(delta >> DELTA_BITS))
    }
    const words = record.length / 4
    if (words <= SHORT_WORDS) data.u32(header(words, isFar ? 0n : delta))
    else data.u32(header(0, isFar ? 0n : delta)).u32(record.length + 4)
    data.raw(record)
    this.last = time
  }

  writeTo(out: Bytes): void {
    const used = this.data.length
    const missed = this.lost > 0 ? MISSED_EVENTS + MISSED_STORED : 0
    out
      .u64(this.begin)
      .u64(used + missed)
      .raw(this.data.done())
    if (this.lost > 0) out.u64(this.lost)
    out.align(PAGE)
  }
}

function header(type: number, delta: bigint): number {
  return Number((delta << BigInt(TYPE_BITS)) | BigInt(type))
}
