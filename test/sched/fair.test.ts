// The fair class as a data structure, against a model that is a plain array.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Memory } from '#dist/src/memory/memory.js'
import { RUNQUEUE, TASK } from '#dist/src/memory/structs.js'
import {
  ARRIVAL,
  accountFair,
  dequeueFair,
  enqueueFair,
  firstFair,
  putPreviousFair,
  setNextFair,
  waitingFair,
  weightOf,
} from '#dist/src/sched/fair.js'

const TASKS = 24

function fresh(): Memory {
  return new Memory({ cpus: 2, tasks: TASKS, workers: 1, traceRecords: 16, scratch: 0, user: 0 })
}

type Step = { readonly do: 'enqueue' | 'dequeue' | 'run'; readonly n: number; readonly time: number }

const steps = fc.array(
  fc.record({
    do: fc.constantFrom('enqueue' as const, 'enqueue' as const, 'dequeue' as const, 'run' as const),
    n: fc.nat(TASKS - 1),
    time: fc.integer({ min: 1, max: 50_000_000 }),
  }),
  { maxLength: 120 },
)

/** Carries a step out on the runqueue and in the model, the set of those that are runnable. */
function carryOut(memory: Memory, rq: number, runnable: Set<number>, step: Step): void {
  const task = memory.userTask(step.n)
  if (step.do === 'enqueue' && !runnable.has(task)) {
    memory.set(task + TASK.nice, (step.n % 40) - 20)
    memory.setTime(task + TASK.vruntime, step.time)
    enqueueFair(memory, rq, 0, task, ARRIVAL.moved)
    runnable.add(task)
  } else if (step.do === 'dequeue' && runnable.delete(task)) dequeueFair(memory, rq, task)
  else if (step.do === 'run' && runnable.size > 0) {
    const first = firstFair(memory, rq)
    const least = Math.min(...[...runnable].map((t) => memory.getTime(t + TASK.vruntime)))
    expect(memory.getTime(first + TASK.vruntime)).toBe(least)
    setNextFair(memory, rq, first)
    accountFair(memory, rq, first, step.time)
    // Half of the time it is taken off while it runs.
    if (step.n % 2 === 0) putPreviousFair(memory, rq, first)
    else {
      dequeueFair(memory, rq, first)
      runnable.delete(first)
    }
  }
}

test('the task that has run least is first, and none is lost, whatever comes and goes', () => {
  fc.assert(
    fc.property(steps, (list) => {
      const memory = fresh()
      const rq = memory.runqueue(0)
      const runnable = new Set<number>()
      let before = 0
      for (const step of list) {
        carryOut(memory, rq, runnable, step)
        expect(new Set(waitingFair(memory, rq))).toEqual(runnable)
        expect([...waitingFair(memory, rq)]).toHaveLength(runnable.size)
        expect(memory.get(rq + RUNQUEUE.fairCount)).toBe(runnable.size)
        const load = [...runnable].reduce((sum, task) => sum + weightOf(memory, task), 0)
        expect(memory.get(rq + RUNQUEUE.fairLoad)).toBe(load)
        const least = memory.getTime(rq + RUNQUEUE.minVruntime)
        expect(least).toBeGreaterThanOrEqual(before)
        before = least
      }
    }),
    { numRuns: 300, seed: 1 },
  )
})

test('nobody saves time up: a sleeper comes back near the others, a new task a slice behind them', () => {
  const memory = fresh()
  const rq = memory.runqueue(0)
  const [runs, sleeps, made] = [0, 1, 2].map((n) => memory.userTask(n))
  enqueueFair(memory, rq, 0, runs!, ARRIVAL.moved)
  setNextFair(memory, rq, runs!)
  accountFair(memory, rq, runs!, 10e9)
  const now = memory.getTime(runs! + TASK.vruntime)
  enqueueFair(memory, rq, 0, sleeps!, ARRIVAL.woken)
  enqueueFair(memory, rq, 0, made!, ARRIVAL.made)
  // Half a latency before the least, which is 12 ms with two CPUs.
  expect(memory.getTime(sleeps! + TASK.vruntime)).toBe(now - 6e6)
  expect(memory.getTime(made! + TASK.vruntime)).toBeGreaterThan(now)
  expect(memory.getTime(made! + TASK.vruntime)).toBeLessThanOrEqual(now + 12e6)
})

test('a task takes its lead along to another runqueue', () => {
  const memory = fresh()
  const [from, to] = [memory.runqueue(0), memory.runqueue(1)]
  const task = memory.userTask(0)
  memory.setTime(from + RUNQUEUE.minVruntime, 1e9)
  memory.setTime(to + RUNQUEUE.minVruntime, 7e9)
  memory.setTime(task + TASK.vruntime, 1.003e9)
  enqueueFair(memory, from, 0, task, ARRIVAL.moved)
  dequeueFair(memory, from, task)
  enqueueFair(memory, to, 1, task, ARRIVAL.moved)
  expect(memory.getTime(task + TASK.vruntime)).toBe(7.003e9)
})
