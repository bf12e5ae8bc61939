import { describe, expect, test } from 'vitest'
import { FixedStrategy, Machine, RandomStrategy, type Strategy, UsageError } from '#dist/src/index.js'
import { onDeterministic, testsMachine } from '../support/machines.js'

describe('a program that steps a machine', () => {
  test('sees a CPU go down, state by state', async () => {
    await onDeterministic({ cpus: 2, seed: 3 }, async (machine) => {
      const state = async (): Promise<number> => Number(await machine.read('cpu1/hotplug/state'))
      const down = machine.offline(1)
      const states = new Set<number>([await state()])
      for (let steps = 0; !states.has(0); steps += machine.step()) {
        expect(steps).toBeLessThan(20_000)
        states.add(await state())
      }
      await down
      expect([...states]).toEqual([...states].sort((a, b) => b - a))
      expect(states.size).toBeGreaterThan(20)
    })
  })

  test('is told how many operations there were: none when nothing can run', async () => {
    await onDeterministic({ cpus: 2 }, async (machine) => {
      while (machine.step(1000) > 0) {}
      expect(machine.step()).toBe(0)
      const before = machine.counters().operations
      const up = machine.write('cpu1/hotplug/fail', -1)
      expect(machine.step(10)).toBe(10)
      expect(machine.counters().operations).toBe(before + 10)
      expect(machine.step(100_000)).toBeLessThan(1000)
      await up
    })
  })

  test('comes to the same as one that waits', async () => {
    const digests: number[] = []
    for (const stepping of [true, false]) {
      await onDeterministic({ cpus: 3, seed: 8 }, async (machine) => {
        const down = machine.offline(2)
        if (stepping) while (machine.step() > 0) {}
        await down
        // What is left to do after the answer is done by both.
        while (machine.step() > 0) {}
        digests.push(machine.counters().digest)
      })
    }
    expect(digests[0]).toBe(digests[1])
  })

  test.runIf(testsMachine('threads'))('can not step threads', async () => {
    const machine = await Machine.boot({ cpus: 1, machine: 'threads' })
    expect(() => machine.step()).toThrow(UsageError)
    expect(machine.strategy).toBe(null)
    await machine.shutdown()
  })
})

describe('a strategy', () => {
  test('of the caller decides who runs', async () => {
    const asked = { next: 0, takeInterrupt: 0 }
    const chosen = new Set<number>()
    const prng = new RandomStrategy(1)
    const own: Strategy = {
      name: 'own',
      next(runnable, count) {
        asked.next++
        // The highest-numbered CPU that can run, one time in two.
        const highest = runnable.subarray(0, count).indexOf(Math.max(...runnable.subarray(0, count)))
        const place = prng.choose(2) === 0 ? highest : prng.next(runnable, count)
        chosen.add(runnable[place])
        return place
      },
      takeInterrupt() {
        asked.takeInterrupt++
        return true
      },
      choose: () => 0,
    }
    await onDeterministic({ cpus: 3, strategy: own }, async (machine) => {
      expect(machine.strategy).toBe(own)
      await machine.offline(2)
      expect(await machine.read('online')).toBe('0-1')
      expect(asked.next).toBe(machine.counters().operations)
      expect(asked.takeInterrupt).toBeGreaterThan(0)
      expect([...chosen].sort()).toEqual([0, 1, 2])
    })
  })

  test("'fixed' gives every CPU its turn, and leaves nothing to chance", async () => {
    await onDeterministic({ cpus: 2, strategy: 'fixed' }, async (machine) => {
      expect(machine.strategy).toBeInstanceOf(FixedStrategy)
      await machine.offline(1)
      expect(await machine.read('online')).toBe('0')
    })
    const runnable = Int32Array.of(2, 0, 1)
    const fixed = new FixedStrategy(3)
    const turns = Array.from({ length: 10 }, () => runnable[fixed.next(runnable, 3)])
    expect(turns).toEqual([1, 1, 1, 2, 2, 2, 0, 0, 0, 1])
  })

  test('that delays interrupts for ever at boundaries does not keep a waiting CPU from them', async () => {
    const prng = new RandomStrategy(2)
    const late: Strategy = {
      name: 'late',
      next: (runnable, count) => prng.next(runnable, count),
      takeInterrupt: () => false,
      choose: (n) => prng.choose(n),
    }
    await onDeterministic({ cpus: 3, strategy: late }, async (machine) => {
      await machine.offline(1)
      await machine.online(1)
      expect(await machine.read('online')).toBe('0-2')
    })
  })
})
