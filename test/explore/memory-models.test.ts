// Each memory model allows exactly the outcomes that it should: all orders are searched, by partial order reduction.
import { describe, expect, test } from 'vitest'
import type { Explored } from '#dist/src/explore/explore.js'
import { Playback } from '#dist/src/explore/playback.js'
import { Recorder } from '#dist/src/explore/recorder.js'
import { runSchedule } from '#dist/src/explore/schedule.js'
import { searchNamed } from '#dist/src/explore/strategies/table.js'
import { Machine } from '#dist/src/index.js'
import { MEMORY_MODELS, type MemoryModel } from '#dist/src/machine/deterministic/memory-model.js'
import type { BugName } from '#dist/src/ops/switches.js'
import { AT, TOYS } from '#dist/test/modules/memory-models.js'
import { search, setupOf } from '../support/explore.js'
import { kernelModule } from '../support/machines.js'

interface Searched {
  readonly outcomes: ReadonlySet<string>
  readonly seen: boolean
  readonly schedules: number
}

/** All outcomes of a toy. What is searched begins when every role waits at the gate, and ends when all have come to their end. */
async function searchAll(name: string, memoryModel: MemoryModel, strategy: string): Promise<Searched> {
  const toy = TOYS[name]
  const cpus = toy.roles.length
  const outcomes = new Set<string>()
  const search = searchNamed(strategy)(1, { operations: 0, counts: [], words: new Map() })
  let seen = false
  let schedules = 0
  for (;;) {
    const chosen = search.strategy(schedules)
    if (chosen === null) return { outcomes, seen, schedules }
    const recorder = new Recorder(chosen)
    const options = { tasks: 0, userMemory: 0, traceRecords: 0, modules: [kernelModule('memory-models')] }
    const machine = await Machine.boot({ ...options, cpus, machine: 'deterministic', strategy: recorder, memoryModel })
    const { memory } = machine
    const runs = toy.roles.map((_, cpu) =>
      machine.run('memory_model_toy', { cpu, args: [Object.keys(TOYS).indexOf(name), cpu] }).catch(() => 'shut down'),
    )
    expect(machine.step(100_000)).toBeLessThan(100_000)
    recorder.begin()
    Reflect.get(machine, 'engine').store(memory.scratch(AT.gate), 1)
    expect(machine.step(10_000)).toBeLessThan(10_000)
    const roles = toy.roles.map((_, role) => memory.get(memory.scratch(AT.seen) + role) - 1)
    const [x, y] = [AT.x, AT.y].map((at) => memory.get(memory.scratch(at)))
    outcomes.add([...roles, x, y].join(' '))
    if (toy.seen(roles, x, y)) seen = true
    search.learn?.({ outcome: { kind: 'ok' }, digest: 0, deviations: [], operations: 0, counts: [] })
    await machine.shutdown()
    expect(await Promise.all(runs)).toEqual(runs.map(() => 'shut down'))
    schedules++
  }
}

describe.each(MEMORY_MODELS)('%s', (model) => {
  test.each(Object.keys(TOYS))('%s', { timeout: 60_000 }, async (name) => {
    const { seen, schedules } = await searchAll(name, model, 'dpor')
    expect(seen, `${schedules} schedules`).toBe(TOYS[name].allowed.includes(model))
  })
})

describe('M28, a missing barrier', () => {
  const found = async (memory: MemoryModel, bugs: readonly BugName[], schedules: number): Promise<Explored> => {
    return await search({ ...setupOf('callbacks', bugs), memory }, { schedules, strategies: ['pos'] })
  }

  test('is found where stores to several words may be seen in another order', { timeout: 120_000 }, async () => {
    const { found: failures } = await found('pso', ['M28'], 300)
    expect(failures.map(({ failure }) => failure.kind)).toEqual([expect.stringMatching(/^hang$|^violation$/)])
    const [{ deviations, digest }] = failures
    const again = await runSchedule({ ...setupOf('callbacks', ['M28']), memory: 'pso' }, new Playback(deviations))
    expect(again.digest).toBe(digest)
  })

  test.each<[MemoryModel, readonly BugName[]]>([
    ['sc', ['M28']],
    ['tso', ['M28']],
    ['pso', []],
  ])('and not with %s and %j', { timeout: 120_000 }, async (memory, bugs) => {
    const { found: failures, schedules } = await found(memory, bugs, 300)
    expect(failures).toEqual([])
    expect(schedules).toBe(300)
  })
})
