// What the scenarios of devices have the kernel do: a kernel module (see docs/kernel-modules.md), loaded by their machines.
import { firstDisk, submitRequest, waitForRequest } from '../../block/request.js'
import type { KernelFunction } from '../../ops/cpu.js'
import { full } from '../../ops/operation.js'
import { schedule } from '../../sched/core.js'

/** Where this module is, for a scenario's machine. */
export const IRQ_KERNEL = new URL('./irq-kernel.js', import.meta.url)

/** In scratch memory: how many requests have been submitted and nobody has waited for, then their tags. */
const SUBMITTED = 0
const TAGS = 1

export const functions = {
  /** Submits `times` requests to the first disk from this CPU, and waits for none of them. */
  *explore_submit(cpu, times) {
    const { memory } = cpu
    const disk = firstDisk(memory)
    for (let n = 0; n < times; n++) {
      const tag = yield* submitRequest(cpu, disk)
      if (tag < 0) return tag
      const at = yield cpu.add(memory.scratch(SUBMITTED), 1, full, 'explore:submitted')
      yield cpu.store(memory.scratch(TAGS + at), tag, full, 'explore:tag')
    }
    return 0
  },

  /** Waits for all of them. */
  *explore_reap(cpu) {
    const { memory } = cpu
    const count = yield cpu.exchange(memory.scratch(SUBMITTED), 0, full, 'explore:reap')
    for (let n = 0; n < count; n++) yield* waitForRequest(cpu, firstDisk(memory), memory.get(memory.scratch(TAGS + n)))
    return 0
  },

  /** Makes `times` requests, one after the other. */
  *explore_read(cpu, times) {
    const disk = firstDisk(cpu.memory)
    for (let n = 0; n < times; n++) {
      let tag = yield* submitRequest(cpu, disk)
      while (tag < 0) {
        yield* schedule(cpu)
        tag = yield* submitRequest(cpu, disk)
      }
      yield* waitForRequest(cpu, disk, tag)
    }
    return 0
  },
} satisfies Record<string, KernelFunction>
