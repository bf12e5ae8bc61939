// Load balancing: when a CPU that has come up gets its first task, and which.
import { expect, test } from 'vitest'
import { TASK } from '#dist/src/memory/structs.js'
import { MIGRATION } from '#dist/src/sched/placement.js'
import { onDeterministic, rejection } from '../support/machines.js'

const FOREVER = 2 ** 31 - 1
const MS = 1e6
const TICK_NS = 4 * MS

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  'a CPU that has come up takes a task at once, not at the next tick of a busy one: that with the least vruntime (seed %d)',
  async (seed) => {
    await onDeterministic({ cpus: 2, seed, traceRecords: 16_384 }, async (machine) => {
      const { memory } = machine
      await machine.offline(1)
      const tasks = await Promise.all(
        [1, 2, 3].map((n) => machine.spawn({ workload: 'sieve', work: FOREVER, seed: n })),
      )
      const ends = tasks.map((task) => rejection(task.result))
      await machine.sleep((60 + seed) * MS)
      const pids = new Set(tasks.map((task) => task.pids[0]!))
      const hogs = Array.from({ length: 8 }, (_, n) => memory.userTask(n))
        .filter((task) => pids.has(memory.get(task + TASK.pid)))
        .map((task) => ({ task, vruntime: memory.getTime(task + TASK.vruntime) }))
      const asked = machine.now()
      await machine.online(1)
      const up = machine.now()
      await machine.sleep(2 * TICK_NS)

      const events = machine.trace().filter(({ timeNs }) => timeNs > asked)
      const pull = events.find(({ event, b }) => event === 'sched_migrate_task' && b >> 16 === MIGRATION.idle)
      expect(pull!.timeNs - up).toBeLessThan(TICK_NS / 20)
      // What each has run on CPU 0 since the look at it adds to its vruntime: their weight is that of nice 0.
      let [current, since] = [0, asked]
      for (const { event, cpu, c, timeNs, ticket } of events) {
        if (ticket > pull!.ticket || event !== 'sched_switch' || cpu !== 0) continue
        for (const hog of hogs) if (hog.task === current) hog.vruntime += timeNs - since
        current = c
        since = timeNs
      }
      const waiting = hogs.filter(({ task }) => task !== current).sort((a, b) => a.vruntime - b.vruntime)
      expect(pull!.a).toBe(waiting[0]!.task)

      for (const task of tasks) await task.kill()
      await Promise.all(ends)
    })
  },
)
