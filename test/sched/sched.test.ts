import { expect } from 'vitest'
import type { Machine, TraceEvent } from '#dist/src/index.js'
import { TASK } from '#dist/src/memory/structs.js'
import { commOf, FLAG } from '#dist/src/sched/task.js'
import { AT } from '#dist/test/modules/sched.js'
import { kernelModule, onEveryMachine } from '../support/machines.js'

const MODULES = [kernelModule('sched')]

function words({ memory }: Machine, offset: number, count: number): number[] {
  return Array.from({ length: count }, (_, n) => memory.get(memory.scratch(offset) + n))
}

async function cycle(machine: Machine, cpus: readonly number[]): Promise<void> {
  for (const cpu of cpus) {
    await machine.offline(cpu)
    await machine.online(cpu)
  }
}

onEveryMachine(
  'the stopper runs first, then FIFO tasks by priority, then the others',
  { cpus: 2, modules: MODULES },
  async (machine) => {
    expect(await machine.run('sched_priorities', { cpu: 1 })).toBe(0)
    expect(words(machine, AT.log, 5)).toEqual([100, 50, 51, 30, 10])
    // The one that started them all is an ordinary task as well: which of the two has run less is up to the clock.
    expect(words(machine, AT.log + 5, 2).toSorted()).toEqual([0, 1])
  },
)

onEveryMachine('a task of a higher class preempts what runs', { cpus: 2, modules: MODULES }, async (machine) => {
  const spinning = machine.run('sched_spin', { cpu: 1 })
  await machine.run('sched_wake_there', { cpu: 0, args: [1, 1] })
  expect(await spinning).toBe(1)
})

onEveryMachine(
  // On threads the other may have run for milliseconds by then, and is preempted.
  'an ordinary task does not preempt one that has run for microseconds',
  { cpus: 2, modules: MODULES, on: ['deterministic'] },
  async (machine) => {
    const spinning = machine.run('sched_keep', { cpu: 1, args: [400] })
    await machine.run('sched_wake_there', { cpu: 0, args: [1, 0] })
    expect(await spinning).toBe(0)
    expect(words(machine, AT.flag, 1)).toEqual([1])
  },
)

onEveryMachine(
  'nothing preempts while preemption is off, and what is due does as soon as it is on',
  { cpus: 2, modules: MODULES },
  async (machine) => {
    const spinning = machine.run('sched_keep', { cpu: 1, args: [400, 1] })
    await machine.run('sched_wake_there', { cpu: 0, args: [1, 1] })
    expect(await spinning).toBe(0)
  },
)

onEveryMachine('no wakeup is lost between tasks that take turns', { cpus: 3, modules: MODULES }, async (machine) => {
  const rounds = 60
  // Pairs on two CPUs each, and one on a single CPU.
  const placement = [0, 1, 1, 2, 2, 0, 1, 1]
  const players = placement.map((cpu, player) => machine.run('sched_ping_pong', { cpu, args: [player, rounds] }))
  for (const turns of await Promise.all(players)) expect(turns).toBeGreaterThanOrEqual(rounds * 2 - 1)
})

onEveryMachine(
  'tasks that may move finish their work, each on one CPU at a time, while CPUs go down and come back',
  { cpus: 4, modules: MODULES, seeds: 15 },
  async (machine) => {
    const flock = machine.run('sched_flock', { cpu: 0, args: [14, 12] })
    await cycle(machine, [1, 2, 3, 2, 1])
    expect(await flock).toBe(14)
    expect(words(machine, AT.wrong, 1)).toEqual([0])
  },
)

onEveryMachine(
  'a task that may only run on a CPU that is gone runs elsewhere, and that is logged',
  { cpus: 3, modules: MODULES },
  async (machine) => {
    const ended = machine.run('sched_homebody', { cpu: 0, args: [2] })
    await machine.run('sched_is_at_home', { cpu: 1 })
    await machine.offline(2)
    await machine.run('sched_call_home', { cpu: 1 })
    expect(await ended).toBe(0)
    const logged = () =>
      machine.log.filter(({ text }) => /^process \d+ \(test\/0\) no longer affine to cpu2$/.test(text))
    // From a worker thread, a line of the log may come later than the answer.
    await expect.poll(() => logged().length).toBe(1)
  },
)

/**
 * The tasks that were switched to on each CPU while it was vacated: from sched:waitempty until it is brought up again. A
 * CPU on its way up is open to unbound kernel threads as soon as it is online.
 */
function ranWhileVacated(events: readonly TraceEvent[]): [number, number][] {
  const vacated = new Set<number>()
  const ran: [number, number][] = []
  for (const { event, cpu, a, c } of events) {
    const step = c & 0xffff
    if (event === 'cpuhp_exit' && step === 155 && c >> 16 === 0) vacated.add(a)
    else if (event === 'cpuhp_enter' && step === 91) vacated.delete(a)
    else if (event === 'sched_switch' && vacated.has(cpu)) ran.push([cpu, c])
  }
  return ran
}

onEveryMachine(
  // kworker/N is bound to its CPU while that is up only: test/workqueue.
  'per-CPU threads run on their own CPU and nowhere else, and nothing else runs on a CPU that has been vacated',
  { cpus: 3, modules: MODULES, traceRecords: 32_768 },
  async (machine, { kind }) => {
    const flock = machine.run('sched_flock', { cpu: 0, args: [6, 12] })
    await cycle(machine, [1, 2, 1, 2])
    await flock
    const { memory } = machine
    const events = machine.trace()
    expect(machine.lostEvents).toBe(0)
    const bound = (task: number): boolean =>
      (memory.get(task + TASK.flags) & FLAG.perCpu) !== 0 && !commOf(memory, task).startsWith('kworker/')
    const switches = events.filter(({ event }) => event === 'sched_switch')
    expect(switches.length).toBeGreaterThan(40)
    for (const { cpu, c: task } of switches) {
      if (bound(task)) expect([commOf(memory, task), cpu]).toEqual([commOf(memory, task), memory.get(task + TASK.cpu)])
    }
    const ran = ranWhileVacated(events)
    expect(ran.length).toBeGreaterThan(0)
    for (const [cpu, task] of ran)
      expect([cpu, commOf(memory, task), bound(task)]).toEqual([cpu, commOf(memory, task), true])
    // cpuhp/N parked, its CPU went on to die, came back, and the thread is where it was.
    const moved = events.filter(({ event }) => event === 'sched_migrate_task')
    // Threads may have done all of their work before the first CPU goes.
    if (kind === 'deterministic') expect(moved.length).toBeGreaterThan(0)
    for (const { a } of moved) expect(bound(a)).toBe(false)
  },
)

onEveryMachine(
  'whoever asks for a CPU to be taken down goes on elsewhere when it is its own',
  { cpus: 3 },
  async (machine) => {
    const { memory } = machine
    const requesters = (): number[] => {
      const tasks = Array.from({ length: 2 }, (_, slot) => memory.requesterTask(slot))
      return tasks.filter((task) => memory.getTime(task + TASK.sumExec) > 0).map((task) => memory.get(task + TASK.cpu))
    }
    await machine.write('cpu0/hotplug/target', 0)
    expect(await machine.read('online')).toBe('1-2')
    expect(requesters()).not.toContain(0)
    await machine.offline(1)
    expect(await machine.read('online')).toBe('2')
    expect(requesters()).toEqual([2])
    await machine.online(1)
    await machine.write('cpu0/hotplug/target', 236)
    expect(await machine.read('online')).toBe('0-2')
  },
)
