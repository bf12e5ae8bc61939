// Words that workers wait for: who no longer waits for one is not rung for it.
import { expect, test } from 'vitest'
import { Machine } from '#dist/src/index.js'
import { testsMachine } from '../support/machines.js'

test.runIf(testsMachine('threads'))('of a machine at rest nobody is registered for a word', async () => {
  const machine = await Machine.boot({ cpus: 4, workers: 2, machine: 'threads' })
  const { base, count, stride } = machine.memory.layout.waitBuckets
  const registered = (): boolean => machine.memory.words.slice(base, base + count * stride).some((bits) => bits !== 0)
  for (let n = 0; n < 100; n++) {
    await Promise.all([machine.offline(1), machine.offline(2).catch(() => 0)])
    await Promise.all([machine.online(1), machine.online(2).catch(() => 0)])
  }
  const limit = performance.now() + 10_000
  while (registered() && performance.now() < limit) await new Promise((resolve) => setTimeout(resolve, 20))
  expect(registered()).toBe(false)
  await machine.shutdown()
})
