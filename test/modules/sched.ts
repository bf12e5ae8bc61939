// Kernel functions for test/sched.
import {
  acquire,
  type Cpu,
  complete,
  full,
  type Kernel,
  type KernelFunction,
  type Policy,
  relaxed,
  release,
  rtMutexSetprio,
  schedSetscheduler,
  schedule,
  stopOneCpuNowait,
} from '../../src/kernel-api.js'
import { threadOf, wakeUpProcess } from '../../src/kthread/kthread.js'
import { THREADS } from '../../src/kthread/smpboot.js'
import { TASK } from '../../src/memory/structs.js'
import { setCurrentState } from '../../src/sched/core.js'
import { FLAG, POLICY, RESTART, STATE } from '../../src/sched/task.js'
import { completionReady } from '../../src/sync/completion.js'
import { prepareToSleep } from '../../src/time/sleep.js'
import { joinTask, startTask, testTask } from './tasks.js'

/** In scratch memory. */
export const AT = {
  /** how many entries the log has, and the entries */
  logged: 0,
  log: 1,
  ready: 64,
  flag: 80,
  wrong: 96,
  home: 112,
  /** whose turn it is, and the two players' tasks: a line for each pair */
  pairs: 128,
  /** for each flock task: 1 while it runs */
  inside: 512,
} as const

const word = (cpu: Cpu, offset: number): number => cpu.memory.scratch(offset)

function* note(cpu: Cpu, entry: number): Kernel<void> {
  const n = yield cpu.add(word(cpu, AT.logged), 1, full, 'sched:log')
  cpu.memory.set(word(cpu, AT.log) + n, entry)
}

const MOVABLE = { flags: FLAG.kthread, affinity: [0, 1, 2, 3] }

export const functions = {
  *sched_log(cpu, _task, entry) {
    yield* note(cpu, entry)
    return 0
  },

  *sched_log_stop(cpu, entry) {
    yield* note(cpu, entry)
    return 0
  },

  /** With preemption off makes tasks of several priorities and work for the stopper runnable; the log says who came when. */
  *sched_priorities(cpu) {
    const fifo = { cpu: cpu.id, entry: 'sched_log', policy: POLICY.fifo }
    const stopper = cpu.functions.find('sched_log_stop')
    cpu.preemptDisable()
    const tasks = [
      yield* startTask(cpu, { ...fifo, slot: 0, priority: 10, argument: 10 }),
      yield* startTask(cpu, { ...fifo, slot: 1, priority: 50, argument: 50 }),
      yield* startTask(cpu, { ...fifo, slot: 2, priority: 30, argument: 30 }),
      yield* startTask(cpu, { ...fifo, slot: 3, priority: 50, argument: 51 }),
      yield* startTask(cpu, { ...fifo, slot: 4, policy: POLICY.normal, argument: 1 }),
    ]
    yield* stopOneCpuNowait(cpu, cpu.id, stopper, 100, cpu.task + TASK.stopWork)
    yield cpu.load(word(cpu, AT.flag), relaxed, 'sched:not_yet')
    const early = cpu.memory.get(word(cpu, AT.logged))
    cpu.preemptEnable()
    yield* note(cpu, 0)
    for (const task of tasks) yield* joinTask(cpu, task)
    return early
  },

  /** Gives user task `n` a policy: policy * 256 + 20 + its priority or nice value. */
  *sched_set(cpu, n, packed) {
    return yield* schedSetscheduler(cpu, cpu.memory.userTask(n), (packed >> 8) as Policy, (packed & 255) - 20)
  },

  *sched_set_stopper(cpu, subject) {
    return yield* schedSetscheduler(cpu, threadOf(cpu.memory, subject, THREADS.migration), POLICY.normal, 0)
  },

  *sched_lend(cpu, n, level) {
    yield* rtMutexSetprio(cpu, cpu.memory.userTask(n), level)
    return 0
  },

  *sched_raise(cpu) {
    yield cpu.store(word(cpu, AT.flag), 1, release, 'sched:raise')
    return 0
  },

  /** Spins until the flag is raised: by a task of this CPU, that can only run when it preempts. */
  *sched_spin(cpu) {
    yield cpu.store(word(cpu, AT.ready), 1, release, 'sched:ready')
    yield cpu.waitUntil(word(cpu, AT.flag), 1, 'sched:spin')
    return 1
  },

  /**
   * Spins for a while after such a task has been woken; answers whether it ran all the same. With `off`, preemption is off
   * until then, and the task runs as soon as it is on.
   */
  *sched_keep(cpu, count, off) {
    if (off === 1) cpu.preemptDisable()
    yield cpu.store(word(cpu, AT.ready), 1, release, 'sched:ready')
    yield cpu.waitUntil(word(cpu, AT.ready), 2, 'sched:woken')
    for (let n = 0; n < count; n++) yield cpu.load(word(cpu, AT.ready), relaxed, 'sched:keep')
    const ran = yield cpu.load(word(cpu, AT.flag), acquire, 'sched:kept')
    if (off === 1) {
      cpu.preemptEnable()
      yield cpu.waitUntil(word(cpu, AT.flag), 1, 'sched:let_go')
    }
    return ran
  },

  /** Wakes a task on `target` that raises the flag: with a priority a FIFO one, without an ordinary one. */
  *sched_wake_there(cpu, target, priority) {
    yield cpu.waitUntil(word(cpu, AT.ready), 1, 'sched:ready')
    const policy = priority > 0 ? POLICY.fifo : POLICY.normal
    const task = yield* startTask(cpu, { slot: 0, cpu: target, entry: 'sched_raise', policy, priority })
    yield cpu.store(word(cpu, AT.ready), 2, release, 'sched:woken')
    return yield* joinTask(cpu, task)
  },

  /** One of two that take turns: sleeps until it is its turn, then wakes the other. `player` is pair * 2 + 0 or 1. */
  *sched_ping_pong(cpu, player, rounds) {
    const { memory } = cpu
    const pair = word(cpu, AT.pairs) + (player >> 1) * 48
    const me = player & 1
    yield cpu.store(pair + 16 + me, cpu.task, full, 'sched:here')
    for (let n = 0; n < rounds; n++) {
      const turn = n * 2 + me
      for (;;) {
        yield setCurrentState(cpu, STATE.uninterruptible, 'sched:ping_pong')
        if ((yield cpu.load(pair, full, 'sched:turn')) === turn) break
        yield* schedule(cpu)
      }
      yield setCurrentState(cpu, STATE.running, 'sched:my_turn')
      yield cpu.store(pair, turn + 1, full, 'sched:your_turn')
      const other = yield cpu.load(pair + 16 + (1 - me), full, 'sched:other')
      if (other !== 0) yield* wakeUpProcess(cpu, other)
    }
    return memory.get(pair)
  },

  /**
   * A task that may change CPU whenever it sleeps: `argument` times a bit of work and a short sleep. Its frames are gone
   * after each, so what it has done is in its struct.
   */
  *sched_wanderer(cpu, task, argument) {
    const { memory } = cpu
    const inside = word(cpu, AT.inside) + memory.taskIndex(task) - memory.taskIndex(testTask(memory, 0))
    const done = memory.get(task + TASK.progress)
    if (done === argument) return 1000 + done
    if ((yield cpu.add(inside, 1, full, 'sched:inside')) !== 0)
      yield cpu.add(word(cpu, AT.wrong), 1, full, 'sched:twice')
    memory.set(task + TASK.progress, done + 1)
    yield cpu.add(inside, -1, full, 'sched:outside')
    yield* prepareToSleep(cpu, 5_000)
    return RESTART
  },

  /** Starts `count` wanderers, on all CPUs, and waits for them; answers how many did all of their work. */
  *sched_flock(cpu, count, steps) {
    const { cpus } = cpu.memory.layout.config
    const tasks: number[] = []
    for (let slot = 0; slot < count; slot++) {
      tasks.push(
        yield* startTask(cpu, { ...MOVABLE, slot, cpu: slot % cpus, entry: 'sched_wanderer', argument: steps }),
      )
    }
    let whole = 0
    for (const task of tasks) if ((yield* joinTask(cpu, task)) === 1000 + steps) whole++
    return whole
  },

  /** A user task that may only run on `home`, and sleeps there until sched_call_home. Answers the CPU on which it ends. */
  *sched_homebody(cpu, home) {
    const alone = { flags: 0, affinity: [home], cpu: home }
    return yield* joinTask(cpu, yield* startTask(cpu, { ...alone, slot: 0, entry: 'sched_wait_at_home' }))
  },

  *sched_wait_at_home(cpu) {
    if (yield* completionReady(cpu, word(cpu, AT.home))) return cpu.id
    yield cpu.store(word(cpu, AT.ready), 1, release, 'sched:asleep')
    return RESTART
  },

  /** Returns when that task sleeps. */
  *sched_is_at_home(cpu) {
    yield cpu.waitUntil(word(cpu, AT.ready), 1, 'sched:asleep')
    return 0
  },

  *sched_call_home(cpu) {
    yield* complete(cpu, word(cpu, AT.home))
    return 0
  },
} satisfies Record<string, KernelFunction>
