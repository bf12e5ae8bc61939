import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Trace } from '#dist/src/export/entry.js'
import { FORMAT_NAMES } from '#dist/src/export/formats.js'
import { ftraceLine, ftraceLines } from '#dist/src/export/ftrace.js'
import { handlerEnds } from '#dist/src/export/handlers.js'
import { formatText } from '#dist/src/export/trace-dat.js'
import { recorded } from '../support/export.js'
import { parseLine } from '../support/ftrace.js'
import { ROOT } from '../support/run.js'

const golden = (file: string): string => readFileSync(join(ROOT, 'test/golden/ftrace', file), 'utf8')
const SAMPLES = ['offline-busy-cpu2.txt', 'online-cpu2.txt']

/** What a kernel has and the machine has not: half a need to reschedule. */
function simplified(line: string): string {
  return line.replace(/\] (\S{5})/, (_, flags: string) => `] ${flags.replace(/n/, '.')}`)
}

describe("a real kernel's", () => {
  const formats = new Map(
    golden('formats.txt')
      .split(/^# .*\n/m)
      .map((text) => [/^name: (.*)/.exec(text)?.[1] ?? '', `${text.trimEnd()}\n`]),
  )
  const known = FORMAT_NAMES.filter((name) => formats.has(name))

  test('formats are known to the test', () => {
    const ours = FORMAT_NAMES.filter((name) => !known.includes(name))
    expect(ours).toEqual([
      'ipi_raise',
      'local_timer_entry',
      'local_timer_exit',
      'tick_stop',
      'workqueue_activate_work',
      'print',
    ])
  })

  test.each(known)('format of %s is ours', (name) => {
    expect(formatText(name)).toBe(formats.get(name))
  })

  test.each(SAMPLES)('lines of %s, parsed and written by us, are the same again', (file) => {
    const lines = golden(file)
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
    expect(lines.length).toBeGreaterThan(50)
    for (const line of lines) {
      const entry = parseLine(line)
      expect(entry, line).not.toBeNull()
      expect(ftraceLine({ ...entry!, mark: null, lost: 0 })).toBe(simplified(line))
    }
  })

  test('header is ours, but for the numbers', async () => {
    const { trace } = await recorded()
    const header = (lines: string[]): string[] =>
      lines.slice(0, 12).map((line) => line.replace(/\d+\/\d+ {3}#P:\d/, 'N'))
    expect(header([...ftraceLines(trace)])).toEqual(header(golden(SAMPLES[0]!).split('\n')))
  })
})

describe("a machine's", () => {
  test('events are all there, in order, and read as they were written', async () => {
    const { trace, events } = await recorded()
    expect(trace.entries.length).toBe(events)
    const lines = [...ftraceLines(trace)].slice(12)
    expect(lines.length).toBe(events)
    for (const [n, line] of lines.entries()) {
      const { mark: _, lost: __, timeNs, ...entry } = trace.entries[n]!
      const { timeNs: written, ...parsed } = parseLine(line)!
      expect(parsed).toEqual(entry.pid === 0 ? { ...entry, comm: '<idle>' } : entry)
      expect(Math.abs(written - timeNs)).toBeLessThanOrEqual(500)
    }
  })

  test('events say what Linux says: who is preempted, who sleeps, at which priority, with what turned off', async () => {
    const { trace } = await recorded()
    const lines = [...ftraceLines(trace)]
    const some = (pattern: RegExp): void =>
      expect(
        lines.some((line) => pattern.test(line)),
        String(pattern),
      ).toBe(true)
    some(/prev_comm=busy prev_pid=\d+ prev_prio=115 prev_state=R\+ ==> next_comm=cpuhp\/1 next_pid=\d+ next_prio=120$/)
    some(/next_comm=migration\/1 next_pid=\d+ next_prio=0$/)
    some(/cpuhp\/1-\d+ +\[001\] \.\.\.\.\. .*: cpuhp_enter: cpu: 0001 target: 153 step: 235 \(sched_cpu_deactivate\)$/)
    some(/sched_migrate_task: comm=busy pid=\d+ prio=115 orig_cpu=1 dest_cpu=0$/)
    some(/sched_process_fork: comm=requester\/\d pid=\d+ child_comm=busy child_pid=\d+$/)
    some(/ d[.N]h[.1-9]\. +\d+\.\d{6}: reschedule_entry: vector=253$/)
    some(/: ipi_raise: target_mask=00000000,0000000\d \(Rescheduling interrupts\)$/)
    some(/: tracing_mark_write: cpuhp: cpu 1 done 0$/)
    some(/ d\.\.1\. +\S+: sched_waking: comm=cpuhp\/1 pid=\d+ prio=120 target_cpu=001$/)
    some(/ d\.\.2\. +\S+: sched_wakeup_new: comm=busy pid=\d+ prio=115 target_cpu=00\d$/)
    some(/: sched_process_exit: comm=busy pid=\d+ prio=115$/)
    some(/<idle>-0 +\[002\] \.\.\.1\. +\S+: cpu_idle: state=1 cpu_id=2$/)
    some(/<idle>-0 +\[002\] \.[.N]\.1\. +\S+: cpu_idle: state=4294967295 cpu_id=2$/)
    some(/<idle>-0 .*prev_comm=swapper\/\d prev_pid=0 prev_prio=120 prev_state=R ==>/)
  })

  test('interrupts end as they began, one within the other', async () => {
    const { trace } = await recorded()
    const open = Array.from({ length: trace.cpus }, (): string[] => [])
    let handled = 0
    for (const entry of trace.entries) {
      const { cpu, name } = entry
      if (name.endsWith('_entry')) open[cpu]!.push(name.replace('_entry', '_exit'))
      else if (handlerEnds(entry)) {
        expect(open[cpu]!.pop()).toBe(name)
        handled++
      }
    }
    expect(open.flat()).toEqual([])
    expect(handled).toBeGreaterThan(20)
  })
})

test('what was lost is said where it was lost', () => {
  const entry = {
    cpu: 1,
    timeNs: 0,
    pid: 0,
    comm: 'swapper/1',
    flags: 0,
    name: 'reschedule_entry',
    fields: { vector: 253 },
    mark: null,
    lost: 0,
  } as const
  const trace: Trace = {
    kind: 'threads',
    cpus: 3,
    online: 2,
    entries: [entry, { ...entry, lost: 17 }],
    lostAtEnd: [0, 0, 4],
    endNs: 0,
  }
  const lines = [...ftraceLines(trace)]
  expect(lines[2]).toBe('# entries-in-buffer/entries-written: 2/23   #P:2')
  expect(lines.slice(13)).toEqual([
    'CPU:1 [LOST 17 EVENTS]',
    '          <idle>-0       [001] .....     0.000000: reschedule_entry: vector=253',
    'CPU:2 [LOST 4 EVENTS]',
  ])
})
