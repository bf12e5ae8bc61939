import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Prng } from '#dist/src/base/prng.js'
import { NativeFault, NativeRun } from '#dist/src/workloads/native.js'
import { BUILT_IN } from '#dist/src/workloads/table.js'
import { CALL, type UserTask, type Workload } from '#dist/src/workloads/workload.js'

const named = (name: string): Workload => BUILT_IN.find((workload) => workload.name === name)!

describe.each(BUILT_IN.map((workload) => [workload.name, workload] as const))('%s', (_name, workload) => {
  test('comes to what is expected, however it is cut up and whoever goes first', () => {
    const most = { sha256: 300, sieve: 300, matrix: 300, chase: 3000 }[workload.name] ?? 200
    fc.assert(
      fc.property(fc.integer({ min: 1, max: most }), fc.nat(2 ** 32 - 1), fc.nat(), (work, seed, order) => {
        const prng = new Prng(order)
        const run = new NativeRun(workload, work, seed)
        const result = run.finish(
          () => 1 + prng.below(40),
          (ready) => prng.below(ready),
        )
        expect(result).toBe(workload.expected(work, seed))
      }),
      { numRuns: 40, seed: 1 },
    )
  })

  test('comes to something else when a unit is missing, or there is one more', () => {
    for (const work of [10, 63]) {
      const expected = workload.expected(work, 7)
      expect(workload.expected(work - 1, 7)).not.toBe(expected)
      expect(workload.expected(work + 1, 7)).not.toBe(expected)
    }
  })

  test('says what it needs', () => {
    expect(workload.bytes(workload.typicalWork)).toBeLessThanOrEqual(8 * 2 ** 20)
    expect(workload.name).toMatch(/^[a-z0-9-]{1,15}$/)
    expect(workload.unitNs).toBeGreaterThan(0)
  })
})

test('sha256 is SHA-256', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 30 }), fc.nat(2 ** 32 - 1), (work, seed) => {
      let chain = Buffer.alloc(32)
      chain.writeUInt32BE(seed)
      for (let n = 0; n < work; n++) chain = createHash('sha256').update(chain).digest()
      expect(named('sha256').expected(work, seed)).toBe(chain.toString('hex'))
    }),
  )
})

test.each([
  [256, 6_542],
  [4096, 82_025],
  [3 * 4096, 3 * 82_025],
])('sieve finds, in %i segments from 0 on, %i primes', (work, primes) => {
  expect(named('sieve').expected(work, 0)).toMatch(new RegExp(`^${primes} primes, `))
  expect(new NativeRun(named('sieve'), work, 0).finish(() => 100)).toBe(named('sieve').expected(work, 0))
})

/** Words that a workload's result comes from, without those for the time being, and those that say what comes next. */
const LIVE: Readonly<Record<string, readonly number[]>> = {
  sha256: [0, 1, 2, 3, 4, 5, 6, 7, 8],
  sieve: [0, 1, 2],
  matrix: [4096, 4097, 4098, 4099],
  chase: [0, 1, 2],
  'ping-pong': [0, 16, 17, 20, 21],
  sleeper: [0, 1],
  counter: [0, 1, 2, 3, 4, 9, 10, 11, 12],
}

/** The workload, of which one step's store to memory is lost: from step `after` on, the first that there is. */
function losing(workload: Workload, after: number, which: number): { readonly workload: Workload; lost: boolean } {
  const live = LIVE[workload.name]!
  const state = { lost: false, workload }
  let steps = 0
  const step = (task: UserTask, budget: number): number => {
    const { words } = task.process
    const before = live.map((word) => words[word]!)
    const call = workload.step(task, budget)
    const changed = live.flatMap((word, n) => (words[word] === before[n] ? [] : [[word, before[n]!] as const]))
    if (state.lost || ++steps <= after || changed.length === 0 || call === CALL.done) return call
    const [word, old] = changed[which % changed.length]!
    words[word] = old
    state.lost = true
    return call
  }
  return Object.assign(state, { workload: { ...workload, step } })
}

describe('a workload notices', () => {
  test.each(BUILT_IN.map((workload) => [workload.name, workload] as const))(
    'a store that %s loses',
    (_name, workload) => {
      fc.assert(
        fc.property(fc.integer({ min: 20, max: 60 }), fc.nat(15), fc.nat(8), fc.nat(), (work, after, which, order) => {
          const prng = new Prng(order)
          const mutant = losing(workload, after, which)
          const outcome = (): string => {
            try {
              return new NativeRun(mutant.workload, work, 1).finish(
                () => 1,
                (ready) => prng.below(ready),
              )
            } catch (error) {
              return String(error)
            }
          }
          expect(outcome()).not.toBe(workload.expected(work, 1))
          expect(mutant.lost).toBe(true)
        }),
        { numRuns: 60, seed: 1 },
      )
    },
  )

  test('wakeups that are lost: the game stops', () => {
    const game = named('ping-pong')
    let wakes = 0
    const lossy: Workload = {
      ...game,
      step(task, budget) {
        const call = game.step(task, budget)
        return call === CALL.wake && ++wakes >= 5 ? task.yield() : call
      },
    }
    // In strict turns neither ever sleeps.
    const prng = new Prng(1)
    const play = (game: Workload): string =>
      new NativeRun(game, 50, 1).finish(
        () => 1,
        (ready) => prng.below(ready),
      )
    expect(() => play(lossy)).toThrow(NativeFault)
    expect(play(game)).toBe(game.expected(50, 1))
  })

  test('a lock that lets everybody in: counts are lost', () => {
    const counter = named('counter')
    const open: Workload = {
      ...counter,
      step(task, budget) {
        const call = counter.step(task, budget)
        return call === CALL.lock || call === CALL.unlock ? task.yield() : call
      },
    }
    const total = Number(new NativeRun(open, 50, 1).finish(() => 1))
    expect(total).toBeGreaterThanOrEqual(50)
    expect(total).toBeLessThan(200)
  })
})
