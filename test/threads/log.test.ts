// When the host hears of what is logged.
import { expect, test } from 'vitest'
import { Machine } from '#dist/src/index.js'
import { rejection, testsMachine } from '../support/machines.js'

test.runIf(testsMachine('threads'))('a busy worker’s line is heard though nothing is answered', async () => {
  const machine = await Machine.boot({ cpus: 2, workers: 1, machine: 'threads' })
  const forever = { workload: 'sieve', work: 2 ** 31 - 1 }
  const tasks = [
    await machine.spawn({ ...forever, affinity: '0' }),
    await machine.spawn({ ...forever, affinity: '1', policy: 'fifo', priority: 50 }),
  ]
  const ends = tasks.map((task) => rejection(task.result))
  const said = () => machine.log.some(({ text }) => text === 'sched: RT throttling activated')
  // The FIFO task is held up after 950 ms of a second; the other CPU goes on. No request is made meanwhile: its answer would bring the line along.
  const limit = performance.now() + 20_000
  while (!said() && performance.now() < limit) await new Promise((resolve) => setTimeout(resolve, 50))
  expect(said()).toBe(true)
  for (const task of tasks) await task.kill()
  await Promise.all(ends)
  await machine.shutdown()
})
