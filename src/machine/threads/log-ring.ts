// The way of the kernel log to the host, and of what the kernel tells of devices: a ring of records in memory that all workers share. As the kernel's own log, it keeps the
// latest; a host that is late is told how many it has missed.
//
//   a worker                                     the host
//   n = head; head = n + 1                       record n: sequence = n + 1? copy it
//   record n: sequence = 0; line; n + 1          sequence = n + 1 still? that was the line
//
// A text longer than a record goes on in the next ones, which are taken together.
import { type FieldKind, struct } from '../../memory/struct.js'
import type { DeviceAction } from '../../ops/cpu.js'
import type { KernelLogLine } from '../report.js'

/** The level of what is no line of the log, but told of a device: the action, and the CPU. */
export const UEVENT = -1

const RECORDS = 512
/** UTF-16 code units of a record. */
const UNITS = 160

const text: FieldKind = [UNITS / 2]
const LOG_RECORD = struct('log_record', {
  sequence: 'word',
  cpu: 'word',
  level: 'word',
  /** of the whole text, in units, and which part of it this record has */
  length: 'word',
  part: 'word',
  time: 'time',
  text,
})
/** Before the records: how many have been taken by writers. */
const HEAD = 16
const BYTES = (HEAD + RECORDS * LOG_RECORD.$size) * 4

const partsOf = (units: number): number => Math.max(1, Math.ceil(units / UNITS))

export class LogRing {
  readonly buffer: SharedArrayBuffer
  private readonly words: Int32Array
  private readonly times: Float64Array
  private readonly units: Uint16Array
  /** this thread has written lines that the host has not been told of */
  fresh = false
  /** the next record to read */
  private next = 0
  /** records that were overwritten before they were read, and that no reader has been told of */
  private missed = 0

  constructor(buffer = new SharedArrayBuffer(BYTES)) {
    this.buffer = buffer
    this.words = new Int32Array(buffer)
    this.times = new Float64Array(buffer)
    this.units = new Uint16Array(buffer)
  }

  /** A device's change: the host is rung for the answer that follows, not for this. */
  writeUevent(cpu: number, timeNs: number, action: DeviceAction, subject: number): void {
    const { fresh } = this
    this.write(cpu, timeNs, UEVENT, `${action} ${subject}`)
    this.fresh = fresh
  }

  private record(number: number): number {
    return HEAD + (number & (RECORDS - 1)) * LOG_RECORD.$size
  }

  /** Writes a line; a text longer than the whole ring is cut. */
  write(cpu: number, timeNs: number, level: number, given: string): void {
    const { words } = this
    const line = given.slice(0, RECORDS * UNITS)
    const parts = partsOf(line.length)
    const first = Atomics.add(words, 0, parts)
    for (let part = 0; part < parts; part++) {
      const at = this.record(first + part)
      Atomics.store(words, at + LOG_RECORD.sequence, 0)
      words[at + LOG_RECORD.cpu] = cpu
      words[at + LOG_RECORD.level] = level
      words[at + LOG_RECORD.length] = line.length
      words[at + LOG_RECORD.part] = part
      this.times[(at + LOG_RECORD.time) / 2] = timeNs
      const unit = (at + LOG_RECORD.text) * 2
      const end = Math.min(UNITS, line.length - part * UNITS)
      for (let i = 0; i < end; i++) this.units[unit + i] = line.charCodeAt(part * UNITS + i)
      Atomics.store(words, at + LOG_RECORD.sequence, (first + part + 1) | 0)
    }
    this.fresh = true
  }

  /** The lines written since the last call, oldest first; ends before one that is still being written. */
  read(): KernelLogLine[] {
    const lines: KernelLogLine[] = []
    this.missed += this.skip(Math.max(0, (Atomics.load(this.words, 0) - this.next - RECORDS) | 0))
    for (let line = this.readLine(); line !== null; line = this.readLine()) {
      if (typeof line === 'number') this.missed += this.skip(line)
      else {
        if (this.missed > 0) lines.push({ ...line, level: 4, text: `** ${this.missed} printk messages dropped **` })
        this.missed = 0
        lines.push(line)
      }
    }
    return lines
  }

  private skip(records: number): number {
    this.next = (this.next + records) | 0
    return records
  }

  /** A number: the next so many records are no whole line. */
  private readLine(): KernelLogLine | number | null {
    const { words } = this
    const state = this.look(this.next)
    if (state !== 'written') return state === null ? null : RECORDS / 2
    const first = this.record(this.next)
    const field = (offset: number): number => words[first + offset]!
    const [cpu, level, length] = [field(LOG_RECORD.cpu), field(LOG_RECORD.level), field(LOG_RECORD.length)]
    const timeNs = this.times[(first + LOG_RECORD.time) / 2]!
    const parts = partsOf(length) - field(LOG_RECORD.part)
    const whole = field(LOG_RECORD.part) === 0
    let text = ''
    for (let part = 0; part < parts && whole; part++) {
      const before = this.look(this.next + part)
      if (before !== 'written') return before === null ? null : RECORDS / 2
      const unit = (this.record(this.next + part) + LOG_RECORD.text) * 2
      text += String.fromCharCode(...this.units.subarray(unit, unit + Math.min(UNITS, length - part * UNITS)))
    }
    if (this.look(this.next) !== 'written') return RECORDS / 2
    if (!whole) return parts
    this.skip(parts)
    return { cpu, timeNs, level, text }
  }

  /** Null: not there yet. */
  private look(number: number): 'written' | 'overwritten' | null {
    const sequence = Atomics.load(this.words, this.record(number) + LOG_RECORD.sequence)
    if (sequence === ((number + 1) | 0)) return 'written'
    return sequence !== 0 && ((sequence - number - 1) | 0) > 0 ? 'overwritten' : null
  }
}
