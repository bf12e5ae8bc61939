// Partial order reduction: of each trace (Mazurkiewicz) one schedule, no trace left out.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { depend, type Happening, happeningOf } from '#dist/src/explore/happening.js'
import { searchNamed } from '#dist/src/explore/strategies/table.js'
import type { Strategy, View } from '#dist/src/index.js'
import { KIND, type Kind, type Operation, ORDER } from '#dist/src/ops/operation.js'
import { search, setupOf } from '../support/explore.js'

/** For each CPU its operations: kind and word. */
type Program = readonly (readonly (readonly [Kind, number])[])[]

/** A machine of operations on words and locks, and nothing else. */
class ToyMachine {
  readonly at: number[]
  private readonly held = new Set<number>()
  private readonly program: Program

  constructor(program: Program) {
    this.program = program
    this.at = program.map(() => 0)
  }

  declared(cpu: number): Operation {
    const [kind, word] = this.program[cpu][this.at[cpu]] ?? [KIND.halt, 0]
    return { kind, word, value: 0, expected: 0, order: ORDER.relaxed, place: 'toy' }
  }

  get runnable(): number[] {
    return [...this.program.keys()].filter((cpu) => {
      const { kind, word } = this.declared(cpu)
      return kind !== KIND.halt && !(kind === KIND.lock && this.held.has(word))
    })
  }

  step(cpu: number): void {
    const { kind, word } = this.declared(cpu)
    if (kind === KIND.lock) this.held.add(word)
    if (kind === KIND.unlock) this.held.delete(word)
    this.at[cpu]++
  }

  get view(): View {
    const actors = this.program.length
    const memory = { layout: { config: { cpus: actors } } }
    const looks = { cpuOf: (actor: number) => actor, declared: (cpu: number) => this.declared(cpu), stepOf: () => 0 }
    return { actors, memory, sinceProgress: 0, ...looks } as unknown as View
  }
}

/** The trace of an order, written as the first of all orders that are the same but for what is independent. */
function traceOf(order: readonly Happening[]): string {
  const left = [...order]
  let text = ''
  while (left.length > 0) {
    const free = left.filter((one, n) => !left.slice(0, n).some((before) => depend(before, one)))
    const next = free.reduce((a, b) => (a.actor < b.actor ? a : b))
    left.splice(left.indexOf(next), 1)
    text += `${next.actor} `
  }
  return text
}

function run(program: Program, strategy: Strategy): Happening[] {
  const machine = new ToyMachine(program)
  const { view } = machine
  const order: Happening[] = []
  strategy.attach?.(view)
  for (let { runnable } = machine; runnable.length > 0; runnable = machine.runnable) {
    const cpu = runnable[strategy.next(Int32Array.from(runnable), runnable.length)]
    order.push(happeningOf(view, cpu))
    machine.step(cpu)
  }
  return order
}

/** Each schedule's trace, and what the search says in the end. */
function reduced(program: Program, name = 'dpor'): { traces: string[]; says: string } {
  const made = searchNamed(name)(1, { operations: 0, counts: [], words: new Map() })
  const traces: string[] = []
  for (let strategy = made.strategy(0); strategy !== null; strategy = made.strategy(traces.length)) {
    traces.push(traceOf(run(program, strategy)))
    made.learn?.({ outcome: { kind: 'ok' }, digest: 0, deviations: [], operations: 0, counts: [] })
  }
  return { traces, says: made.says?.() ?? '' }
}

/** All of them, by trying every order there is. */
function allTraces(program: Program): Set<string> {
  const traces = new Set<string>()
  const go = (choices: readonly number[]): void => {
    const machine = new ToyMachine(program)
    const { view } = machine
    const order = choices.map((cpu) => {
      const happening = happeningOf(view, cpu)
      machine.step(cpu)
      return happening
    })
    const { runnable } = machine
    if (runnable.length === 0) traces.add(traceOf(order))
    for (const cpu of runnable) go([...choices, cpu])
  }
  go([])
  return traces
}

const writes = (word: number) => [KIND.store, word] as const
const reads = (word: number) => [KIND.load, word] as const
const locks = (word: number) => [KIND.lock, word] as const
const unlocks = (word: number) => [KIND.unlock, word] as const
const times = <T>(n: number, make: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => make(i))
const inTurn = (a: number, b: number) => [locks(a), locks(b), unlocks(b), unlocks(a)]

describe('as many traces as there are:', () => {
  test.each<[string, number, Program]>([
    ['3 writers to one word: 3!', 6, times(3, () => [writes(100)])],
    ['5 writers to one word: 5!', 120, times(5, () => [writes(100)])],
    ['5 writers to a word each: 1', 1, times(5, (i) => [writes(100 + i)])],
    ['5 readers of one word: 1', 1, times(5, () => [reads(100)])],
    ['a writer and 4 readers: each is before or after', 16, [[writes(100)], ...times(4, () => [reads(100)])]],
    ['two with three writes each: 6 over 3', 20, times(2, () => times(3, () => writes(100)))],
    [
      'store buffering without buffers: all but that neither sees the other',
      3,
      [
        [writes(100), reads(101)],
        [writes(101), reads(100)],
      ],
    ],
    ['4 sections of one lock: 4!', 24, times(4, () => [locks(200), writes(100), unlocks(200)])],
    ['two locks in both orders: one first, the other first, or a deadlock', 3, [inTurn(200, 201), inTurn(201, 200)]],
  ])('%s', (_, count, program) => {
    const { traces, says } = reduced(program)
    expect(new Set(traces).size).toBe(count)
    expect(says).toContain(`${count} traces in`)
    expect(says).toMatch(/: all there are$/)
  })

  test('for any small program, those that trying every order finds, each once', () => {
    const operation = fc.tuple(fc.constantFrom(KIND.load, KIND.store), fc.constantFrom(100, 101))
    const section = operation.map((one) => [locks(200), one, unlocks(200)])
    const piece = fc.oneof({ weight: 4, arbitrary: operation.map((one) => [one]) }, { weight: 1, arbitrary: section })
    const cpu = fc.array(piece, { minLength: 1, maxLength: 2 }).map((pieces) => pieces.flat())
    fc.assert(
      fc.property(fc.array(cpu, { minLength: 2, maxLength: 3 }), (program) => {
        fc.pre(program.flat().length <= 8)
        const { traces, says } = reduced(program)
        const all = allTraces(program)
        expect(new Set(traces)).toEqual(all)
        expect(says).toContain(`${all.size} traces in ${traces.length} schedules`)
      }),
      { numRuns: 150 },
    )
  })

  test('with a bound, some of them, and it says that there are more', () => {
    const program = times(4, () => [writes(100), writes(100)])
    const { traces, says } = reduced(program, 'dpor:1')
    expect(new Set(traces).size).toBeLessThan(2520)
    expect(says).toMatch(/; \d+ choices were beyond the bound$/)
  })
})

test('with a bound of one it comes through a scenario in fewer schedules than exhaustive:1 needs', {
  timeout: 60_000,
}, async () => {
  const setup = setupOf('targets')
  const [all, fewer] = [
    await search(setup, { schedules: 1e6, strategies: ['exhaustive:1'] }),
    await search(setup, { schedules: 1e6, strategies: ['dpor:1'] }),
  ]
  expect([all.exhausted, fewer.exhausted]).toEqual([true, true])
  expect(fewer.schedules).toBeLessThan(all.schedules)
})
