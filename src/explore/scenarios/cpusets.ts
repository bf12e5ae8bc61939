// Scenarios of CPUs that are kept from the load balancing, and of cores with several threads.
import type { Machine } from '../../machine/machine.js'
import type { Task } from '../../machine/processes.js'
import { look, offline, online, type Step, scenario, step, write } from '../scenario.js'

const CG = '/sys/fs/cgroup'

/** Makes a group below the root that has been given CPUs. */
export async function makeCpuset(machine: Machine, name: string, cpus: string): Promise<void> {
  await machine.write(`${CG}/cgroup.subtree_control`, '+cpuset')
  await machine.files.mkdir(`${CG}/${name}`)
  await machine.write(`${CG}/${name}/cpuset.cpus`, cpus)
}

const ROOM = { tasks: 16, userMemory: 128 * 1024 } as const

/** Waits until a task has computed what it should. */
const result: Step<Task> = {
  says: 'wait for its result',
  async do(_, task) {
    const came = await task.result
    return came === task.expected ? undefined : `the task computed '${came}'`
  },
}

export const cpusets = scenario<Task>({
  name: 'cpusets',
  says: 'the CPUs of a cpuset go down and come up, and are looked at as soon as they have',
  machine: { cpus: 3, ...ROOM },
  async prepare(machine) {
    await makeCpuset(machine, 'a', '1-2')
    return await machine.spawn({ workload: 'ping-pong', work: 24, cgroup: '/a' })
  },
  actors: [
    { name: 'task', steps: [result], needed: true },
    { name: 'A', steps: [offline(1), look, online(1), look] },
  ],
})

export const cpusetMoves = scenario<Task>({
  name: 'cpuset-moves',
  says: 'a process is moved between cpusets, and their CPUs are changed, while those go down and come up',
  machine: { cpus: 3, ...ROOM },
  async prepare(machine) {
    await makeCpuset(machine, 'a', '1')
    await makeCpuset(machine, 'b', '1-2')
    return await machine.spawn({ workload: 'ping-pong', work: 24, cgroup: '/b' })
  },
  actors: [
    { name: 'task', steps: [result], needed: true },
    {
      name: 'moves',
      steps: ['a', 'b', 'a'].map((name) =>
        step(`move to ${name}`, (machine, task) =>
          machine.write(`${CG}/${name}/cgroup.procs`, (task as Task).pids[0]!),
        ),
      ),
    },
    { name: 'cpus', steps: [write(`${CG}/a/cpuset.cpus`, '2'), write(`${CG}/b/cpuset.cpus`, '0-1')] },
    { name: 'A', steps: [offline(1), look, online(1), offline(2), look, online(2)] },
  ],
})

export const lastHousekeeping = scenario({
  name: 'last-housekeeping',
  says: 'the only two CPUs that are not isolated are taken down at the same time, and brought up again',
  machine: { cpus: 3, isolated: '0' },
  actors: [
    { name: 'A', steps: [offline(1), online(1)] },
    { name: 'B', steps: [offline(2), online(2)] },
    { name: 'C', steps: [offline(1), offline(2), online(1)] },
  ],
})

export const siblings = scenario({
  name: 'siblings',
  says: 'SMT is switched off and on while a second thread of a core goes down and comes up',
  machine: { cpus: 4, threadsPerCore: 2 },
  actors: [
    { name: 'smt', steps: [write('smt/control', 'off'), write('smt/control', 'on')] },
    { name: 'A', steps: [offline(1), online(1)] },
    { name: 'B', steps: [offline(2), online(2)] },
  ],
})
