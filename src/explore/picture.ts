// A schedule as a table that a person can read: a column for each CPU, a row for each operation that matters.
//
// What matters: where the order deviates; the last thing that each CPU did, or wants to do; and, nearest to those, the
// operations whose order made a difference: two on the same word by different CPUs, one after the other, one of them a write.
import type { View } from '../machine/deterministic/strategy.js'
import { STEP } from '../machine/deterministic/strategy.js'
import { describeOperation } from '../machine/report.js'
import { PERCPU } from '../memory/structs.js'
import { KIND } from '../ops/operation.js'
import { commOf } from '../sched/task.js'
import { DEVIATION, type Deviation } from './deviation.js'
import type { Watcher } from './recorder.js'
import { isWrite, wordOf } from './shared-words.js'

/** One operation as it was about to be done. */
export interface Seen {
  readonly cpu: number
  readonly nth: number
  readonly task: string
  readonly place: string
  readonly says: string
  readonly word: number
  readonly writes: boolean
  /** an interrupt was taken, or a task preempted, before it */
  readonly before: 'interrupt' | 'preemption' | null
}

/** Notes every operation; for a run that is looked at, not for a search. */
export class Film implements Watcher {
  readonly seen: Seen[] = []
  /** for each task where it was when it went to sleep last: 'wait_for_completion' */
  readonly sleeps = new Map<string, string>()
  private readonly lastPlace = new Map<string, string>()

  step(view: View, cpu: number, nth: number): void {
    const { memory } = view
    const operation = view.declared(cpu)
    const { place, kind } = operation
    const task = commOf(memory, memory.get(memory.percpu(cpu) + PERCPU.current))
    const step = view.stepOf(cpu)
    if (place === 'schedule:now') this.sleeps.set(task, functionOf(this.lastPlace.get(task) ?? place))
    else this.lastPlace.set(task, place)
    this.seen.push({
      cpu,
      nth,
      task,
      place,
      says: describeOperation(memory, operation),
      word: wordOf(operation),
      writes: isWrite(kind) && kind !== KIND.fence,
      before: step === STEP.interrupt ? 'interrupt' : step === STEP.preemption ? 'preemption' : null,
    })
  }
}

function functionOf(place: string): string {
  return place.replace(/:.*$/, '')
}

const ROWS = 36

/** The numbers of the rows to show, ascending. */
export function choose(seen: readonly Seen[], deviations: readonly Deviation[], rows = ROWS): number[] {
  const chosen = new Set<number>()
  const wants = deviations.filter(({ kind }) => kind === DEVIATION.turn)
  for (const { cpu, nth } of wants.slice(0, rows >> 1)) {
    const at = seen.findIndex((one) => one.cpu === cpu && one.nth === nth)
    // What it had done last, what came instead, and what it does when its turn comes again.
    for (const row of [lastOf(seen, cpu, at - 1), lastSwitch(seen, cpu, at), at]) if (row >= 0) chosen.add(row)
  }
  for (const cpu of new Set(seen.map((one) => one.cpu))) chosen.add(lastOf(seen, cpu, seen.length - 1))
  const anchors = [...chosen]
  const distance = (row: number): number => Math.min(...anchors.map((anchor) => Math.abs(anchor - row)))
  const pairs = conflicts(seen).map((pair) => ({ pair, far: Math.min(...pair.map(distance)) }))
  pairs.sort((a, b) => a.far - b.far)
  for (const { pair } of pairs) {
    if (chosen.size + 2 > rows) break
    for (const row of pair) chosen.add(row)
  }
  return [...chosen].sort((a, b) => a - b)
}

function lastOf(seen: readonly Seen[], cpu: number, from: number): number {
  for (let row = from; row >= 0; row--) if (seen[row]!.cpu === cpu) return row
  return -1
}

/** The first operation of others after the last one of `cpu` before row `at`. */
function lastSwitch(seen: readonly Seen[], cpu: number, at: number): number {
  const before = lastOf(seen, cpu, at - 1)
  return before + 1 < at ? before + 1 : -1
}

/** Two operations on a word by different CPUs, with none on it between them, one a write. */
function conflicts(seen: readonly Seen[]): [number, number][] {
  const latest = new Map<number, number>()
  const found: [number, number][] = []
  for (const [row, one] of seen.entries()) {
    if (one.word === 0) continue
    const before = latest.get(one.word)
    if (before !== undefined && seen[before]!.cpu !== one.cpu && (one.writes || seen[before]!.writes)) {
      found.push([before, row])
    }
    latest.set(one.word, row)
  }
  return found
}

/** The table: cells of rows, the first its head. A row of dots stands for what is left out. */
export function tableOf(seen: readonly Seen[], rows: readonly number[], cpus: number): string[][] {
  const table: string[][] = [['', ...Array.from({ length: cpus }, (_, cpu) => `CPU ${cpu}`)]]
  let last = -1
  for (const row of rows) {
    if (row > last + 1 && last >= 0) table.push(['', ...Array.from({ length: cpus }, () => '.')])
    const one = seen[row]!
    const cells = Array.from({ length: cpus }, () => '')
    cells[one.cpu] = cell(one)
    table.push([String(row), ...cells])
    last = row
  }
  return table
}

function cell({ task, place, says, before }: Seen): string {
  if (before !== null) return `${task}: ${before === 'interrupt' ? 'takes an interrupt' : 'is preempted'} at ${place}`
  return `${task}: ${place}: ${says}`
}

/** What each decisive switch is, in a sentence. */
export function sentences(seen: readonly Seen[], deviations: readonly Deviation[]): string[] {
  return deviations.map(({ kind, cpu, nth, place, value }) => {
    const at = seen.findIndex((one) => one.cpu === cpu && one.nth === nth)
    const one = at < 0 ? null : seen[at]!
    const who = one === null ? `CPU ${cpu}` : `CPU ${cpu} (${one.task})`
    if (kind === DEVIATION.late) return `The interrupt that CPU ${cpu} could take at ${place} comes later.`
    if (kind === DEVIATION.choice) return `${who} is given ${value} where it asks for a number, at ${place}.`
    const doing = one === null ? place : `${place}: ${one.says}`
    return `${who} is held up before ${doing}; CPU ${value} goes on meanwhile.`
  })
}
