import { describe, expect, test } from 'vitest'
import { judge, litmusNames, loadLitmus, parseResult, tryOutSchedules, tryOutThreads } from '../support/litmus.js'
import { spreads, testsMachine } from '../support/machines.js'

const SCHEDULES = 150
const ROUNDS_EACH = 4
const ROUNDS_ON_THREADS = 200

const TESTS = await Promise.all(litmusNames().map(loadLitmus))
const NAMED = TESTS.map((litmus) => [`${litmus.name}: ${litmus.result}`, litmus] as const)
const OF_LOCKS = ['spinlock', 'completion', 'mutex', 'wait-queue', 'rwsem'] as const

describe.runIf(testsMachine('deterministic'))('on the deterministic machine', () => {
  test.each(NAMED)('%s', async (_, litmus) => {
    expect(judge(litmus.result, await tryOutSchedules(litmus, SCHEDULES, ROUNDS_EACH))).toBe(null)
  })
})

// What is seen only sometimes need not be seen on threads: there it proves nothing.
describe.runIf(testsMachine('threads'))('on threads', () => {
  describe.each(NAMED.filter(([, { result }]) => result !== 'sometimes'))('%s', (_, litmus) => {
    test.each(spreads(litmus.cpus))('workers: %i', async (workers) => {
      expect(judge(litmus.result, await tryOutThreads(litmus, workers, ROUNDS_ON_THREADS))).toBe(null)
    })
  })
})

describe('the litmus tests', () => {
  test.each(OF_LOCKS)('say of the %s what must never and what must always be', (name) => {
    const results = TESTS.filter((litmus) => litmus.name.startsWith(name)).map(({ result }) => result)
    expect(results).toContain('never')
    expect(results).toContain('always')
  })

  test('can fail: racy code and lost wakeups are among them', () => {
    const sometimes = TESTS.filter(({ result }) => result === 'sometimes')
    expect(sometimes.map(({ name }) => name)).toContain('unlocked-counter')
    expect(sometimes.filter(({ deadlock }) => deadlock).length).toBeGreaterThanOrEqual(2)
  })

  test('must say what is expected of them', () => {
    expect(parseResult('// Result: never\n//\n', 'x')).toBe('never')
    expect(() => parseResult('// Results: never\n', 'x')).toThrow("test/litmus/x.ts must begin with '// Result: never")
    expect(() => parseResult('// Result: rarely\n', 'x')).toThrow('never|sometimes|always')
  })

  test('are judged by what they say', () => {
    const rounds = 10
    expect(judge('never', { seen: 0, rounds })).toBe(null)
    expect(judge('never', { seen: 1, rounds })).toBe('never expected, seen 1 times in 10 rounds')
    expect(judge('always', { seen: 10, rounds })).toBe(null)
    expect(judge('always', { seen: 9, rounds })).toBe('always expected, seen 9 times in 10 rounds')
    expect(judge('sometimes', { seen: 1, rounds })).toBe(null)
    expect(judge('sometimes', { seen: 0, rounds })).toBe('sometimes expected, seen 0 times in 10 rounds')
    expect(judge('sometimes', { seen: 10, rounds })).toBe('sometimes expected, seen 10 times in 10 rounds')
  })
})
