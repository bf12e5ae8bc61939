import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import type { Entry, Trace } from '#dist/src/export/entry.js'
import { FORMATS } from '#dist/src/export/formats.js'
import { ftraceLine } from '#dist/src/export/ftrace.js'
import { traceDat } from '#dist/src/export/trace-dat.js'
import { anyTrace, recorded } from '../support/export.js'
import { parseLine } from '../support/ftrace.js'
import { ROOT } from '../support/run.js'
import { commonLine } from '../support/trace-cmd.js'

const folder = mkdtempSync(join(tmpdir(), 'cpuhp-dat-'))
afterAll(() => rmSync(folder, { recursive: true }))

const hasTraceCmd = spawnSync('trace-cmd', ['--version']).error === undefined
const why = hasTraceCmd ? '' : ' (skipped: trace-cmd is not installed; apt-get install trace-cmd)'

/** What `trace-cmd report` says of a trace, a line each, without its own first one; it must not complain. */
function report(trace: Trace, name: string): string[] {
  const file = join(folder, name)
  writeFileSync(file, traceDat(trace))
  const { status, stdout, stderr } = spawnSync('trace-cmd', ['report', '-N', '-i', file], { encoding: 'utf8' })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  const [cpus, ...lines] = stdout.trimEnd().split('\n')
  expect(cpus).toBe(`cpus=${trace.cpus}`)
  return lines
}

/** Those of one CPU: where two have the same time, trace-cmd has an order of its own. */
const ofCpu = (lines: readonly string[], cpu: number): string[] =>
  lines.filter((line) => line.includes(`[${String(cpu).padStart(3, '0')}]`)).map(commonLine)

describe.skipIf(!hasTraceCmd)(`trace-cmd${why}`, () => {
  test('prints the same as we do, without complaint', async () => {
    const { trace } = await recorded()
    const lines = report(trace, 'machine.dat')
    const own = trace.entries.map(ftraceLine)
    expect(lines.length).toBe(own.length)
    for (let cpu = 0; cpu < trace.cpus; cpu++) {
      expect(ofCpu(lines, cpu).length).toBeGreaterThan(50)
      expect(ofCpu(lines, cpu)).toEqual(ofCpu(own, cpu))
    }
  })

  test.each(['offline-busy-cpu2.txt', 'online-cpu2.txt'])("prints a real kernel's events of %s as that did", (file) => {
    const lines = readFileSync(join(ROOT, 'test/golden/ftrace', file), 'utf8').split('\n')
    const parsed = lines.flatMap((line) => parseLine(line) ?? [])
    const entries = parsed.map((entry): Entry => ({ ...entry, mark: null, lost: 0 }))
    const trace = { kind: 'threads', cpus: 4, online: 4, entries, lostAtEnd: [0, 0, 0, 0], endNs: 0 } as const
    const printed = report(trace, file)
    expect(printed.length).toBeGreaterThan(300)
    for (let cpu = 0; cpu < trace.cpus; cpu++) {
      expect(ofCpu(printed, cpu)).toEqual(ofCpu(lines, cpu))
    }
  })

  test('shows the latency flags', async () => {
    const { trace } = await recorded()
    const file = join(folder, 'flags.dat')
    writeFileSync(file, traceDat(trace))
    const { stdout } = spawnSync('trace-cmd', ['report', '-N', '-l', '-i', file], { encoding: 'utf8' })
    const flags = (pattern: RegExp, lines: readonly string[]): string[] =>
      lines.flatMap((line) => pattern.exec(line)?.[1] ?? []).sort()
    expect(flags(/^.{8}-\d+ +\d(\S{5}) /, stdout.split('\n'))).toEqual(
      // It does not know yet that softirqs are held off.
      flags(
        /\] (\S{5}) /,
        trace.entries.map(ftraceLine).map((line) => line.replace('] D', '] d').replace('] b', '] .')),
      ),
    )
  })

  test('says how many events were lost, and where', async () => {
    const { trace } = await recorded()
    const at = trace.entries.findIndex(({ cpu }, n) => cpu === 1 && n > 100)
    const entries = trace.entries.map((entry, n) => (n === at ? { ...entry, lost: 1234 } : entry))
    const lines = report({ ...trace, entries }, 'lost.dat')
    const found = lines.findIndex((line) => line.includes('1234 EVENTS DROPPED'))
    expect(lines[found]).toMatch(/CPU:1 /)
    expect(ofCpu(lines.slice(found + 1), 1)[0]).toBe(commonLine(ftraceLine(entries[at]!)))
  })
})

/** What the file says of a CPU's events: how many there are, and how many were lost. */
function statsOf(trace: Trace): string[] {
  const text = Buffer.from(traceDat(trace)).toString('latin1')
  return [...text.matchAll(/CPU: (\d+)\nentries: (\d+)\noverrun: (\d+)\n/g)].map((match) => match.slice(1).join(' '))
}

test('what was lost at the end, with no event behind it, is said as well', async () => {
  const { trace } = await recorded()
  const count = (cpu: number): number => trace.entries.filter((entry) => entry.cpu === cpu).length
  expect(statsOf({ ...trace, lostAtEnd: [0, 7, 0] })).toEqual([`0 ${count(0)} 0`, `1 ${count(1)} 7`, `2 ${count(2)} 0`])
})

/** The records in a file's pages: a reader of its own, by the format's words. */
function recordsOf(file: Uint8Array, cpus: number): { cpu: number; time: bigint; id: number; pid: number }[][] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const table = Buffer.from(file).indexOf('flyrecord\0') + 10
  return Array.from({ length: cpus }, (_, cpu) => {
    const records = []
    const begin = Number(view.getBigUint64(table + 16 * cpu, true))
    const end = begin + Number(view.getBigUint64(table + 16 * cpu + 8, true))
    expect(begin % 4096).toBe(0)
    for (let page = begin; page < end; page += 4096) {
      let time = view.getBigUint64(page, true)
      const used = view.getUint32(page + 8, true) & 0xfff_ffff
      for (let at = page + 16; at < page + 16 + used; ) {
        const word = view.getUint32(at, true)
        const [type, delta] = [word & 31, BigInt(word >>> 5)]
        if (type === 30) {
          time += delta + (BigInt(view.getUint32(at + 4, true)) << 27n)
          at += 8
          continue
        }
        time += delta
        const data = type === 0 ? at + 8 : at + 4
        const length = type === 0 ? view.getUint32(at + 4, true) - 4 : type * 4
        records.push({ cpu, time, id: view.getUint16(data, true), pid: view.getInt32(data + 4, true) })
        at = data + length
      }
    }
    return records
  })
}

test('every event of a trace is in its file once, in order, with its time', () => {
  fc.assert(
    fc.property(anyTrace, (trace) => {
      const records = recordsOf(traceDat(trace), trace.cpus)
      for (let cpu = 0; cpu < trace.cpus; cpu++) {
        const own = trace.entries.filter((entry) => entry.cpu === cpu)
        expect(records[cpu]).toEqual(
          own.map(({ timeNs, name, pid }) => ({ cpu, time: BigInt(timeNs), id: FORMATS[name].id, pid })),
        )
      }
    }),
    { numRuns: 100 },
  )
})

test.skipIf(!hasTraceCmd)(
  `trace-cmd reads every event of any trace, and what was lost${why}`,
  () => {
    fc.assert(
      fc.property(anyTrace, (trace) => {
        fc.pre(trace.entries.length > 0)
        const lines = report(trace, 'any.dat')
        const dropped = lines.filter((line) => line.includes('EVENTS DROPPED'))
        expect(lines.length - dropped.length).toBe(trace.entries.length)
        const before = trace.entries.reduce((sum, { lost }) => sum + lost, 0)
        const counted = dropped.reduce((sum, line) => sum + Number(/(\d+) EVENTS DROPPED/.exec(line)?.[1]), 0)
        expect(counted).toBe(before)
      }),
      { numRuns: 40 },
    )
  },
  60_000,
)

test('the headers are those of a real kernel', async () => {
  const { trace } = await recorded()
  const text = Buffer.from(traceDat(trace)).toString('latin1')
  for (const file of ['header_page.txt', 'header_event.txt']) {
    expect(text).toContain(readFileSync(join(ROOT, 'test/golden/ftrace', file), 'latin1'))
  }
})
