import { describe, expect, test } from 'vitest'
import { Machine, type MachineOptions } from '#dist/src/index.js'
import { testsMachine } from '../support/machines.js'

/** Stretches that it takes to run a program of that much work on each of so many CPUs of one worker. */
async function stretchesOf(busy: number, options: Partial<MachineOptions> = {}): Promise<number> {
  const machine = await Machine.boot({ cpus: 2, machine: 'threads', workers: 1, ...options })
  const cpus = Array.from({ length: busy }, (_, cpu) => cpu)
  const tasks = await Promise.all(
    cpus.map((cpu) => machine.spawn({ workload: 'sha256', work: 100_000, affinity: String(cpu) })),
  )
  for (const task of tasks) expect(await task.result).toBe(task.expected)
  await machine.shutdown()
  return machine.counters().stretches!
}

describe.runIf(testsMachine('threads'))('a stretch of a program', () => {
  // It has up to sixteen steps.
  test('ends after a step where another CPU of the worker has a turn, and goes on where nobody wants anything', async () => {
    const [alone, both] = [await stretchesOf(1), await stretchesOf(2)]
    expect(both).toBeGreaterThan(2 * 3 * alone)
  })

  test('ends after a step where the worker drives a device', async () => {
    const [alone, beside] = [await stretchesOf(1), await stretchesOf(1, { devices: [{ kind: 'disk' }] })]
    expect(beside).toBeGreaterThan(3 * alone)
  })
})
