// What the shipped scenarios have the kernel do: a kernel module (see docs/kernel-modules.md), loaded by their machines.
import { ERRNO } from '../../base/errno.js'
import { cpusReadLock, cpusReadUnlock } from '../../hotplug/locks.js'
import { issueCall } from '../../hotplug/thread.js'
import { cgroupAttach } from '../../kernel/cgroup.js'
import { parkThread, threadOf, unparkThread, wakeUpProcess } from '../../kthread/kthread.js'
import { THREADS } from '../../kthread/smpboot.js'
import { INSTANCE, TASK } from '../../memory/structs.js'
import type { Cpu, KernelFunction } from '../../ops/cpu.js'
import { bitsOf, hasBit, maskWord } from '../../ops/mask.js'
import { acquire, full, type Kernel, relaxed, release } from '../../ops/operation.js'
import { setCpusAllowed } from '../../sched/affinity.js'
import { schedule, setCurrentState } from '../../sched/core.js'
import { rtMutexSetprio, schedSetscheduler } from '../../sched/setscheduler.js'
import { POLICY, STATE } from '../../sched/task.js'
import { smpCallFunctionMany, smpCallFunctionSingle } from '../../smp/smp.js'
import { stopTwoCpus } from '../../stop/stop-machine.js'
import { beginWorkOnCpu, workOnCpuReady } from '../../workqueue/work-on-cpu.js'

/** Where this module is, for a scenario's machine. */
export const KERNEL = new URL('./kernel.js', import.meta.url)

/** In scratch memory. */
export const AT = {
  /** calls that were accepted, and that have run */
  sent: 0,
  ran: 1,
  /** what must not be: a callback that is called for what is up already, or for what is down */
  wrong: 2,
  /** 1: callbacks say that they have failed */
  failing: 3,
  /** the task that is in explore_hold */
  holder: 4,
  /** for each CPU and instance (0: none), whether its startup has been called, and not its teardown */
  up: 64,
} as const

/** Room for each CPU's instances: their ids are below that, and 0 stands for a step without. */
export const INSTANCES = 16
/** Stands for a second step without instances. */
export const SECOND = 15

/** Operations that a call takes, so that others come meanwhile. */
const WORK = 12
/** Callbacks that are called in turn. */
const CALLS = 6
/** Operations between two calls, at most. */
const PAUSE = 100
/** How often something is looked for that may not come. */
const PATIENCE = 300

/** What a callback does: it notes that it was called, and says that it has failed if it has been told to. */
function* callback(cpu: Cpu, subject: number, instance: number, up: number): Kernel<number> {
  const { memory } = cpu
  const before = yield cpu.exchange(
    memory.scratch(AT.up + subject * INSTANCES + instance),
    up,
    full,
    'explore:callback',
  )
  if (before === up) yield cpu.add(memory.scratch(AT.wrong), 1, full, 'explore:wrong')
  return memory.get(memory.scratch(AT.failing)) === 1 ? -ERRNO.EIO : 0
}

const idOf = (cpu: Cpu, node: number): number => (node === 0 ? 0 : cpu.memory.get(node + INSTANCE.id))

/** Returns when a CPU is on its way down, or does not go there. */
function* untilDying(cpu: Cpu, subject: number): Kernel<void> {
  const dying = maskWord(cpu.memory.dying, subject)
  for (let n = 0; n < PATIENCE; n++) {
    if (hasBit(yield cpu.load(dying, relaxed, 'explore:dying'), subject)) return
    yield* schedule(cpu)
  }
}

/** Returns when a task runs on some CPU, or does not begin to. */
function* untilRuns(cpu: Cpu, task: number): Kernel<void> {
  for (let n = 0; n < PATIENCE; n++) {
    if ((yield cpu.load(task + TASK.onCpu, relaxed, 'explore:on_cpu')) === 1) return
  }
}

export const functions = {
  /** The callbacks of a step, and those of a second one. */
  explore_startup: (cpu, subject, node) => callback(cpu, subject, idOf(cpu, node), 1),
  explore_teardown: (cpu, subject, node) => callback(cpu, subject, idOf(cpu, node), 0),
  explore_startup_2: (cpu, subject) => callback(cpu, subject, SECOND, 1),
  explore_teardown_2: (cpu, subject) => callback(cpu, subject, SECOND, 0),

  /** The teardown of a step that has the CPU's worker do something there, and waits for it. */
  *explore_flush(cpu, subject) {
    yield* beginWorkOnCpu(cpu, subject, cpu.functions.find('explore_bound'), subject)
    while (!(yield* workOnCpuReady(cpu))) yield* schedule(cpu)
    return 0
  },

  *explore_bound(cpu, subject) {
    const where = cpu.memory.scratch(cpu.id === subject ? AT.ran : AT.wrong)
    yield cpu.add(where, 1, full, 'explore:bound')
    return 0
  },

  /** Moves the tasks of a process into a cpuset, `times` times. */
  *explore_attach(cpu, process, times) {
    for (let n = 0; n < times; n++) yield* cgroupAttach(cpu, process)
    return 0
  },

  *explore_call(cpu) {
    const ran = cpu.memory.scratch(AT.ran)
    for (let n = 0; n < WORK; n++) yield cpu.load(ran, relaxed, 'explore:work')
    yield cpu.add(ran, 1, relaxed, 'explore:ran')
    return 0
  },

  /** Sends `limit` calls to `target`, waiting for none of them, until one is refused. */
  *explore_send(cpu, target, limit) {
    const fn = cpu.functions.find('explore_call')
    const sent = cpu.memory.scratch(AT.sent)
    for (let n = 0; n < limit && (yield* smpCallFunctionSingle(cpu, target, fn, 0, false)) === 0; n++) {
      yield cpu.add(sent, 1, relaxed, 'explore:sent')
      const pause = yield cpu.choose(PAUSE, 'explore:pause')
      for (let k = 0; k < pause; k++) yield cpu.load(sent, relaxed, 'explore:pause')
    }
    return 0
  },

  /** Has all online CPUs run a call, `times` times, and waits for them. */
  *explore_broadcast(cpu, times) {
    const { memory } = cpu
    const fn = cpu.functions.find('explore_call')
    for (let n = 0; n < times; n++) {
      const count = yield* smpCallFunctionMany(cpu, bitsOf(memory, memory.online), fn, 0, true)
      yield cpu.add(memory.scratch(AT.sent), count, relaxed, 'explore:sent')
    }
    return 0
  },

  /** Parks and unparks ksoftirqd of `subject`, holding the set of CPUs still meanwhile, if that CPU is there. */
  *explore_park(cpu, subject, times) {
    for (let n = 0; n < times; n++) {
      yield* cpusReadLock(cpu)
      if ([...bitsOf(cpu.memory, cpu.memory.online)].includes(subject)) {
        const thread = threadOf(cpu.memory, subject, THREADS.ksoftirqd)
        yield* parkThread(cpu, thread)
        yield* unparkThread(cpu, thread)
      }
      yield* cpusReadUnlock(cpu)
    }
    return 0
  },

  /** Unparks ksoftirqd of `subject`, as who ends a thread does to be sure, if that CPU is there. */
  *explore_unpark(cpu, subject, times) {
    for (let n = 0; n < times; n++) {
      yield* cpusReadLock(cpu)
      if ([...bitsOf(cpu.memory, cpu.memory.online)].includes(subject)) {
        yield* unparkThread(cpu, threadOf(cpu.memory, subject, THREADS.ksoftirqd))
      }
      yield* cpusReadUnlock(cpu)
    }
    return 0
  },

  *explore_wake(cpu, subject, times) {
    const thread = threadOf(cpu.memory, subject, THREADS.ksoftirqd)
    for (let n = 0; n < times; n++) yield* wakeUpProcess(cpu, thread)
    return 0
  },

  /** Takes the hotplug lock for reading; an interrupt of `other` gives it back, as the end of an I/O does in Linux. */
  *explore_read(cpu, other, times) {
    const fn = cpu.functions.find('explore_end_read')
    for (let n = 0; n < times; n++) {
      yield* cpusReadLock(cpu)
      if ((yield* smpCallFunctionSingle(cpu, other, fn, 0, false)) !== 0) yield* cpusReadUnlock(cpu)
    }
    return 0
  },

  *explore_end_read(cpu) {
    yield* cpusReadUnlock(cpu)
    return 0
  },

  /** Stays in the kernel, where it can't be taken off its CPU, until that goes down, and goes on giving way to others `count` times. */
  *explore_stay(cpu, count) {
    yield* untilDying(cpu, cpu.id)
    for (let n = 0; n < count; n++) yield* schedule(cpu)
    return 0
  },

  /** Makes ksoftirqd of `subject` a FIFO task and a normal one again, `times` times once that CPU goes down. */
  *explore_reschedule(cpu, subject, times) {
    yield* untilDying(cpu, subject)
    const thread = threadOf(cpu.memory, subject, THREADS.ksoftirqd)
    for (let n = 0; n < times; n++) {
      yield* schedSetscheduler(cpu, thread, POLICY.fifo, 1)
      yield* schedSetscheduler(cpu, thread, POLICY.normal, 0)
    }
    return 0
  },

  /** Lends ksoftirqd of `subject` a FIFO task's priority, as a mutex does to its owner, `times` times from then on. */
  *explore_boost(cpu, subject, times) {
    yield* untilDying(cpu, subject)
    const thread = threadOf(cpu.memory, subject, THREADS.ksoftirqd)
    for (let n = 0; n < times; n++) {
      yield* rtMutexSetprio(cpu, thread, 1)
      yield* rtMutexSetprio(cpu, thread, 0)
    }
    return 0
  },

  /** Sends the first user task to CPU `to` as soon as it runs, and has CPU 0 wake the task in explore_hold meanwhile. */
  *explore_send_away(cpu, to) {
    const task = cpu.memory.userTask(0)
    yield cpu.waitWhile(cpu.memory.scratch(AT.holder), 0, 'explore:holder')
    yield* untilRuns(cpu, task)
    yield* smpCallFunctionSingle(cpu, 0, cpu.functions.find('explore_wake_holder'), 0, false)
    yield* setCpusAllowed(cpu, task, (w) => (w === to >> 5 ? 1 << (to & 31) : 0))
    return 0
  },

  *explore_wake_holder(cpu) {
    yield* wakeUpProcess(cpu, yield cpu.load(cpu.memory.scratch(AT.holder), acquire, 'explore:holder'))
    return 0
  },

  /** Sleeps, as a FIFO task; woken, it keeps this CPU to itself until `subject` is offline. */
  *explore_hold(cpu, subject) {
    const { memory, task } = cpu
    yield* schedSetscheduler(cpu, task, POLICY.fifo, 1)
    yield setCurrentState(cpu, STATE.interruptible, 'explore:hold')
    yield cpu.store(memory.scratch(AT.holder), task, release, 'explore:holder')
    yield* schedule(cpu)
    const online = maskWord(memory.online, subject)
    const before = yield cpu.load(online, relaxed, 'explore:online')
    if (hasBit(before, subject)) yield cpu.waitWhile(online, before, 'explore:hold')
    return 0
  },

  /** Has the callbacks of a step called on a CPU that is up, teardown and startup in turn, one right after the other. */
  *explore_callbacks(cpu, subject, state) {
    yield* cpusReadLock(cpu)
    for (let n = 0; n < CALLS; n++) yield* issueCall(cpu, subject, state, n % 2 === 1, 0)
    yield* cpusReadUnlock(cpu)
    return 0
  },

  *explore_pair(cpu) {
    yield cpu.add(cpu.memory.scratch(AT.ran), 1, full, 'explore:pair')
    return 0
  },

  /** Stops two CPUs, first * 16 + second, `times` times. */
  *explore_stop_two(cpu, pair, times) {
    const [first, second] = [pair >> 4, pair & 15]
    const fn = cpu.functions.find('explore_pair')
    for (let n = 0; n < times; n++) yield* stopTwoCpus(cpu, first, second, fn, 0, second)
    return 0
  },
} satisfies Record<string, KernelFunction>
