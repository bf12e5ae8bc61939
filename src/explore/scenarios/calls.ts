// Scenarios of what CPUs ask of each other: function calls by IPI, stoppers, parking, the readers of the hotplug lock.
import type { Machine } from '../../machine/machine.js'
import { call, offline, online, scenario } from '../scenario.js'
import { AT, KERNEL } from './kernel.js'

function* allRan({ memory }: Machine): Generator<string> {
  const [sent, ran] = [AT.sent, AT.ran].map((at) => memory.get(memory.scratch(at)))
  if (sent !== ran) yield `${sent} calls were accepted, ${ran} have run`
}

export const crossCalls = scenario({
  name: 'cross-calls',
  says: 'a CPU goes down while others send it function calls',
  machine: { cpus: 3, modules: [KERNEL] },
  actors: [
    { name: 'sender', steps: [call('explore_send', 2, [1, 24])] },
    { name: 'broadcast', steps: [call('explore_broadcast', 0, [3])] },
    { name: 'A', steps: [offline(1), online(1)] },
  ],
  check: allRan,
})

export const stopPairs = scenario({
  name: 'stop-pairs',
  says: 'two pairs of CPUs that share one are stopped, each by the CPU that is only in the other pair',
  machine: { cpus: 3, modules: [KERNEL] },
  actors: [
    { name: 'first', steps: [call('explore_stop_two', 2, [0x01, 3])] },
    { name: 'second', steps: [call('explore_stop_two', 1, [0x02, 3])] },
  ],
})

export const parking = scenario({
  name: 'parking',
  says: 'a per-CPU thread is parked, unparked and woken while its CPU goes down and comes up',
  machine: { cpus: 3, modules: [KERNEL] },
  actors: [
    { name: 'park', steps: [call('explore_park', 0, [1, 2])] },
    { name: 'wake', steps: [call('explore_wake', 2, [1, 6])] },
    { name: 'A', steps: [offline(1), online(1)] },
  ],
})

export const unparking = scenario({
  name: 'unparking',
  says: 'a thread is unparked by somebody who does not know whether it is parked, while its CPU goes down and comes up',
  machine: { cpus: 3, modules: [KERNEL] },
  actors: [
    { name: 'unpark', steps: [call('explore_unpark', 0, [1, 3])] },
    { name: 'A', steps: [offline(1), online(1)] },
  ],
})

export const readers = scenario({
  name: 'readers',
  says: 'readers of the hotplug lock are interrupted by the end of other readers, and a writer waits for all of them',
  machine: { cpus: 4, modules: [KERNEL] },
  actors: [
    { name: 'reader 1', steps: [call('explore_read', 1, [2, 6])] },
    { name: 'reader 2', steps: [call('explore_read', 2, [1, 6])] },
    // Not one of the readers' CPUs: a thread with frames there would keep it from going, and wait for the writer itself.
    { name: 'A', steps: [offline(3)] },
  ],
})
