// Scenarios of RCU: readers, writers and callbacks while CPUs come and go.
import type { Machine } from '../../machine/machine.js'
import { FREE_BY, tortureCounts, tortureErrors } from '../../rcu/torture.js'
import { call, offline, online, scenario, work } from '../scenario.js'
import { RCU_AT, RCU_KERNEL } from './rcu-kernel.js'

/** Longer than a grace period takes that overlooks the reader; longer than an expedited one. */
const LONG_US = 50_000
const SHORT_US = 20

function* tortured({ memory }: Machine): Generator<string> {
  yield* tortureErrors(tortureCounts(memory))
}

function* allCalled({ memory }: Machine): Generator<string> {
  const word = (at: number): number => memory.get(memory.scratch(at))
  const [queued, called, wrong, late] = [RCU_AT.queued, RCU_AT.called, RCU_AT.wrong, RCU_AT.late].map(word)
  if (queued !== called) yield `${queued} callbacks were queued, ${called} have been called`
  if (wrong !== 0) yield `${wrong} callbacks were called for what was not queued`
  if (late !== 0) yield `${late} callbacks were called after the barrier that waited for them`
}

export const rcuReaders = scenario({
  name: 'rcu-readers',
  says: 'what readers look at is replaced and freed after a grace period, while a CPU goes down and comes up',
  machine: { cpus: 3, modules: [RCU_KERNEL] },
  actors: [
    { name: 'reader 1', steps: [call('explore_rcu_read', 1, [12, 0])] },
    { name: 'reader 2', steps: [call('explore_rcu_read', 2, [4, LONG_US])] },
    { name: 'writer', steps: [call('explore_rcu_write', 0, [2, FREE_BY.callback])] },
    { name: 'A', steps: [offline(1), online(1)] },
  ],
  check: tortured,
})

export const rcuExpedited = scenario({
  name: 'rcu-expedited',
  says: 'the same with expedited grace periods, two of them wanted at once',
  machine: { cpus: 4, modules: [RCU_KERNEL] },
  actors: [
    { name: 'reader', steps: [call('explore_rcu_read', 2, [4, SHORT_US])] },
    { name: 'writer', steps: [call('explore_rcu_write', 0, [2, FREE_BY.expedited])] },
    { name: 'fake', steps: [call('explore_rcu_fake', 3, [3, FREE_BY.expedited])] },
    { name: 'A', steps: [offline(1), online(1)] },
  ],
  check: tortured,
})

export const rcuCallbacks = scenario({
  name: 'rcu-callbacks',
  says: 'callbacks are queued on a CPU that goes down, and a barrier waits for all of them',
  machine: { cpus: 3, modules: [RCU_KERNEL] },
  actors: [
    { name: 'calls', steps: [call('explore_rcu_call', 1, [3]), call('explore_rcu_call', 2, [3])] },
    { name: 'barrier', steps: [call('explore_rcu_barrier', 2)] },
    { name: 'A', steps: [offline(1)] },
  ],
  check: allCalled,
})

export const stranded = scenario({
  name: 'stranded',
  says: 'a CPU goes down and leaves a callback behind; the teardown of a step that runs when it is dead waits for all callbacks',
  machine: { cpus: 2, modules: [RCU_KERNEL] },
  async prepare(machine) {
    await machine.addState({ name: 'explore/leaves', state: 'online', teardown: 'explore_rcu_leave' })
    await machine.addState({ name: 'explore/awaits', state: 'prepare', teardown: 'explore_rcu_await' })
  },
  actors: [{ name: 'A', steps: [offline(1), online(1)] }],
  check: allCalled,
})

export const idleDeath = scenario({
  name: 'idle-death',
  says: 'two CPUs die, one after the other, while somebody waits for grace periods',
  machine: { cpus: 3, modules: [RCU_KERNEL] },
  actors: [
    { name: 'A', steps: [offline(1), offline(2), online(1), online(2)] },
    { name: 'fake', steps: [call('explore_rcu_fake', 0, [2, FREE_BY.gracePeriod])] },
  ],
})

export const lazyMm = scenario({
  name: 'lazy-mm',
  says: 'a process ends on a CPU that idles after it; then the CPU goes down, and the last address space that it ran is let go',
  machine: { cpus: 3, tasks: 2, userMemory: 16_384 },
  actors: [
    { name: 'A', steps: [work({ workload: 'sha256', work: 4, affinity: '1' }), offline(1), online(1)] },
    { name: 'B', steps: [offline(2), online(2)] },
  ],
})
