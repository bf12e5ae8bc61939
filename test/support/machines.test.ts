import { describe, expect, test } from 'vitest'
import { BurstStrategy } from './bursts.js'
import { kernelModule, onMachine, rejection, type Setting } from './machines.js'

const OPTIONS = { cpus: 2, machine: 'deterministic', modules: [kernelModule('faults')] } as const
const SETTING: Setting = { kind: 'deterministic', name: 'seed 9', seed: 9 }

async function messageOf(promise: Promise<unknown>): Promise<string> {
  const error = await rejection(promise)
  return error instanceof Error ? error.message : String(error)
}

describe('a test of a machine', () => {
  test('fails on a kernel warning that it does not expect, and says on which machine', async () => {
    const body = async (machine: { run: (name: string, options: object) => Promise<number> }) => {
      await machine.run('faults_warn', { cpu: 1, args: [7] })
    }
    const message = await messageOf(onMachine(OPTIONS, SETTING, undefined, body))
    expect(message).toMatch(/^\[deterministic, seed 9\] kernel warnings: /)
    expect(await messageOf(onMachine(OPTIONS, SETTING, /number 8/, body))).toContain('kernel warnings')
    await onMachine(OPTIONS, SETTING, /at faults_warn: number 7$/, body)
  })

  test('fails when its body does, and the machine is shut down all the same', async () => {
    let failure: Error | null = null
    const failing = onMachine(OPTIONS, SETTING, undefined, async (machine) => {
      const { shutdown } = machine
      machine.shutdown = async () => {
        await shutdown.call(machine)
        failure = machine.failure
      }
      throw new Error('what the body says')
    })
    expect(await messageOf(failing)).toBe('[deterministic, seed 9] what the body says')
    expect(String(failure)).toContain('has been shut down')
  })
})

test('bursts let every CPU run, one for long and another for short', () => {
  const strategy = new BurstStrategy(3)
  const runnable = Int32Array.of(4, 5, 6)
  const turns: { cpu: number; length: number }[] = []
  for (let n = 0; n < 50_000; n++) {
    const cpu = runnable[strategy.next(runnable, 3)]
    if (turns.at(-1)?.cpu === cpu) turns[turns.length - 1].length++
    else turns.push({ cpu, length: 1 })
  }
  expect(new Set(turns.map(({ cpu }) => cpu))).toEqual(new Set([4, 5, 6]))
  expect(turns.some(({ length }) => length > 500)).toBe(true)
  expect(turns.some(({ length }) => length < 5)).toBe(true)
})
