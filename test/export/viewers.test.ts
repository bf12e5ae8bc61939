// What viewers are given: Chrome's JSON, speedscope's, collapsed stacks; and figures.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chromeJson } from '#dist/src/export/chrome.js'
import type { Entry, Trace } from '#dist/src/export/entry.js'
import { collapsedStacks, speedscopeJson } from '#dist/src/export/flame.js'
import { stretchesOf } from '#dist/src/export/stretches.js'
import { summarise } from '#dist/src/export/summary.js'
import { tracksOf } from '#dist/src/export/tracks.js'
import { MARK } from '#dist/src/trace/events.js'
import { anyTrace, recorded } from '../support/export.js'

interface ChromeEvent {
  readonly ph: 'M' | 'B' | 'E' | 'i'
  readonly pid: number
  readonly tid: number
  readonly ts: number
  readonly name?: string
  readonly args?: { readonly name?: string }
}

describe("Chrome's JSON", () => {
  test('has slices that are nested, on tracks that have names', async () => {
    const { trace } = await recorded()
    const { traceEvents } = JSON.parse([...chromeJson(trace)].join('')) as { traceEvents: ChromeEvent[] }
    const names = new Map(
      traceEvents.flatMap(({ name, tid, args }) => (name === 'thread_name' ? [[tid, args!.name!]] : [])),
    )
    const open = new Map<number, string[]>()
    const last = new Map<number, number>()
    const slices = new Set<string>()
    for (const { ph, tid, ts, name } of traceEvents) {
      if (ph === 'M') continue
      expect(ts).toBeGreaterThanOrEqual(last.get(tid) ?? 0)
      last.set(tid, ts)
      const stack = open.get(tid) ?? []
      open.set(tid, stack)
      if (ph === 'B') {
        stack.push(name!)
        slices.add(`${names.get(tid)}: ${stack.join(' > ')}`)
      } else if (ph === 'E') expect(stack.pop()).toBeDefined()
    }
    expect([...open.values()].flat()).toEqual([])
    expect(slices).toContain('requests of requester/0-1: offline of CPU 1')
    expect(slices).toContain('hotplug of CPU 1: takedown_cpu (step 153) > stop_machine: gathering')
    expect([...slices].filter((slice) => /^CPU 1: busy-\d+$/.test(slice))).toHaveLength(1)
    expect([...slices].filter((slice) => /^busy-\d+: CPU [01]$/.test(slice)).length).toBeGreaterThanOrEqual(2)
  })
})

test('tracks of any trace are nested, and none goes back in time', () => {
  fc.assert(
    fc.property(anyTrace, (trace) => {
      const { tracks, steps } = tracksOf(trace)
      const depth = tracks.map(() => 0)
      const last = tracks.map(() => 0)
      for (const { kind, track, timeNs } of steps) {
        depth[track.id]! += kind === 'begin' ? 1 : kind === 'end' ? -1 : 0
        expect(depth[track.id]).toBeGreaterThanOrEqual(0)
        expect(timeNs).toBeGreaterThanOrEqual(last[track.id]!)
        last[track.id] = timeNs
      }
      expect(depth.every((open) => open === 0)).toBe(true)
    }),
    { numRuns: 100 },
  )
})

test('the stretches of every CPU follow one another from the beginning to the end of any trace', () => {
  fc.assert(
    fc.property(anyTrace, (trace) => {
      const at = new Array<number>(trace.cpus).fill(0)
      for (const { cpu, beginNs, endNs } of stretchesOf(trace)) {
        expect(beginNs).toBe(at[cpu])
        expect(endNs).toBeGreaterThan(beginNs)
        at[cpu] = endNs
      }
      expect(at).toEqual(new Array<number>(trace.cpus).fill(trace.endNs))
    }),
    { numRuns: 100 },
  )
})

describe('flame graphs', () => {
  test('collapsed stacks have all of the time of every CPU', async () => {
    const { trace } = await recorded()
    const sums = new Array<number>(trace.cpus).fill(0)
    const stacks = [...collapsedStacks(trace)]
    for (const line of stacks) {
      const [, cpu, ns] = /^CPU (\d+);\S.* (\d+)\n$/.exec(line)!
      sums[Number(cpu)]! += Number(ns)
    }
    for (const sum of sums) expect(Math.abs(sum - trace.endNs)).toBeLessThan(stacks.length)
    expect(stacks.join('')).toMatch(/^CPU \d;kworker\/\d:\d;work_for_cpu_fn;takedown_cpu \d+$/m)
    expect(stacks.join('')).toMatch(/^CPU 1;cpuhp\/1;smpboot_park_threads \d+$/m)
    expect(stacks.join('')).toMatch(/^CPU 2;migration\/2;stop_machine \d+$/m)
    expect(stacks.join('')).toMatch(/^CPU 1;offline \d+$/m)
  })

  test("speedscope's profiles open and close the same frames, and have the same times", async () => {
    const { trace } = await recorded()
    const { shared, profiles } = JSON.parse([...speedscopeJson(trace)].join('')) as {
      shared: { frames: { name: string }[] }
      profiles: { name: string; endValue: number; events: { type: 'O' | 'C'; frame: number; at: number }[] }[]
    }
    const times = new Map<string, number>()
    for (const { name, endValue, events } of profiles) {
      const stack: string[] = [name]
      let at = 0
      for (const { type, frame, at: now } of events) {
        expect(now).toBeGreaterThanOrEqual(at)
        times.set(stack.join(';'), (times.get(stack.join(';')) ?? 0) + now - at)
        at = now
        if (type === 'O') stack.push(shared.frames[frame]!.name)
        else expect(stack.pop()).toBe(shared.frames[frame]!.name)
      }
      expect(stack).toEqual([name])
      expect(endValue).toBe(trace.endNs)
    }
    for (const line of collapsedStacks(trace)) {
      const [, stack, ns] = /^(.*) (\d+)\n$/.exec(line)!
      expect(Math.abs(times.get(stack!)! - Number(ns))).toBeLessThanOrEqual(1)
    }
  })
})

const base = { cpu: 0, timeNs: 0, pid: 0, comm: 'swapper/0', flags: 0, mark: null, lost: 0 } as const
const wakeup = (timeNs: number, pid: number): Entry => ({
  ...base,
  timeNs,
  name: 'sched_wakeup',
  fields: { comm: 'a', pid, prio: 120, target_cpu: 0 },
})
const switched = (timeNs: number, from: number, to: number): Entry => ({
  ...base,
  timeNs,
  pid: from,
  comm: from === 0 ? 'swapper/0' : 'a',
  name: 'sched_switch',
  fields: {
    ...{ prev_comm: 'a', prev_pid: from, prev_prio: 120, prev_state: 1 },
    ...{ next_comm: 'a', next_pid: to, next_prio: 120 },
  },
})
const marked = (timeNs: number, pid: number, point: (typeof MARK)[keyof typeof MARK], subject = 0): Entry => ({
  ...base,
  timeNs,
  pid,
  comm: 'a',
  name: 'print',
  fields: { ip: 'tracing_mark_write', buf: '' },
  mark: { subject, point, result: 0 },
})

describe('figures', () => {
  test('are what a small trace says', () => {
    const entries = [
      wakeup(100, 7),
      switched(110, 0, 7),
      marked(120, 7, MARK.irqsOff),
      marked(150, 7, MARK.irqsOn),
      switched(200, 7, 0),
      wakeup(300, 7),
      wakeup(310, 7),
      switched(350, 0, 7),
      marked(400, 7, MARK.died),
    ]
    const trace: Trace = { kind: 'threads', cpus: 2, online: 1, entries, lostAtEnd: [0, 0], endNs: 1000 }
    expect(summarise(trace)).toEqual({
      lengthNs: 1000,
      tasks: [{ pid: 7, comm: 'a', runNs: 140, switches: 2, wakeups: 2, delayNs: 60, maxDelayNs: 50, maxAtNs: 350 }],
      cpus: [
        // Until its first event it is not there.
        { cpu: 0, busyNs: 110, idleNs: 160, stoppedNs: 30, offlineNs: 700 },
        { cpu: 1, busyNs: 0, idleNs: 0, stoppedNs: 0, offlineNs: 1000 },
      ],
    })
  })

  test('of a CPU come to the length of the trace, and those of a task to what the kernel has accounted', async () => {
    const { trace, ran } = await recorded()
    const { cpus, tasks } = summarise(trace)
    for (const { busyNs, idleNs, stoppedNs, offlineNs } of cpus) {
      expect(busyNs + idleNs + stoppedNs + offlineNs).toBeCloseTo(trace.endNs)
    }
    expect(cpus[1]!.offlineNs).toBeGreaterThan(cpus[0]!.offlineNs)
    const busy = tasks.find(({ comm }) => comm === 'busy')!
    expect(tasks[0]).toBe(busy)
    // The kernel looks at its clock just before the switch.
    expect(Math.abs(busy.runNs - ran)).toBeLessThan(1000 * busy.switches)
  })
})
