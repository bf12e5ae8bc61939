// Scenarios of CPUs that are closed to tasks: what still runs there, and what others do to their runqueues meanwhile.
import type { Task } from '../../machine/processes.js'
import { call, offline, online, scenario, work, write } from '../scenario.js'
import { KERNEL } from './kernel.js'

const STAY = { name: 'stays', steps: [call('explore_stay', 1, [20])] }

export const priorities = scenario({
  name: 'priorities',
  says: 'kernel threads end on a CPU that goes down, while others change the priority of one that sleeps there',
  machine: { cpus: 2, modules: [KERNEL] },
  actors: [
    STAY,
    STAY,
    { name: 'policies', steps: [call('explore_reschedule', 0, [1, 60])] },
    { name: 'boosts', steps: [call('explore_boost', 0, [1, 12])] },
    { name: 'A', steps: [offline(1), online(1)] },
  ],
})

export const halfUp = scenario({
  name: 'half-up',
  says: 'a CPU that is online and not active goes down while a kernel thread is on it',
  machine: { cpus: 2, modules: [KERNEL] },
  async prepare(machine) {
    await machine.write('cpu1/hotplug/target', 0)
    await machine.write('cpu1/hotplug/target', 200)
  },
  actors: [
    { name: 'stays', steps: [call('explore_stay', 1, [100])] },
    { name: 'A', steps: [write('cpu1/hotplug/target', 0), online(1)] },
  ],
})

export const sentAway = scenario<Task>({
  name: 'sent-away',
  says: 'a running task is told to leave a CPU that goes down, by one whose own CPU is taken by a FIFO task',
  machine: { cpus: 4, modules: [KERNEL], tasks: 16, userMemory: 128 * 1024 },
  prepare: (machine) => machine.spawn({ workload: 'sha256', work: 100, affinity: '1' }),
  actors: [
    { name: 'task', steps: [{ says: 'wait for its result', do: (_, task) => resultOf(task) }], needed: true },
    { name: 'holds', steps: [call('explore_hold', 2, [1])], needed: true },
    { name: 'sends', steps: [call('explore_send_away', 2, [3])], needed: true },
    { name: 'A', steps: [offline(1)], needed: true },
  ],
})

async function resultOf(task: Task): Promise<string | undefined> {
  const result = await task.result
  return result === task.expected ? undefined : `the task computed '${result}'`
}

export const stopAndPush = scenario({
  name: 'stop-and-push',
  says: 'tasks are pushed away from a CPU that goes down, while its stopper and another one are stopped as a pair',
  machine: { cpus: 2, modules: [KERNEL], tasks: 16, userMemory: 128 * 1024 },
  actors: [
    { name: 'players', steps: [work({ workload: 'ping-pong', work: 12 })] },
    { name: 'others', steps: [work({ workload: 'ping-pong', work: 12, seed: 2 })] },
    { name: 'stops', steps: [call('explore_stop_two', 0, [0x01, 6])] },
    { name: 'A', steps: [offline(1), online(1), offline(1), online(1)] },
  ],
})
