// Kernel functions for test/ops/switches: the loads under which historical bugs show.

import { cpusReadReady, cpusReadUnlock } from '../../src/hotplug/locks.js'
import { full, type KernelFunction, relaxed, schedule, smpCallFunctionSingle } from '../../src/kernel-api.js'

/** In scratch memory. */
export const AT = {
  /** calls that ran */
  ran: 0,
} as const

const LENGTH = Number(process.env['LENGTH'] ?? 40)
const PAUSE = Number(process.env['PAUSE'] ?? 200)

export const functions = {
  /** A call that takes its time. */
  *switches_count(cpu) {
    for (let n = 0; n < LENGTH; n++) yield cpu.load(cpu.memory.scratch(AT.ran), relaxed, 'switches:work')
    yield cpu.add(cpu.memory.scratch(AT.ran), 1, relaxed, 'switches:count')
    return 0
  },

  /** Sends calls to `target` and waits for none, `limit` at most, until one is refused. Answers how many were accepted. */
  *switches_send(cpu, target, limit) {
    const fn = cpu.functions.find('switches_count')
    let accepted = 0
    while (accepted < limit && (yield* smpCallFunctionSingle(cpu, target, fn, 0, false)) === 0) {
      accepted++
      const pause = yield cpu.choose(PAUSE, 'switches:pause')
      for (let n = 0; n < pause; n++) yield cpu.load(cpu.memory.scratch(AT.ran), relaxed, 'switches:work')
      // Nobody else would run here: there are no time slices.
      yield* schedule(cpu)
    }
    return accepted
  },

  /** A reader whose section ends in an interrupt, as that of a write to a file does when its I/O is complete. */
  *switches_read(cpu, partner, rounds) {
    const fn = cpu.functions.find('switches_end_read')
    for (let n = 0; n < rounds; n++) {
      while (!(yield* cpusReadReady(cpu))) yield* schedule(cpu)
      yield* smpCallFunctionSingle(cpu, partner, fn, 0, false)
    }
    return rounds
  },

  /** The interrupt's part. */
  *switches_end_read(cpu) {
    yield cpu.fence(full, 'switches:end_read')
    yield* cpusReadUnlock(cpu)
    return 0
  },
} satisfies Record<string, KernelFunction>
