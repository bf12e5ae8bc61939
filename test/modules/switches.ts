// Kernel functions for test/ops/switches: the loads under which historical bugs show.

import { cpusReadReady, cpusReadUnlock } from '../../src/hotplug/locks.js'
import { type KernelFunction, relaxed, schedule, smpCallFunctionSingle } from '../../src/kernel-api.js'

/** In scratch memory: how many calls have run. */
export const AT = { ran: 0 } as const

/** Operations that a call takes; and between two calls, at most. Without the pauses its target would do nothing else. */
const WORK = 100
const PAUSE = 400

export const functions = {
  /** The call: takes its time, so that others come meanwhile. */
  *switches_call(cpu) {
    const ran = cpu.memory.scratch(AT.ran)
    for (let n = 0; n < WORK; n++) yield cpu.load(ran, relaxed, 'switches:work')
    yield cpu.add(ran, 1, relaxed, 'switches:ran')
    return 0
  },

  /** Sends calls to `target`, two at a time and `limit` at most, until one is refused; waits for none. Answers how many. */
  *switches_send(cpu, target, limit) {
    const fn = cpu.functions.find('switches_call')
    const ran = cpu.memory.scratch(AT.ran)
    let accepted = 0
    while (accepted < limit && (yield* smpCallFunctionSingle(cpu, target, fn, 0, false)) === 0) {
      accepted++
      const pause = accepted % 2 === 1 ? 0 : yield cpu.choose(PAUSE, 'switches:pause')
      for (let n = 0; n < pause; n++) yield cpu.load(ran, relaxed, 'switches:pause')
    }
    return accepted
  },

  /** Takes the hotplug lock for reading; an interrupt of `other` gives it back, as the end of an I/O does in Linux. */
  *switches_read(cpu, other, times) {
    const fn = cpu.functions.find('switches_end_read')
    for (let n = 0; n < times; n++) {
      while (!(yield* cpusReadReady(cpu))) yield* schedule(cpu)
      yield* smpCallFunctionSingle(cpu, other, fn, 0, false)
    }
    return times
  },

  *switches_end_read(cpu) {
    yield* cpusReadUnlock(cpu)
    return 0
  },
} satisfies Record<string, KernelFunction>
