import { describe, expect, test } from 'vitest'
import { type Machine, RandomStrategy, type Strategy } from '#dist/src/index.js'
import { type Operation, ORDER } from '#dist/src/ops/operation.js'
import { INSIDE, RESULTS, WORD } from '#dist/test/modules/ops.js'
import { kernelModule, onDeterministic, onEveryMachine, testsMachine } from '../support/machines.js'

const OPTIONS = { cpus: 2, modules: [kernelModule('ops')] }

function scratch({ memory }: Machine, offset: number, count: number): number[] {
  return Array.from({ length: count }, (_, n) => memory.get(memory.scratch(offset) + n))
}

onEveryMachine('operations on a word answer with what was there before', OPTIONS, async (machine) => {
  const count = await machine.run('ops_words', { cpu: 1 })
  const [big, minus] = [9, -0x7fff_fff8]
  expect(scratch(machine, RESULTS, count)).toEqual(
    // store load add load and load or load exchange cmpxchg cmpxchg load add load fence waitWhile waitUntil choose notify
    [0, 5, 5, 8, 8, 8, 8, 11, 11, 7, 9, big, 9, minus, 0, minus, minus, 0, 0],
  )
})

onEveryMachine('a spinlock has its holder in it, and preemption or interrupts are off', OPTIONS, async (machine) => {
  const count = await machine.run('ops_locks', { cpu: 1 })
  const held = [2, 1, 0]
  const free = [0, 0, 0]
  expect(scratch(machine, RESULTS, count)).toEqual([...held, ...free, 1, 1, 0, 0])
})

onEveryMachine('a halted CPU is woken by its timer, and not early', OPTIONS, async (machine) => {
  for (const ns of [0, 1000, 200_000])
    expect(await machine.run('ops_timer', { cpu: 1, args: [ns] })).toBeGreaterThanOrEqual(0)
})

onEveryMachine(
  'a CPU spins as long as it was told to, and takes interrupts meanwhile where they are on',
  OPTIONS,
  async (machine) => {
    for (const ns of [0, 1000, 2_000_000]) {
      expect(await machine.run('ops_spin', { cpu: 1, args: [ns, 1] })).toBe(0)
      expect(scratch(machine, WORD, 1)).toEqual([0])
    }
    expect(await machine.run('ops_spin', { cpu: 1, args: [2_000_000, 0] })).toBe(0)
    expect(scratch(machine, WORD, 1)[0]).toBeGreaterThan(0)
  },
)

onEveryMachine('the clock does not go backwards', OPTIONS, async (machine) => {
  expect(await machine.run('ops_clock', { cpu: 1, args: [500] })).toBe(0)
})

onEveryMachine('what is chosen is one of the choices', OPTIONS, async (machine, { name }) => {
  const drawn = await machine.run('ops_choose', { cpu: 0, args: [5, 400] })
  // In a fixed order the first is always chosen, elsewhere chance decides: each comes up sooner or later.
  expect(drawn).toBe(name === 'fixed order' ? 1 : 0b11111)
})

onEveryMachine('an interrupt waits until interrupts are on again', OPTIONS, async (machine) => {
  const off = machine.run('ops_irqs_off', { cpu: 1, args: [300] })
  await machine.run('ops_interrupt', { cpu: 0, args: [1, 0] })
  expect(await off).toBe(0)
})

onEveryMachine('an interrupt is taken while a CPU waits, on top of what it does', OPTIONS, async (machine) => {
  const on = machine.run('ops_irqs_on', { cpu: 1 })
  await machine.run('ops_interrupt', { cpu: 0, args: [1, 1] })
  expect(await on).toBe(1)
  // In the handler: depth of interrupts, interrupts off, preemption off.
  expect(scratch(machine, INSIDE, 3)).toEqual([1, 1, 1])
  expect(await machine.run('ops_self', { cpu: 1 })).toBe(0)
})

/** What a deterministic machine is made of, as far as this test looks into it. */
interface Inside {
  readonly engine: { readonly processors: readonly { readonly declared: Operation }[] }
}

describe.runIf(testsMachine('deterministic'))('every operation', () => {
  test('of a boot and of an offline and online cycle has an ordering, and a place that names a function', async () => {
    const places = new Map<string, Operation>()
    // Who is about to run is asked before each operation: what it has declared can be seen then.
    let inside: Inside | null = null
    const random = new RandomStrategy(7)
    const watching: Strategy = {
      name: 'watching',
      next(runnable, count) {
        const place = random.next(runnable, count)
        const operation = inside?.engine.processors[runnable[place]].declared
        if (operation !== undefined) places.set(operation.place, { ...operation })
        return place
      },
      takeInterrupt: () => random.takeInterrupt(),
      choose: (n) => random.choose(n),
    }
    await onDeterministic({ cpus: 3, strategy: watching }, async (machine) => {
      inside = machine as unknown as Inside
      for (let n = 0; n < 3; n++) {
        await machine.offline(1)
        await machine.online(1)
      }
    })
    expect(places.size).toBeGreaterThan(60)
    for (const [place, operation] of places) {
      expect(place).toMatch(/^[a-z][a-z0-9_]*(:[a-z0-9_]+)?$/)
      expect(Object.values(ORDER), place).toContain(operation.order)
    }
  })
})
