// A complete way down and up of a CPU, and nothing beside it: what a schedule of the whole protocol costs.
import { offline, online, scenario } from '../../src/explore-api.js'

export default scenario({
  name: 'offline-online',
  says: 'a CPU goes down and comes up',
  machine: { cpus: 2 },
  actors: [{ name: 'A', steps: [offline(1), online(1)] }],
})
