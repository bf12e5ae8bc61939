// Scenarios of requests alone: who asks for a CPU to go and to come, at the same time as others.
import { offline, online, scenario, step, write } from '../scenario.js'

export const twoRequesters = scenario({
  name: 'two-requesters',
  says: 'two requesters take the same CPU down and bring it up',
  machine: { cpus: 2 },
  actors: [
    { name: 'A', steps: [offline(1), online(1)] },
    { name: 'B', steps: [offline(1), online(1)] },
  ],
})

export const threeCpus = scenario({
  name: 'neighbours',
  says: 'each of two CPUs goes down and comes up, at the same time',
  machine: { cpus: 3 },
  actors: [
    { name: 'A', steps: [offline(1), online(1)] },
    { name: 'B', steps: [offline(2), online(2)] },
  ],
})

export const turnedRound = scenario({
  name: 'turned-round',
  says: 'a CPU is turned round on its way down while another one goes, and stays away',
  machine: { cpus: 3 },
  actors: [
    { name: 'A', steps: [write('cpu1/hotplug/fail', 156), offline(1)] },
    { name: 'B', steps: [offline(2)] },
  ],
  *check(_machine, _state, [a]) {
    const [told, answer] = a!
    if (told === 'ok' && answer === 'ok') yield 'offline(1) has succeeded, though a step of it was told to fail'
  },
})

export const targets = scenario({
  name: 'targets',
  says: "one requester writes states to a CPU's target, another one wants it online",
  machine: { cpus: 2 },
  actors: [
    { name: 'A', steps: [write('cpu1/hotplug/target', 156), write('cpu1/hotplug/target', 236)] },
    { name: 'B', steps: [online(1), write('cpu1/hotplug/target', 236)] },
  ],
})

export const suspending = scenario({
  name: 'suspend',
  says: 'the machine suspends while a CPU goes down and comes up',
  machine: { cpus: 3 },
  actors: [
    { name: 'suspend', steps: [step('suspend(core)', (machine) => machine.suspend('core'))] },
    { name: 'A', steps: [offline(1), online(1)] },
  ],
})
