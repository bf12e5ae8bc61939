// Scenarios of what is done later: timers and tasklets, while CPUs go down and come up.
import type { Machine } from '../../machine/machine.js'
import { SOFTIRQ_DATA } from '../../memory/structs/deferred.js'
import { PERCPU } from '../../memory/structs.js'
import { call, look, offline, online, scenario, step, work } from '../scenario.js'
import { AT, TIME_KERNEL } from './timer-wheel-kernel.js'

const MACHINE = { cpus: 3, modules: [TIME_KERNEL], scratch: 256 } as const

/** The timers and tasklets are there; a CPU that dies arms one of each when it serves none any more. */
async function prepare(machine: Machine): Promise<void> {
  await machine.run('explore_time_init', { cpu: 0 })
  await machine.addState({ name: 'explore/dying', state: 100, teardown: 'explore_time_dying', invoke: false })
}

const sleep = (ms: number) => step(`sleep(${ms} ms)`, (machine) => machine.sleep(ms * 1e6))

function* balanced({ memory, cpus }: Machine) {
  const at = (offset: number): number => memory.get(memory.scratch(offset))
  if (at(AT.wrong) > 0) yield `${at(AT.wrong)} times a function was called where or when it must not be`
  const [armed, deleted, served] = [at(AT.armed), at(AT.deleted), at(AT.served)]
  if (armed !== deleted + served) yield `${armed} timers were armed, ${deleted} taken off, ${served} served`
  let scheduled = 0
  for (let cpu = 0; cpu < cpus; cpu++) {
    scheduled += memory.get(memory.percpu(cpu) + PERCPU.softirq + SOFTIRQ_DATA.taskletsScheduled)
  }
  if (scheduled !== at(AT.ran)) yield `${scheduled} tasklets were scheduled, ${at(AT.ran)} have run`
}

export const timerWheel = scenario({
  name: 'timer-wheel',
  says: 'timers are armed, moved and taken off while a busy CPU goes down, and arms one when it is nearly gone',
  machine: { ...MACHINE, tasks: 4, userMemory: 64 * 1024 },
  prepare,
  actors: [
    { name: 'busy', steps: [work({ workload: 'sha256', work: 1300, affinity: '1' })] },
    {
      name: 'A',
      steps: [
        call('explore_arm', 1, [1, 30_000]),
        sleep(6),
        call('explore_arm', 1, [1, 0]),
        offline(1),
        look,
        online(1),
        offline(1),
      ],
    },
    {
      name: 'B',
      steps: [call('explore_arm_on', 0, [2, 2]), call('explore_churn', 2, [2]), call('explore_delete', 0, [1, 1])],
    },
    { name: 'observer', steps: [sleep(5), look] },
  ],
  check: balanced,
})

export const softirqs = scenario({
  name: 'softirqs',
  says: 'tasklets are scheduled and held up on two CPUs, and on one that is nearly gone',
  machine: MACHINE,
  prepare,
  actors: [
    { name: 'A', steps: [offline(1), online(1), offline(2)] },
    { name: 'B', steps: [call('explore_schedule', 0, [2]), look] },
    { name: 'C', steps: [call('explore_schedule', 2, [2])] },
  ],
  check: balanced,
})
