// Partial order reduction: of each trace (Mazurkiewicz) one schedule, no trace left out.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { happeningOf } from '#dist/src/explore/happening.js'
import { searchNamed } from '#dist/src/explore/strategies/table.js'
import { search, setupOf } from '../support/explore.js'
import {
  locks,
  type Program,
  programs,
  reads,
  run,
  ToyMachine,
  traceOf,
  unlocks,
  writes,
} from '../support/toy-machine.js'

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
    fc.assert(
      fc.property(programs, (program) => {
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
