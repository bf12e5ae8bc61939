import { describe, expect, test } from 'vitest'
import { UsageError } from '#dist/src/base/failure.js'
import { scenario } from '#dist/src/explore/scenario.js'
import { PORTFOLIO, searchNamed } from '#dist/src/explore/strategies/table.js'
import type { View } from '#dist/src/index.js'
import { KIND, type Operation, ORDER } from '#dist/src/ops/operation.js'
import { search, setupOf } from '../support/explore.js'
import { kernelModule } from '../support/machines.js'

/** Two CPUs, each with three operations on one word: which orders of the six does a strategy lead to, and how often? */
function orders(name: string, times: number): Map<string, number> {
  const WORD = 100
  const words = new Map([[WORD, [3, 3]]])
  const made = searchNamed(name)(7, { operations: 6, counts: [3, 3], words })
  const seen = new Map<string, number>()
  for (let schedule = 0; schedule < times; schedule++) {
    const left = [3, 3]
    const operation: Operation = {
      kind: KIND.store,
      word: WORD,
      value: 1,
      expected: 0,
      order: ORDER.full,
      place: 'toy',
    }
    const view = {
      actors: 2,
      cpuOf: (actor: number) => actor,
      memory: { layout: { config: { cpus: 2 } } },
      declared: () => operation,
    } as unknown as View
    const strategy = made.strategy(schedule)!
    strategy.attach?.(view)
    let order = ''
    while (order.length < 6) {
      const runnable = Int32Array.from([0, 1].filter((cpu) => left[cpu] > 0))
      const cpu = runnable[strategy.next(runnable, runnable.length)]
      left[cpu]--
      order += cpu
    }
    seen.set(order, (seen.get(order) ?? 0) + 1)
  }
  return seen
}

describe('which of the 20 orders of three operations and three come up:', () => {
  test('with random, pos and surw all of them', () => {
    for (const name of ['random', 'pos', 'surw']) expect(orders(name, 2000).size, name).toBe(20)
  })

  test('with surw all about as often, as its counts are right; with random the even ones less often than the others', () => {
    const spread = (name: string): number => {
      const counts = [...orders(name, 8000).values()]
      return Math.max(...counts) / Math.min(...counts)
    }
    expect(spread('surw')).toBeLessThan(1.6)
    expect(spread('random')).toBeGreaterThan(3)
  })

  test('with pct:1 one CPU after the other, with pct:2 one switch, and all such', () => {
    expect([...orders('pct:1', 200).keys()].sort()).toEqual(['000111', '111000'])
    const depth2 = [...orders('pct:2', 2000).keys()]
    for (const order of depth2) expect(order.replace(/(.)\1*/g, '$1').length).toBeLessThanOrEqual(3)
    expect(depth2).toContain('011100')
    expect(depth2).toContain('110001')
  })

  test('the same ones for the same seed', () => {
    for (const name of PORTFOLIO) expect(orders(name, 50)).toEqual(orders(name, 50))
  })
})

describe('exhaustive', () => {
  const small = scenario({
    name: 'two-locks',
    says: 'two CPUs take two spinlocks in the same order',
    machine: { cpus: 2, modules: [kernelModule('explore')] },
    actors: [0, 1].map((cpu) => ({
      name: `CPU ${cpu}`,
      steps: [{ says: 'locks', do: async (machine) => void (await machine.run('explore_locks', { cpu, args: [0] })) }],
    })),
  })

  test('sees every schedule with so many deviations, and says how many there were', async () => {
    const one = await search(setupOf(small), { schedules: 1e6, strategies: ['exhaustive:1'] })
    expect(one.exhausted).toBe(true)
    expect(one.found).toEqual([])
    const [says] = one.says
    const count = Number(/0, (\d+) with 1$/.exec(says)?.[1])
    expect(count).toBeGreaterThan(20)
    // The default order, and for the way to one deviation once more.
    expect(one.schedules).toBe(count + 3)
    expect(says).toContain('all schedules with up to 1 deviations from the default order: 1 with 0')
  })

  test('finds the one order in which two locks are taken the wrong way round', async () => {
    const setup = setupOf({
      ...small,
      actors: small.actors.map(({ name }, cpu) => ({
        name,
        steps: [
          { says: 'locks', do: async (machine) => void (await machine.run('explore_locks', { cpu, args: [cpu] })) },
        ],
      })),
    })
    const { found } = await search(setup, { schedules: 1e6, strategies: ['exhaustive:1'], goOn: true })
    // That it may come to this is seen in the default order already.
    expect(found.map(({ failure }) => failure.kind)).toEqual(['lock-order', 'deadlock'])
    expect(found.map(({ deviations }) => deviations.length)).toEqual([0, 1])
  })
})

describe('the name of a strategy', () => {
  test.each([
    ['best', "there is no strategy 'best'; there are random, pct[:depth], pos, surw, exhaustive[:deviations"],
    ['random:3', "strategy random takes no number, not 'random:3'"],
    ['pct:0', "strategy pct:N takes a number from 1 to 20 (depth), not 'pct:0'"],
    ['pct:many', "strategy pct:N takes a number from 1 to 20 (depth), not 'pct:many'"],
    ['exhaustive:9', 'takes a number from 0 to 8'],
  ])('%s is refused', (name, message) => {
    expect(() => searchNamed(name)).toThrow(UsageError)
    expect(() => searchNamed(name)).toThrow(message)
  })
})

test('pct says what its bound is', () => {
  const pct = searchNamed('pct:3')(1, { operations: 100, counts: [50, 50], words: new Map() })
  expect(pct.says?.()).toBe(
    'each schedule finds a bug of depth 3 with a probability of at least 0.000025 (1/(n*k^(d-1)), n = 4, k = 100)',
  )
})
