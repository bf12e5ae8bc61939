// Scenarios of CPUs that are kept from the load balancing, and of cores with several threads.
import { offline, online, scenario, write } from '../scenario.js'

export const lastHousekeeping = scenario({
  name: 'last-housekeeping',
  says: 'the only two CPUs that are not isolated are taken down at the same time',
  machine: { cpus: 3, isolated: '0' },
  actors: [
    { name: 'A', steps: [offline(1)] },
    { name: 'B', steps: [offline(2)] },
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
