import { describe, expect, test } from 'vitest'
import { Machine } from '#dist/src/index.js'
import { AT } from '#dist/test/modules/parallel.js'
import { kernelModule, testsMachine } from '../support/machines.js'

const ROUNDS = 200

describe.runIf(testsMachine('threads'))('kernel code', () => {
  test('runs in several threads at the same time', async () => {
    const machine = await Machine.boot({ cpus: 3, machine: 'threads', modules: [kernelModule('parallel')] })
    try {
      // Each writes and then waits for the other's word, without any operation in between: were they not both on a
      // thread, and at the same time, neither would ever see the other.
      const pair = [1, 2].map((cpu, me) => machine.run('parallel_meet', { cpu, args: [me, ROUNDS] }))
      expect(await Promise.all(pair)).toEqual([ROUNDS, ROUNDS])
      const threads = [0, 1].map((me) => machine.memory.get(machine.memory.scratch(AT.threads) + me))
      expect(threads[0]).not.toBe(threads[1])
      // Thread 0 is the main thread: no CPU runs there.
      for (const thread of threads) expect(thread).toBeGreaterThan(0)
    } finally {
      await machine.shutdown()
    }
  })

  test.each([1, 2, 4])('of 4 CPUs runs in as many threads as there are workers: %i', async (workers) => {
    const machine = await Machine.boot({ cpus: 4, machine: 'threads', workers, modules: [kernelModule('parallel')] })
    try {
      const threads = await Promise.all([0, 1, 2, 3].map((cpu) => machine.run('parallel_thread', { cpu })))
      expect(new Set(threads).size).toBe(workers)
      // Each CPU stays where it is: kernel frames never migrate.
      await machine.offline(3)
      await machine.online(3)
      expect(await Promise.all([0, 1, 2, 3].map((cpu) => machine.run('parallel_thread', { cpu })))).toEqual(threads)
    } finally {
      await machine.shutdown()
    }
  })

  test.each([1, 2])('of 64 CPUs runs on few workers: %i', async (workers) => {
    const machine = await Machine.boot({ cpus: 64, machine: 'threads', workers, modules: [kernelModule('parallel')] })
    try {
      const cpus = [1, 31, 32, 62, 63]
      for (const cpu of cpus) await machine.offline(cpu)
      expect(await machine.read('offline')).toBe('1,31-32,62-63')
      await Promise.all(cpus.map((cpu) => machine.online(cpu)))
      expect(await machine.read('online')).toBe('0-63')
      const threads = await Promise.all(cpus.map((cpu) => machine.run('parallel_thread', { cpu })))
      expect(new Set(threads).size).toBe(workers)
    } finally {
      await machine.shutdown()
    }
  })
})
