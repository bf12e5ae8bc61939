// Scenarios of high-resolution timers: they expire, once and not early, whatever becomes of the CPU that they were armed on.
import type { Machine } from '../../machine/machine.js'
import { call, offline, online, scenario, write } from '../scenario.js'
import { AT, SLOT, TIMERS, TIMERS_KERNEL } from './hrtimers-kernel.js'

const init = (machine: Machine): Promise<number> => machine.run('timers_init', { cpu: 0 })

/** The dying CPU arms a timer when it has given its timers away. */
async function initArmedLate(machine: Machine): Promise<void> {
  await init(machine)
  await machine.addState({ name: 'explore/late', state: 120, teardown: 'timers_arm' })
}

/** Every timer was called as often as it was armed and not disarmed, none too early, none twice at a time. */
function* once({ memory }: Machine) {
  for (let n = 0; n < TIMERS; n++) {
    const of = (field: keyof typeof SLOT): number => memory.get(memory.scratch(AT.slots + n * SLOT.size + SLOT[field]))
    const [armed, cancelled, fired] = [of('armed'), of('cancelled'), of('fired')]
    if (armed !== cancelled + fired)
      yield `timer ${n} was armed ${armed} times, disarmed ${cancelled} times and called ${fired} times`
    if (of('early') > 0) yield `timer ${n} was called too early, ${of('early')} times`
    if (of('twice') > 0) yield `timer ${n} was called while it was being called, ${of('twice')} times`
  }
}

export const sleepingHolder = scenario({
  name: 'sleeping-holder',
  says: 'a task sleeps for a time with a lock that a callback needs, when the CPU that has its timer is dead',
  machine: { cpus: 3, modules: [TIMERS_KERNEL] },
  prepare: (machine) => machine.addState({ name: 'explore/lock', state: 60, teardown: 'timers_lock' }),
  actors: [
    { name: 'holder', steps: [call('timers_hold', 1, [2000], 0)] },
    { name: 'A', steps: [offline(1), online(1)] },
  ],
})

export const limitedController = scenario({
  name: 'limited-controller',
  says: 'who asks for a CPU to go is in a group with a limit, and has been on that CPU',
  machine: { cpus: 3, modules: [TIMERS_KERNEL] },
  async prepare(machine) {
    await machine.addState({ name: 'explore/work', state: 60, teardown: 'timers_work' })
    await machine.run('timers_limit_requesters', { cpu: 1, args: [1] })
  },
  actors: [{ name: 'A', steps: [offline(1), online(1), offline(1)] }],
})

export const lateTimer = scenario({
  name: 'late-timer',
  says: 'a callback arms a timer on the dying CPU when that has given its timers away',
  machine: { cpus: 3, modules: [TIMERS_KERNEL] },
  prepare: initArmedLate,
  actors: [
    { name: 'A', steps: [offline(1), online(1), offline(1)] },
    { name: 'B', steps: [offline(2), online(2)] },
  ],
  check: once,
})

export const halfDown = scenario({
  name: 'half-down',
  says: 'a CPU goes down to a state above that which prepares its timers, and comes up again',
  machine: { cpus: 2, modules: [TIMERS_KERNEL] },
  prepare: init,
  actors: [
    { name: 'A', steps: [write('cpu1/hotplug/target', 50), online(1), write('cpu1/hotplug/target', 236)] },
    { name: 'sleeper', steps: [call('timers_hold', 0, [20], 0), call('timers_hold', 0, [20], 0)] },
  ],
})

export const timerStorm = scenario({
  name: 'timer-storm',
  says: 'timers are armed, disarmed and arm themselves again while the CPUs that they are on go and come',
  machine: { cpus: 3, modules: [TIMERS_KERNEL] },
  prepare: initArmedLate,
  actors: [
    { name: 'storm 1', steps: [call('timers_storm', 1, [4, 8])] },
    { name: 'storm 2', steps: [call('timers_storm', 2, [8, 8])] },
    { name: 'storm 0', steps: [call('timers_storm', 0, [12, 8])] },
    { name: 'A', steps: [offline(1), online(1)] },
    { name: 'B', steps: [offline(2), online(2)] },
  ],
  check: once,
})
