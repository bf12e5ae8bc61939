// What a search has covered: as many traces as there were, and a search that has tried one order only is told so.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Coverage, TraceHash } from '#dist/src/explore/coverage.js'
import { call, scenario } from '#dist/src/explore/scenario.js'
import { RandomStrategy } from '#dist/src/index.js'
import { search, setupOf } from '../support/explore.js'
import { kernelModule } from '../support/machines.js'
import { programs, run, traceOf } from '../support/toy-machine.js'

test('two orders have the same hash when they differ only in what is independent, and else not', () => {
  fc.assert(
    fc.property(programs, (program) => {
      const byHash = new Map<number, string>()
      const byTrace = new Map<string, number>()
      for (let seed = 1; seed <= 40; seed++) {
        const hash = new TraceHash()
        const trace = traceOf(run(program, new RandomStrategy(seed), (view, cpu) => hash.step(view, cpu)))
        expect(byHash.get(hash.trace) ?? trace).toBe(trace)
        expect(byTrace.get(trace) ?? hash.trace).toBe(hash.trace)
        byHash.set(hash.trace, trace)
        byTrace.set(trace, hash.trace)
      }
    }),
    { numRuns: 60 },
  )
})

test('what is left is estimated from the traces that were seen once', () => {
  const coverage = new Coverage()
  for (const trace of [1, 1, 2, 3]) coverage.add({ trace, pairs: new Set(['142 try_to_wake_up', `${trace}`]) })
  expect(coverage.figures).toEqual({ traces: 3, pairs: 4, isNew: 0.5 })
})

describe('a scenario', () => {
  const covered = async (one: Parameters<typeof setupOf>[0], schedules: number, strategies = ['random', 'pos']) =>
    (await search({ ...setupOf(one), coverage: true }, { schedules, strategies, goOn: true })).coverage!

  test('of CPUs that go down and come up has many traces, and pairs of a state and another CPU', async () => {
    const { traces, pairs } = await covered('two-requesters', 40)
    expect(traces).toBeGreaterThan(20)
    expect(pairs).toBeGreaterThan(50)
  })

  test('has as many traces with the same seed', async () => {
    expect(await covered('targets', 30)).toEqual(await covered('targets', 30))
  })

  test('that is one CPU has one, when its interrupts come at once', async () => {
    const alone = scenario({
      name: 'alone',
      says: 'one CPU, and nobody else',
      machine: { cpus: 1, modules: [kernelModule('faults')] },
      actors: [{ name: 'A', steps: [call('faults_echo', 0, [1, 2])] }],
    })
    const { traces, pairs } = await covered(alone, 10, ['dpor', 'exhaustive:0'])
    expect([traces, pairs]).toEqual([1, 0])
  })
})
