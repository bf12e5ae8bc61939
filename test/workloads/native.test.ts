import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { ERRNO } from '#dist/src/base/errno.js'
import { loadWorkload } from '#dist/src/workloads/load.js'
import { NativeFault, NativeRun } from '#dist/src/workloads/native.js'
import { CALL, UserProcess, UserTask, type Workload } from '#dist/src/workloads/workload.js'
import { onEveryMachine } from '../support/machines.js'

/** A program of its own for each task: calls, one after the other; the result is what they answered. */
function scripted(...scripts: readonly ((task: UserTask) => number)[][]): Workload {
  const STRIDE = 16
  return {
    name: 'scripted',
    description: 'one call after the other',
    tasks: scripts.length,
    unitNs: 10,
    typicalWork: 1,
    bytes: () => 4 * STRIDE * (scripts.length + 1),
    prepare: () => undefined,
    step(task) {
      const { words } = task.process
      const own = STRIDE * (task.index + 1)
      const at = words[own]!++
      if (at > 0) words[own + at] = task.result
      return scripts[task.index]![at]?.(task) ?? task.done()
    },
    result: ({ words }) =>
      scripts
        .map((calls, n) => Array.from(words.subarray(STRIDE * (n + 1) + 1).subarray(0, calls.length)).join(' '))
        .join(', '),
    expected: () => '',
  }
}

const answers = (...scripts: readonly ((task: UserTask) => number)[][]): string =>
  new NativeRun(scripted(...scripts), 1, 1).finish(() => 1)

describe('a system call without a machine answers as on one:', () => {
  test.each<[string, (task: UserTask) => number, number]>([
    ['wait, when the word has another value', (task) => task.wait(0, 5), -ERRNO.EAGAIN],
    ['wake, when nobody waits', (task) => task.wake(0, 1), 0],
    ['unlock of what is not locked', (task) => task.unlock(0), -ERRNO.EPERM],
    ['unlock of a lock that there is not', (task) => task.unlock(1), -ERRNO.EINVAL],
    ['migrateEnable without its partner', (task) => task.migrateEnable(), -ERRNO.EINVAL],
    ['setAffinity to no CPU', (task) => task.setAffinity([]), -ERRNO.EINVAL],
    ['setAffinity to some', (task) => task.setAffinity([0, 31]), 0],
    ['sleep', (task) => task.sleep(1e9), 0],
    ['yield', (task) => task.yield(), 0],
  ])('%s', (_what, call, result) => {
    expect(answers([call])).toBe(String(result))
  })

  test('lock, a second time', () => {
    expect(answers([(task) => task.lock(0), (task) => task.lock(0)])).toBe(`0 -${ERRNO.EDEADLK}`)
  })

  test('wake, when two wait and one is wanted', () => {
    const wait = (task: UserTask): number => task.wait(0, 0)
    const wake = (task: UserTask): number => task.wake(0, 1)
    expect(answers([wait], [wait], [(task) => task.sleep(1), wake, wake, wake])).toBe('0, 0, 0 1 1 0')
  })

  test('lock, when the one who had it has ended', () => {
    expect(answers([(task) => task.lock(0)], [(task) => task.sleep(5), (task) => task.lock(0)])).toBe('0, 0 0')
  })
})

test('tasks have their turns one after the other', () => {
  const order: number[] = []
  const note = (task: UserTask): number => {
    order.push(task.index)
    return task.yield()
  }
  answers([note, note], [note, note], [note, note])
  expect(order).toEqual([0, 1, 2, 0, 1, 2])
})

test('the one who sleeps less wakes first', () => {
  const order: number[] = []
  const note = (task: UserTask): number => {
    order.push(task.index)
    return task.yield()
  }
  answers([(task) => task.sleep(3e9), note], [(task) => task.sleep(1), note], [(task) => task.sleep(2e9), note])
  expect(order).toEqual([1, 2, 0])
})

const CALLS = new URL('../fixtures/calls.mjs', import.meta.url)

onEveryMachine(
  'every system call answers on a machine what it answers without one',
  { cpus: 2, seeds: 3, workloads: [CALLS.href] },
  async (machine) => {
    // Natively it has been run, and compared, when this is through.
    const { workload } = await loadWorkload(fileURLToPath(CALLS))
    const task = await machine.spawn({ workload: workload.name, work: 5 })
    expect(await task.result).toBe(workload.expected(5, 1))
  },
)

describe('a program that never ends is told from one that does:', () => {
  const step = (act: (task: UserTask) => number): Workload => ({ ...scripted([]), step: act })
  test.each<[string, Workload, RegExp]>([
    [
      'tasks that hold what the other wants',
      scripted([(task) => task.lock(0), (task) => task.lock(1)], [(task) => task.lock(1), (task) => task.lock(0)]),
      /its tasks wait for each other, or for what never happens/,
    ],
    ['a task that waits for nobody', scripted([(task) => task.wait(0, 0)]), /wait for each other, or for what never/],
    [
      'one that sleeps and does nothing else',
      step((task) => {
        task.used = 0
        return task.sleep(1)
      }),
      /done nothing 10000 times in a row/,
    ],
    ['one that says it works', step((task) => task.yield()), /not come to its end in 20000 steps/],
    ['a wait for a word that there is not', scripted([(task) => task.wait(32, 0)]), /waits for word 32; .* 0 to 31/],
    ['a wakeup of a word that is none', scripted([(task) => task.wake(0.5, 1)]), /wakes word 0.5/],
    ['a sleep of no length', scripted([(task) => task.sleep(Number.NaN)]), /operands of its system call are 0 and NaN/],
    ['an affinity beyond what a mask holds', scripted([(task) => task.setAffinity([3, 32])]), /CPUs 0 to 31, not 32/],
  ])('%s', (_what, workload, problem) => {
    expect(() => new NativeRun(workload, 1, 1).finish(() => 1)).toThrow(problem)
  })

  test('a NativeFault says that it is the program', () => {
    expect(() => answers([(task) => task.wait(0, 0)])).toThrow(NativeFault)
  })
})

test('a process has three views of one memory', () => {
  const buffer = new SharedArrayBuffer(64)
  const process = new UserProcess(buffer, 16, 32, 7, 2 ** 32 - 1)
  process.floats[1] = 1.5
  expect([process.bytes.length, process.words.length, process.floats.length]).toEqual([32, 8, 4])
  expect(process.words[3]).toBe(0x3ff8_0000)
  expect(new DataView(buffer).getFloat64(24, true)).toBe(1.5)
})

test('a call leaves its operands in the task', () => {
  const task = new UserTask(new UserProcess(new ArrayBuffer(8), 0, 8, 1, 1), 0)
  expect([task.setAffinity([1, 3]), task.argument, task.value]).toEqual([CALL.setAffinity, 10, 0])
  expect([task.wait(4, -2), task.argument, task.value]).toEqual([CALL.wait, 4, -2])
  expect([task.sleep(5e9), task.argument, task.value]).toEqual([CALL.sleep, 0, 5e9])
  expect([task.done(), task.argument, task.value]).toEqual([CALL.done, 0, 0])
})
