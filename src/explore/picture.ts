// A schedule as a table that a person can read: a column for each CPU, a row for each operation that matters.
//
// What matters: where the order deviates; the last thing that each CPU did, or wants to do; and, nearest to those, the
// operations whose order made a difference: two on the same word by different CPUs, one after the other, one of them a write.
import type { View } from '../machine/deterministic/strategy.js'
import { STEP } from '../machine/deterministic/strategy.js'
import { describeOperation } from '../machine/report.js'
import { KIND } from '../ops/operation.js'
import { commOf } from '../sched/task.js'
import { DEVIATION, type Deviation } from './deviation.js'
import type { Watcher } from './recorder.js'
import { isWrite, wordOf } from './shared-words.js'
import { Sleepers } from './sleepers.js'
import { taskOn } from './whose.js'

/** One operation as it was about to be done. */
export interface Seen {
  /** who: a CPU, or a store buffer */
  readonly actor: number
  /** whose column it is in */
  readonly cpu: number
  readonly nth: number
  readonly task: string
  readonly place: string
  readonly says: string
  readonly word: number
  readonly writes: boolean
  /** takes or gives back a spinlock */
  readonly locks: boolean
  /** an interrupt was taken, or a task preempted, before it */
  readonly before: 'interrupt' | 'preemption' | null
}

/** Notes every operation; for a run that is looked at, not for a search. */
export class Film implements Watcher {
  /** row by row */
  readonly seen: Seen[] = []
  readonly sleepers = new Sleepers()

  step(view: View, actor: number, nth: number): void {
    this.sleepers.step(view, view.cpuOf(actor))
    this.seen.push(see(view, actor, nth))
  }
}

/** What a CPU is about to do. */
export function see(view: View, actor: number, nth: number): Seen {
  const { memory } = view
  const cpu = view.cpuOf(actor)
  const operation = view.declared(actor)
  const { place, kind } = operation
  const step = view.stepOf(actor)
  return {
    actor,
    cpu,
    nth,
    task: taskOn(view, cpu),
    place,
    says: describeOperation(memory, operation).replace(/task\[(\d+)\]/, (_, n: string) =>
      commOf(memory, memory.task(Number(n))),
    ),
    word: wordOf(operation),
    writes: isWrite(kind) && kind !== KIND.fence,
    locks: kind === KIND.lock || kind === KIND.unlock,
    before: step === STEP.interrupt ? 'interrupt' : step === STEP.preemption ? 'preemption' : null,
  }
}

const ROWS = 32
const FEWEST = 16
/** What CPUs do that have nothing to do, and what their clocks have them do: never what a failure is about. */
const IDLING = /^(do_idle|timer_interrupt|scheduler_tick|nohz_balancer_kick|newidle_balance|load_balance|tick_\w+)\b/
/** How much further away than it is the handing over of a lock counts as. */
const LOCK_PENALTY = 4

/** The numbers of the rows to show, ascending. */
export function choose(seen: readonly Seen[], deviations: readonly Deviation[], rows = ROWS): number[] {
  const chosen = new Set<number>()
  const wants = deviations.filter(({ kind }) => kind === DEVIATION.turn)
  for (const { cpu, nth } of wants.slice(0, rows >> 1)) {
    const at = seen.findIndex((one) => one.actor === cpu && one.nth === nth)
    // What it had done last, what came instead, and what it does when its turn comes again.
    for (const row of [lastOf(seen, cpu, at - 1), lastSwitch(seen, cpu, at), at]) if (row >= 0) chosen.add(row)
  }
  for (const cpu of new Set(seen.map((one) => one.cpu))) {
    const row = lastOf(seen, cpu, seen.length - 1, true)
    if (row >= 0) chosen.add(row)
  }
  const anchors = [...chosen]
  const distance = (row: number): number =>
    Math.min(...anchors.map((anchor) => Math.abs(anchor - row))) * (seen[row]!.locks ? LOCK_PENALTY : 1)
  const pairs = conflicts(seen).map((pair) => ({ pair, far: Math.min(...pair.map(distance)) }))
  pairs.sort((a, b) => a.far - b.far)
  for (const { pair } of pairs) {
    if (chosen.size + 2 > rows) break
    for (const row of pair) chosen.add(row)
  }
  // Where few operations meet, what leads to them is shown as well.
  const others = [...seen.keys()].filter((row) => !chosen.has(row) && !IDLING.test(seen[row]!.place))
  others.sort((a, b) => distance(a) - distance(b))
  for (const row of others.slice(0, Math.max(0, FEWEST - chosen.size))) chosen.add(row)
  return [...chosen].sort((a, b) => a - b)
}

function lastOf(seen: readonly Seen[], cpu: number, from: number, busy = false): number {
  for (let row = from; row >= 0; row--) {
    if (seen[row]!.cpu === cpu && !(busy && IDLING.test(seen[row]!.place))) return row
  }
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
    if (one.word === 0 || IDLING.test(one.place)) continue
    const before = latest.get(one.word)
    if (before !== undefined && seen[before]!.cpu !== one.cpu && (one.writes || seen[before]!.writes)) {
      found.push([before, row])
    }
    latest.set(one.word, row)
  }
  return found
}

/**
 * The table: cells of rows, the first its head. A cell says which task it is when that is another one than in the cell of
 * that CPU before. A row of dots stands for what is left out.
 */
export function tableOf(seen: readonly Seen[], rows: readonly number[], cpus: number): string[][] {
  const columns = [...new Set(rows.map((row) => seen[row]!.cpu))].sort((a, b) => a - b)
  const table: string[][] = [['', ...columns.map((cpu) => (cpu < cpus ? `CPU ${cpu}` : `device ${cpu - cpus}`))]]
  const tasks = new Map<number, string>()
  let last = -1
  for (const row of rows) {
    if (row > last + 1 && last >= 0) table.push(['...'])
    const one = seen[row]!
    const who = tasks.get(one.cpu) === one.task ? '' : `[${one.task}] `
    tasks.set(one.cpu, one.task)
    table.push([String(row), ...columns.map((cpu) => (cpu === one.cpu ? `${who}${cell(one)}` : ''))])
    last = row
  }
  return table
}

/** An operation in words, and where it is. */
export function cell({ place, says, before }: Seen): string {
  if (before !== null) return `${before === 'interrupt' ? 'takes an interrupt' : 'is preempted'} at ${place}`
  return `${says} (${place})`
}

/** What each decisive switch is, in a sentence. */
export function sentences(seen: readonly Seen[], deviations: readonly Deviation[]): string[] {
  return deviations.map(({ kind, cpu, nth, place, value }) => {
    const at = seen.findIndex((one) => one.actor === cpu && one.nth === nth)
    const one = at < 0 ? null : seen[at]!
    const who = one === null || one.actor !== one.cpu ? nameOf(seen, cpu) : `CPU ${cpu} (${one.task})`
    if (kind === DEVIATION.late)
      return `The interrupt that CPU ${cpu} could take at ${place} is ${value} operations late.`
    if (kind === DEVIATION.choice) return `${who} is given ${value} where it asks for a number, at ${place}.`
    const doing = one === null ? place : `${one.says} (${place})`
    return `${who} is held up before ${doing}; ${nameOf(seen, value)} goes on meanwhile.`
  })
}

function nameOf(seen: readonly Seen[], actor: number): string {
  const cpu = seen.find((one) => one.actor === actor)?.cpu ?? actor
  return cpu === actor ? `CPU ${cpu}` : `the store buffer of CPU ${cpu}`
}
