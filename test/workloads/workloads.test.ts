import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Prng } from '#dist/src/base/prng.js'
import { NativeFault, NativeRun } from '#dist/src/workloads/native.js'
import { BUILT_IN } from '#dist/src/workloads/table.js'
import { CALL, type Workload } from '#dist/src/workloads/workload.js'

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
  let chain = Buffer.alloc(32)
  chain.writeUInt32BE(0xdead_beef)
  for (let n = 1; n <= 20; n++) {
    chain = createHash('sha256').update(chain).digest()
    expect(named('sha256').expected(n, 0xdead_beef)).toBe(chain.toString('hex'))
  }
})

test('sieve counts the primes below 65,536', () => {
  expect(named('sieve').expected(256, 0)).toMatch(/^6542 primes, /)
})

describe('a workload notices', () => {
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
    expect(() => new NativeRun(lossy, 50, 1).finish(() => 1)).toThrow(NativeFault)
  })
})
