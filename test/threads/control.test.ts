// The control plane: what the host calls of workers that wait in their event loops.
import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Machine, UsageError } from '#dist/src/index.js'
import { kernelModule, rejection, testsMachine } from '../support/machines.js'

const module = (name: string): URL => new URL(`../fixtures/${name}.mjs`, import.meta.url)

describe.runIf(testsMachine('threads'))('workers', () => {
  test('that have no CPU with power wait in their event loops, where they can be asked', async () => {
    const machine = await Machine.boot({ cpus: 4, maxcpus: 2 })
    try {
      const before = await machine.inspectWorkers()
      expect(before.map((worker) => worker !== null)).toEqual([false, false, true, true])
      const [, , third, fourth] = before
      expect(third!.states).toMatchObject([{ cpu: 2, place: 'play_dead:wait' }])
      expect(fourth!.heapBytes).toBeGreaterThan(1e6)
      await machine.online(3)
      expect((await machine.inspectWorkers()).map((worker) => worker !== null)).toEqual([false, false, true, false])
      // One that has run parks while its CPU is offline: only a bring-up wakes it.
      await machine.offline(3)
      expect((await machine.inspectWorkers())[3]).toBeNull()
    } finally {
      await machine.shutdown()
    }
  })

  test('that are asked while they are powered on have an answer', async () => {
    const machine = await Machine.boot({ cpus: 4, maxcpus: 2, workers: 4 })
    try {
      for (const cpu of [2, 3]) {
        const up = machine.online(cpu)
        // Again and again, so that one of them is under way when the CPU gets its power.
        for (let seen = true; seen; ) seen = (await machine.inspectWorkers())[cpu] !== null
        await up
      }
      expect(await machine.inspectWorkers()).toEqual([null, null, null, null])
    } finally {
      await machine.shutdown()
    }
  })

  test('that can not load a module say so as a UsageError', async () => {
    // The host can load it; so the error comes from the workers.
    const error = await rejection(Machine.boot({ cpus: 3, modules: [module('throws-in-worker')] }))
    expect(error).toBeInstanceOf(UsageError)
    expect((error as Error).message).toMatch(/throws-in-worker\.mjs can't be loaded: not in a worker/)
  })

  test('that could not be configured end by themselves', async () => {
    // One that has to be terminated ends with 1.
    const codes: number[] = []
    const heard = (worker: Worker): void => {
      worker.on('exit', (code) => codes.push(code))
    }
    process.on('worker', heard)
    await rejection(Machine.boot({ cpus: 2, workers: 1, modules: [module('throws-in-worker')] }))
    process.off('worker', heard)
    expect(codes).toEqual([0])
  })

  test('that end while they are configured are an error, and no hang', async () => {
    const error = await rejection(Machine.boot({ cpus: 2, modules: [module('exits')] }))
    expect((error as Error).message).toMatch(/worker \d has ended/)
  })

  describe('of which all but the first are late', () => {
    const boot = async (then: string): Promise<Machine> => {
      const latest = new Worker('', { eval: true })
      vi.stubEnv('LATE_AFTER', String(latest.threadId + 1))
      vi.stubEnv('LATE_THEN', then)
      await latest.terminate()
      return await Machine.boot({ cpus: 5, modules: [module('late-in-worker')] })
    }
    afterEach(() => {
      vi.unstubAllEnvs()
    })

    test('are waited for by the boot CPU, which powers their CPUs on before', async () => {
      const machine = await boot('load')
      expect(await machine.read('online')).toBe('0-4')
      expect(await machine.inspectWorkers()).toEqual([null, null, null, null, null])
      await machine.shutdown()
    })

    test('end the boot CPU’s when they fail', async () => {
      const before = process.getActiveResourcesInfo().filter((name) => /worker|message/i.test(name)).length
      const error = await rejection(boot('fail'))
      expect(error).toBeInstanceOf(UsageError)
      expect((error as Error).message).toMatch(/late-in-worker\.mjs can't be loaded: late, and not at all/)
      expect(process.getActiveResourcesInfo().filter((name) => /worker|message/i.test(name)).length).toBe(before)
    })
  })

  test('a deterministic machine has none', async () => {
    const machine = await Machine.boot({ cpus: 2, machine: 'deterministic', modules: [kernelModule('faults')] })
    expect(await machine.inspectWorkers()).toEqual([])
    await machine.shutdown()
  })
})
