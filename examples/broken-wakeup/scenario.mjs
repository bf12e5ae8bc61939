// A protocol of one's own, searched without any hotplug at all:
//
//   npx cpuhp explore examples/broken-wakeup/scenario.mjs --until-found
import { call, scenario } from 'cpuhp/explore'

export default scenario({
  name: 'broken-wakeup',
  says: 'one task sleeps until another one has made a condition true',
  machine: { cpus: 2, modules: [new URL('./module.mjs', import.meta.url)] },
  actors: [
    { name: 'sleeper', steps: [call('sleeper', 0)], needed: true },
    { name: 'waker', steps: [call('waker', 1)], needed: true },
  ],
})
