// Scenarios of user tasks: they sleep and wake, change their affinity and fight for locks while CPUs go and come.
import type { Task } from '../../machine/processes.js'
import { call, look, offline, online, scenario, step, work } from '../scenario.js'
import { makeCpuset } from './cpusets.js'
import { KERNEL } from './kernel.js'

const ROOM = { tasks: 16, userMemory: 128 * 1024 } as const
/** Up and down, several times: a task has been everywhere then. */
const CYCLES = [offline(1), online(1), offline(2), online(2), offline(1), online(1)]

export const wakeups = scenario({
  name: 'wakeups',
  says: 'CPUs go down while tasks wake each other',
  machine: { cpus: 3, ...ROOM },
  actors: [
    { name: 'players', steps: [work({ workload: 'ping-pong', work: 20 })] },
    { name: 'others', steps: [work({ workload: 'ping-pong', work: 20, seed: 2 })] },
    { name: 'A', steps: CYCLES },
  ],
})

/** Looks at what must hold even while tasks run. */
const OBSERVER = { name: 'observer', steps: [look, look, look] }

export const timers = scenario({
  name: 'timers',
  says: 'CPUs go down while tasks sleep on them',
  machine: { cpus: 3, ...ROOM },
  actors: [
    ...[1, 2, 3, 4].map((seed) => ({ name: `sleeper ${seed}`, steps: [work({ workload: 'sleeper', work: 4, seed })] })),
    { name: 'A', steps: CYCLES },
    OBSERVER,
  ],
})

export const exclusion = scenario({
  name: 'exclusion',
  says: 'CPUs go down while tasks count a counter up under a lock',
  machine: { cpus: 3, ...ROOM },
  actors: [
    { name: 'counter', steps: [work({ workload: 'counter', work: 5 })] },
    { name: 'A', steps: CYCLES },
  ],
})

export const busy = scenario({
  name: 'busy',
  says: 'CPUs go down while more tasks compute than there are CPUs',
  machine: { cpus: 3, ...ROOM },
  actors: [
    ...[1, 2, 3, 4].map((seed) => ({ name: `sha256 ${seed}`, steps: [work({ workload: 'sha256', work: 40, seed })] })),
    { name: 'A', steps: CYCLES },
  ],
})

export const attach = scenario<readonly Task[]>({
  name: 'attach',
  says: 'the tasks of a process are moved into a cpuset while a CPU comes up for the first time',
  machine: { cpus: 3, maxcpus: 2, modules: [KERNEL], ...ROOM },
  async prepare(machine) {
    await makeCpuset(machine, 'a', '1-2')
    return [await machine.spawn({ workload: 'ping-pong', work: 6 })]
  },
  actors: [
    // The first process of the machine.
    { name: 'attach', steps: [call('explore_attach', 1, [0, 2])] },
    { name: 'A', steps: [online(2)] },
  ],
})

interface Pair {
  readonly tasks: readonly Task[]
}

const allow = (n: number, cpus: string) =>
  step<Pair>(`setAffinity(task ${n}, ${cpus})`, (_, { tasks }) => tasks[n]!.setAffinity(cpus))

export const affinity = scenario<Pair>({
  name: 'affinity',
  says: 'tasks are told where they may run while the CPUs there go down',
  machine: { cpus: 3, ...ROOM },
  async prepare(machine) {
    const spawn = (seed: number) => machine.spawn({ workload: 'ping-pong', work: 24, seed, affinity: '0-2' })
    return { tasks: [await spawn(1), await spawn(2)] }
  },
  actors: [
    {
      name: 'tasks',
      needed: true,
      steps: [
        {
          says: 'wait for the results',
          async do(_, { tasks }) {
            const results = await Promise.all(tasks.map(({ result }) => result))
            const wrong = results.find((result, n) => result !== tasks[n]!.expected)
            return wrong === undefined ? undefined : `a task computed '${wrong}'`
          },
        },
      ],
    },
    { name: 'affinity', steps: [allow(0, '1'), allow(1, '2'), allow(0, '0-1'), allow(1, '1-2'), allow(0, '2')] },
    { name: 'A', steps: [offline(1), online(1), offline(2), online(2)] },
    OBSERVER,
  ],
})
