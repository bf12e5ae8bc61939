// Steal time: what the host takes from a CPU, its tasks have not run.
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { expect, test } from 'vitest'
import { Machine } from '#dist/src/index.js'
import { StealClock, secondNumber } from '#dist/src/machine/threads/steal.js'
import { RUNQUEUE } from '#dist/src/memory/structs.js'
import { cpuTimes, runTime } from '#dist/src/vfs/accounting.js'
import { onDeterministic, rejection, testsMachine } from '../support/machines.js'

const FOREVER = 2 ** 31 - 1
const MS = 1e6

test.each([
  ['551913889 178341747 1826\n', 178_341_747],
  ['0 0 1\n', 0],
  ['12 34', 34],
  ['12 ', 0],
])('the second number of %j', (text, number) => {
  expect(secondNumber(Buffer.from(text), text.length)).toBe(number)
})

test('what was stolen is left out of the times of the task and the CPU, and has its column in /proc/stat', async () => {
  await onDeterministic({ cpus: 1, seed: 3 }, async (machine) => {
    const { memory } = machine
    const task = await machine.spawn({ workload: 'sieve', work: FOREVER })
    const end = rejection(task.result)
    const times = () => cpuTimes(memory, 0, machine.now())
    const spent = () => {
      const { userNs, niceNs, systemNs, idleNs } = times()
      return userNs + niceNs + systemNs + idleNs
    }
    const struct = memory.userTask(0)
    const runtime = () => runTime(memory, struct, machine.now())
    await machine.sleep(20 * MS)
    const [begun, accounted, ran] = [machine.now(), spent(), runtime()]
    const steal = memory.runqueue(0) + RUNQUEUE.steal
    memory.setTime(steal, 70 * MS)
    await machine.sleep(100 * MS)
    expect(times().stealNs).toBe(70 * MS)
    expect(spent() - accounted).toBeCloseTo(machine.now() - begun - 70 * MS, -5)
    // The sleeper and its interrupts are the rest.
    expect(runtime() - ran).toBeGreaterThan(29 * MS)
    expect(runtime() - ran).toBeLessThan(31 * MS)
    expect(await machine.read('/proc/stat')).toMatch(/^cpu0 \d+ \d+ \d+ \d+ 0 0 0 7 0 0$/m)
    await task.kill()
    await end
  })
})

const tells = testsMachine('threads') && existsSync('/proc/thread-self/schedstat')

test.runIf(tells)('a thread’s clock does not run backwards', () => {
  const clock = new StealClock()
  const first = clock.read()
  expect(first).toBeGreaterThanOrEqual(0)
  expect(clock.read()).toBeGreaterThanOrEqual(first)
})

test.runIf(tells)('of more busy workers than cores, the host takes from some', async () => {
  const cpus = availableParallelism() + 2
  const machine = await Machine.boot({ cpus, workers: cpus, machine: 'threads' })
  const tasks = await Promise.all(
    Array.from({ length: cpus }, (_, cpu) =>
      machine.spawn({ workload: 'sieve', work: FOREVER, affinity: String(cpu) }),
    ),
  )
  const ends = tasks.map((task) => rejection(task.result))
  await machine.sleep(500 * MS)
  const { memory } = machine
  const stolen = Array.from({ length: cpus }, (_, cpu) => cpuTimes(memory, cpu, machine.now()).stealNs)
  expect(Math.max(...stolen)).toBeGreaterThan(0)
  for (const task of tasks) await task.kill()
  await Promise.all(ends)
  await machine.shutdown()
})
