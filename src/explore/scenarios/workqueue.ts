// Scenarios of work for kworkers, while CPUs go down and come up.
import type { Machine } from '../../machine/machine.js'
import { call, look, offline, online, scenario } from '../scenario.js'
import { AT, SCRATCH, WORKQUEUE_KERNEL } from './workqueue-kernel.js'

const MACHINE = { cpus: 3, modules: [WORKQUEUE_KERNEL], scratch: SCRATCH } as const

async function prepare(machine: Machine): Promise<void> {
  await machine.run('explore_work_init', { cpu: 0 })
}

/** Each queueing is done exactly once, or taken back; never twice at once. */
function* balanced({ memory }: Machine): Generator<string> {
  const at = (offset: number): number => memory.get(memory.scratch(offset))
  if (at(AT.wrong) > 0) yield `${at(AT.wrong)} times a work was done when it must not be, or not when it must`
  const [queued, ran, cancelled] = [at(AT.queued), at(AT.ran), at(AT.cancelled)]
  if (queued !== ran + cancelled) yield `${queued} works were queued, ${ran} were done, ${cancelled} taken back`
}

export const workFlush = scenario({
  name: 'work-flush',
  says: 'works that queue themselves again, and flushes of works and of the workqueue, while their CPU goes down and up',
  machine: MACHINE,
  prepare,
  actors: [
    { name: 'queue', steps: [call('explore_work_queue', 2, [1, 6])] },
    { name: 'flush', steps: [call('explore_work_flush', 0, [1, 4])] },
    { name: 'A', steps: [offline(1), online(1), look] },
  ],
  check: balanced,
})

export const workCancel = scenario({
  name: 'work-cancel',
  says: 'a work that goes on queueing itself, and one that is delayed, are taken back while the workers of its CPU are unbound and bound again',
  machine: MACHINE,
  prepare,
  actors: [
    { name: 'cancel', steps: [call('explore_work_cancel', 0, [1, 3])] },
    { name: 'queue', steps: [call('explore_work_queue', 2, [1, 4])] },
    { name: 'delay', steps: [call('explore_work_delay', 2, [1, 4])] },
    { name: 'A', steps: [offline(1), online(1)] },
  ],
  check: balanced,
})

export const workWaits = scenario({
  name: 'work-waits',
  says: 'a work waits for another one of its CPU, which goes down and up; other work is done in order, and anywhere',
  machine: MACHINE,
  prepare,
  actors: [
    { name: 'pair', steps: [call('explore_work_pair', 2, [1]), call('explore_work_pair', 2, [1])] },
    { name: 'ordered', steps: [call('explore_work_ordered', 0, [], 0)] },
    { name: 'unbound', steps: [call('explore_work_unbound', 0, [3])] },
    { name: 'A', steps: [offline(1), online(1)] },
  ],
  check: balanced,
})
