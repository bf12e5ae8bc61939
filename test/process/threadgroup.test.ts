// The lock of thread groups: who makes tasks and who moves them keep out of each other's way, and out of hotplug's.
import { expect } from 'vitest'
import { KERNEL } from '#dist/src/explore/scenarios/kernel.js'
import { GLOBAL, PERCPU, PERCPU_RWSEM } from '#dist/src/memory/structs.js'
import { onEveryMachine } from '../support/machines.js'

onEveryMachine(
  "a process's tasks are moved while others are made, and while CPUs come up for the first time",
  { cpus: 4, maxcpus: 2, seeds: 6, modules: [KERNEL], tasks: 16, userMemory: 16 * 2 ** 20 },
  async (machine) => {
    const moved = await machine.spawn({ workload: 'sieve', work: 2 ** 31 - 1 })
    const made = async (): Promise<void> => {
      for (let seed = 1; seed <= 3; seed++) {
        const task = await machine.spawn({ workload: 'ping-pong', work: 4, seed })
        expect(await task.result).toBe(task.expected)
      }
    }
    await Promise.all([
      machine.run('explore_attach', { cpu: 0, args: [0, 12] }),
      made(),
      machine.online(2).then(() => machine.online(3)),
    ])
    expect(await machine.read('online')).toBe('0-3')
    const { memory } = machine
    const readers = [0, 1, 2, 3].map((cpu) => memory.get(memory.percpu(cpu) + PERCPU.threadgroupReaders))
    // A reader may leave on another CPU than it came on.
    expect(readers.reduce((sum, count) => sum + count, 0)).toBe(0)
    expect(memory.get(memory.global + GLOBAL.threadgroupLock + PERCPU_RWSEM.block)).toBe(0)
    const ended = moved.result.catch((error: Error) => error.name)
    await moved.kill()
    expect(await ended).toBe('TaskKilled')
  },
)
