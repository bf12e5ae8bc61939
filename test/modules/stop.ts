// Kernel functions for test/stop.

import { cpusReadReady, cpusReadUnlock } from '../../src/hotplug/locks.js'
import {
  acquire,
  type Cpu,
  full,
  type Kernel,
  type KernelFunction,
  relaxed,
  release,
  schedule,
  smpCallFunctionMany,
  stopMachine,
  stopOneCpu,
  stopOneCpuNowait,
  stopTwoCpus,
} from '../../src/kernel-api.js'
import { CALL_FUNCTION, PERCPU, TASK } from '../../src/memory/structs.js'
import { bitsOf } from '../../src/ops/mask.js'
import { POLICY } from '../../src/sched/task.js'

/** In scratch memory. */
export const AT = {
  /** stopper functions that ran */
  ran: 0,
  /** what must not be */
  wrong: 16,
  /** the CPU, the policy of the task and the registers of the latest one */
  where: 32,
  /** calls that were sent while the machine was stopped, and that have run since */
  calls: 48,
  sent: 56,
  /** 1 while spinners are to go on */
  go: 64,
  /** 1 while two stoppers are inside */
  inside: 80,
  /** a counter for each CPU, each on a line of its own */
  counters: 96,
} as const

const REMAINING = PERCPU.callFunction + CALL_FUNCTION.remaining

const word = (cpu: Cpu, offset: number): number => cpu.memory.scratch(offset)
const counter = (cpu: Cpu, of: number): number => cpu.memory.scratch(AT.counters + of * 16)

function* allSteps(cpu: Cpu): Kernel<number> {
  let sum = 0
  for (let c = 0; c < cpu.memory.layout.config.cpus; c++) sum += yield cpu.load(counter(cpu, c), acquire, 'stop:steps')
  return sum
}

export const functions = {
  /** What stoppers are given to do: says where it ran, and answers 1000 + argument. */
  *stop_note(cpu, argument) {
    const { memory } = cpu
    const seen = [cpu.id, memory.get(cpu.task + TASK.policy), cpu.preemptCount > 0 ? 1 : 0, cpu.irqDisabled]
    seen.forEach((value, n) => {
      memory.set(word(cpu, AT.where) + n, value)
    })
    if (memory.get(cpu.task + TASK.policy) !== POLICY.stop) yield cpu.add(word(cpu, AT.wrong), 1, full, 'stop:wrong')
    yield cpu.add(word(cpu, AT.ran), 1, full, 'stop:ran')
    return 1000 + argument
  },

  *stop_one(cpu, target, argument) {
    return yield* stopOneCpu(cpu, target, cpu.functions.find('stop_note'), argument)
  },

  /** `count` times stop_one, on one CPU after the other; answers how many ran. */
  *stop_many(cpu, count) {
    let ran = 0
    for (let n = 0; n < count; n++) {
      const target = yield cpu.choose(cpu.memory.layout.config.cpus, 'stop:target')
      if ((yield* stopOneCpu(cpu, target, cpu.functions.find('stop_note'), n)) === 1000 + n) ran++
    }
    return ran
  },

  /** Queues and does not wait; then waits for it by itself. Answers 1 when the work was accepted. */
  *stop_nowait(cpu, target) {
    const before = yield cpu.load(word(cpu, AT.ran), acquire, 'stop:before')
    const fn = cpu.functions.find('stop_note')
    const accepted = yield* stopOneCpuNowait(cpu, target, fn, 0, cpu.task + TASK.stopWork)
    if (accepted === 1) yield cpu.waitUntil(word(cpu, AT.ran), before + 1, 'stop:nowait')
    return accepted
  },

  /** What two stoppers do in lockstep: the other one is here as well, and does nothing. */
  *stop_pair(cpu, argument) {
    const inside = yield cpu.add(word(cpu, AT.inside) + argument, 1, full, 'stop:inside')
    if (inside !== 0 || cpu.irqDisabled === 0) yield cpu.add(word(cpu, AT.wrong), 1, full, 'stop:wrong')
    yield cpu.add(word(cpu, AT.ran), 1, full, 'stop:ran')
    yield cpu.add(word(cpu, AT.inside) + argument, -1, full, 'stop:outside')
    return 7
  },

  /** `pair` is first * 16 + second: stops both `times` times. Answers how often that worked, or an errno. */
  *stop_two(cpu, pair, times) {
    const [first, second] = [pair >> 4, pair & 15]
    const fn = cpu.functions.find('stop_pair')
    let worked = 0
    for (let n = 0; n < times; n++) {
      const result = yield* stopTwoCpus(cpu, first, second, fn, Math.min(first, second), second)
      if (result < 0) return result
      if (result === 7) worked++
    }
    return worked
  },

  /** Counts as long as it may: a CPU that is busy with preemption and interrupts on. */
  *stop_spin(cpu) {
    const { id } = cpu
    while ((yield cpu.load(word(cpu, AT.go), acquire, 'stop:go')) === 0) yield* schedule(cpu)
    while ((yield cpu.load(word(cpu, AT.go), acquire, 'stop:go')) === 1)
      yield cpu.add(counter(cpu, id), 1, relaxed, 'stop:spin')
    return 0
  },

  *stop_go(cpu, value) {
    yield cpu.store(word(cpu, AT.go), value, release, 'stop:go')
    return 0
  },

  /** The call that no CPU can take while the machine is stopped. */
  *stop_call(cpu) {
    yield cpu.add(word(cpu, AT.calls), 1, full, 'stop:call')
    return 0
  },

  /** Runs while all others stand still with interrupts off: sends them all a call, waits, and looks what has moved. */
  *stop_alone(cpu, argument) {
    const { memory } = cpu
    const steps = yield* allSteps(cpu)
    const calls = yield cpu.load(word(cpu, AT.calls), acquire, 'stop:calls')
    // Not while the last one is still under way: with interrupts off everywhere, nobody would ever take it.
    const free = (yield cpu.load(memory.percpu(cpu.id) + REMAINING, acquire, 'stop:free')) === 0
    if (free) {
      const sent = yield* smpCallFunctionMany(
        cpu,
        bitsOf(memory, memory.online),
        cpu.functions.find('stop_call'),
        0,
        false,
      )
      yield cpu.add(word(cpu, AT.sent), sent, full, 'stop:sent')
    }
    const until = (yield cpu.clock('stop:from')) + 50_000
    for (let n = 0; n < 200 || (yield cpu.clock('stop:until')) < until; n++)
      yield cpu.load(word(cpu, AT.ran), relaxed, 'stop:wait')
    if ((yield cpu.load(word(cpu, AT.calls), acquire, 'stop:calls')) !== calls)
      yield cpu.add(word(cpu, AT.wrong), 1, full, 'stop:call_ran')
    if ((yield* allSteps(cpu)) !== steps) yield cpu.add(word(cpu, AT.wrong), 1, full, 'stop:stepped')
    if (cpu.irqDisabled === 0) yield cpu.add(word(cpu, AT.wrong), 1, full, 'stop:irqs_on')
    yield cpu.add(word(cpu, AT.ran), 1, full, 'stop:ran')
    return cpu.id * 100 + argument
  },

  /** Returns when all of those calls have run; answers how many there were. */
  *stop_drain(cpu) {
    const sent = yield cpu.load(word(cpu, AT.sent), acquire, 'stop:all_sent')
    yield cpu.waitUntil(word(cpu, AT.calls), sent, 'stop:all_run')
    return sent
  },

  /** Stops the machine `times` times with `active` as the one that acts; answers how often that worked. */
  *stop_machine(cpu, active, times) {
    let worked = 0
    for (let n = 0; n < times; n++) {
      // Who stops the machine keeps the set of online CPUs still.
      while (!(yield* cpusReadReady(cpu))) yield* schedule(cpu)
      const result = yield* stopMachine(cpu, cpu.functions.find('stop_alone'), n, active)
      yield* cpusReadUnlock(cpu)
      if (result === active * 100 + n) worked++
    }
    return worked
  },
} satisfies Record<string, KernelFunction>
