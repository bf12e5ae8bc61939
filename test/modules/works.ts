// Kernel functions for test/workqueue: works of every kind, and what they see.
import { NS_PER_US } from '../../src/base/time.js'
import { type Cpu, full, type Kernel, type KernelFunction, relaxed, schedule } from '../../src/kernel-api.js'
import { DELAYED_WORK, WORK } from '../../src/memory/structs/workqueues.js'
import { prepareToSleep } from '../../src/time/sleep.js'
import { WORK_CPU_UNBOUND } from '../../src/trace/fields.js'
import { cancelWork, cancelWorkSync } from '../../src/workqueue/cancel.js'
import {
  cancelDelayedWorkSync,
  flushDelayedWork,
  initDelayedWork,
  modDelayedWork,
  queueDelayedWork,
} from '../../src/workqueue/delayed.js'
import { destroyWorkqueue, flushWork, flushWorkqueue } from '../../src/workqueue/flush.js'
import { initWork } from '../../src/workqueue/work.js'
import { allocWorkqueue, queueWork, queueWorkOn, systemUnboundWq, systemWq, WQ } from '../../src/workqueue/workqueue.js'

/** In scratch memory. */
export const AT = {
  done: 0,
  /** works that are being done, and the most that were at once */
  inside: 1,
  most: 2,
  /** where the last one was done, and by which task */
  cpu: 3,
  task: 4,
  /** when the last one was done, us since it was asked for */
  us: 5,
  asked: 8,
  /** works, then a delayed one */
  works: 64,
  delayed: 32,
} as const

const at = (cpu: Cpu, offset: number): number => cpu.memory.scratch(offset)
const workAt = (cpu: Cpu, n: number): number => at(cpu, AT.works + n * WORK.$size)

function* prepare(cpu: Cpu, name: string, count: number, argument: number): Kernel<void> {
  for (let n = 0; n < count; n++) initWork(cpu.memory, workAt(cpu, n), cpu.functions.find(name), argument)
}

function* sleep(cpu: Cpu, us: number): Kernel<void> {
  yield* prepareToSleep(cpu, us * NS_PER_US)
  yield* schedule(cpu)
}

export const functions = {
  /** A work: it sleeps for `us` in the middle, 0: not at all. */
  *works_do(cpu, us) {
    const inside = (yield cpu.add(at(cpu, AT.inside), 1, full, 'works:inside')) + 1
    const most = yield cpu.load(at(cpu, AT.most), relaxed, 'works:most')
    if (inside > most) yield cpu.store(at(cpu, AT.most), inside, relaxed, 'works:most')
    yield cpu.store(at(cpu, AT.cpu), cpu.id, relaxed, 'works:cpu')
    yield cpu.store(at(cpu, AT.task), cpu.task, relaxed, 'works:task')
    const asked = cpu.memory.getTime(at(cpu, AT.asked))
    const now = yield cpu.clock('works:now')
    yield cpu.store(at(cpu, AT.us), Math.floor((now - asked) / NS_PER_US), relaxed, 'works:us')
    if (us > 0) yield* sleep(cpu, us)
    yield cpu.add(at(cpu, AT.inside), -1, full, 'works:inside')
    yield cpu.add(at(cpu, AT.done), 1, full, 'works:done')
    return 0
  },

  /** One that queues itself again, `times` times in all. */
  *works_again(cpu, times, work) {
    const done = yield cpu.add(at(cpu, AT.done), 1, full, 'works:done')
    if (done + 1 < times) yield* queueWork(cpu, systemWq(cpu.memory), work)
    return 0
  },

  /** Queues a work twice before it can begin, once; answers 10 * accepted + done. */
  *works_twice(cpu) {
    yield* prepare(cpu, 'works_do', 1, 0)
    cpu.preemptDisable()
    let accepted = 0
    for (let n = 0; n < 2; n++) {
      if (yield* queueWorkOn(cpu, cpu.id, systemWq(cpu.memory), workAt(cpu, 0))) accepted++
    }
    cpu.preemptEnable()
    yield* flushWork(cpu, workAt(cpu, 0))
    return 10 * accepted + (yield cpu.load(at(cpu, AT.done), relaxed, 'works:answer'))
  },

  /** Queues a work for `target` (-1: WORK_CPU_UNBOUND) and waits for it. */
  *works_on(cpu, target) {
    yield* prepare(cpu, 'works_do', 1, 0)
    yield* queueWorkOn(cpu, target < 0 ? WORK_CPU_UNBOUND : target, systemWq(cpu.memory), workAt(cpu, 0))
    yield* flushWork(cpu, workAt(cpu, 0))
    return 0
  },

  /** Queues a work for `target`, and does not wait. */
  *works_leave(cpu, target) {
    yield* prepare(cpu, 'works_do', 1, 0)
    yield* queueWorkOn(cpu, target, systemWq(cpu.memory), workAt(cpu, 0))
    return 0
  },

  /** Does `count` works that sleep for `us` on CPU `cpu`, of a workqueue with that maxActive (0: of `events`, -1: anywhere). */
  *works_sleep(cpu, count, maxActive) {
    const { memory } = cpu
    yield* prepare(cpu, 'works_do', count, 100)
    const system = maxActive < 0 ? systemUnboundWq(memory) : systemWq(memory)
    const workqueue = maxActive > 0 ? yield* allocWorkqueue(cpu, 'test', 0, maxActive) : system
    for (let n = 0; n < count; n++) yield* queueWorkOn(cpu, cpu.id, workqueue, workAt(cpu, n))
    yield* flushWorkqueue(cpu, workqueue)
    const done = yield cpu.load(at(cpu, AT.done), relaxed, 'works:answer')
    if (maxActive > 0) yield* destroyWorkqueue(cpu, workqueue)
    return done
  },

  /** A chain of works that each queue the next is drained as a whole. */
  *works_drain(cpu, times) {
    yield* prepare(cpu, 'works_chain', 1, times)
    const workqueue = yield* allocWorkqueue(cpu, 'chain', WQ.unbound)
    yield cpu.store(at(cpu, AT.cpu), workqueue, relaxed, 'works:chain')
    yield* queueWork(cpu, workqueue, workAt(cpu, 0))
    yield* destroyWorkqueue(cpu, workqueue)
    return yield cpu.load(at(cpu, AT.done), relaxed, 'works:answer')
  },

  *works_chain(cpu, times, work) {
    const done = yield cpu.add(at(cpu, AT.done), 1, full, 'works:done')
    const workqueue = yield cpu.load(at(cpu, AT.cpu), relaxed, 'works:chain')
    if (done + 1 < times) yield* queueWork(cpu, workqueue, work)
    return 0
  },

  /** Queues a work that queues itself `times` times, and waits until it does so no more. */
  *works_repeat(cpu, times) {
    yield* prepare(cpu, 'works_again', 1, times)
    yield* queueWork(cpu, systemWq(cpu.memory), workAt(cpu, 0))
    let done = 0
    while (done < times) {
      yield* flushWork(cpu, workAt(cpu, 0))
      done = yield cpu.load(at(cpu, AT.done), relaxed, 'works:answer')
    }
    return done
  },

  /** Takes back a work before it can begin; then one that is being done. Answers 100 * (first) + 10 * (second) + done. */
  *works_cancel(cpu) {
    yield* prepare(cpu, 'works_do', 2, 100)
    cpu.preemptDisable()
    yield* queueWorkOn(cpu, cpu.id, systemWq(cpu.memory), workAt(cpu, 0))
    const first = yield* cancelWork(cpu, workAt(cpu, 0))
    cpu.preemptEnable()
    // When it has begun it may be over soon, on a slow host.
    const begun = at(cpu, AT.us)
    yield cpu.store(begun, -1, relaxed, 'works:begun')
    yield* queueWorkOn(cpu, cpu.id, systemWq(cpu.memory), workAt(cpu, 1))
    while ((yield cpu.load(begun, relaxed, 'works:begun')) < 0) yield* sleep(cpu, 5)
    const second = yield* cancelWorkSync(cpu, workAt(cpu, 1))
    return (first ? 100 : 0) + (second ? 10 : 0) + (yield cpu.load(at(cpu, AT.done), relaxed, 'works:answer'))
  },

  *works_delay(cpu, us) {
    const delayed = at(cpu, AT.delayed)
    initDelayedWork(cpu, delayed, cpu.functions.find('works_do'), 0)
    cpu.memory.setTime(at(cpu, AT.asked), yield cpu.clock('works:asked'))
    yield* queueDelayedWork(cpu, systemWq(cpu.memory), delayed, us * NS_PER_US)
    return 0
  },

  /** Puts the delayed work off, or brings it forward, to `us` from now. */
  *works_delay_again(cpu, us) {
    return (yield* modDelayedWork(cpu, systemWq(cpu.memory), at(cpu, AT.delayed), us * NS_PER_US)) ? 1 : 0
  },

  *works_delay_cancel(cpu) {
    return (yield* cancelDelayedWorkSync(cpu, at(cpu, AT.delayed))) ? 1 : 0
  },

  *works_delay_flush(cpu) {
    yield* flushDelayedWork(cpu, at(cpu, AT.delayed))
    return yield cpu.load(at(cpu, AT.done), relaxed, 'works:answer')
  },
} satisfies Record<string, KernelFunction>

/** Words of a delayed work fit between the counts and the works. */
export const FITS = AT.delayed + DELAYED_WORK.$size <= AT.works
