// The drivers of the machine's devices: each queue's interrupt is asked for, then the device is told that they are ready. And
// what is asked of the kernel about devices.
import { parseCpuList, parseCpuMask } from '../base/cpulist.js'
import { ERRNO } from '../base/errno.js'
import { UsageError } from '../base/failure.js'
import { kindOf } from '../devices/config.js'
import { irqSetAffinity } from '../irq/affinity.js'
import { requestIrq } from '../irq/desc.js'
import { LIMITS } from '../memory/layout.js'
import { DEVICE } from '../memory/structs/devices.js'
import { PORT_SLOT } from '../memory/structs.js'
import { bugOn } from '../ops/bug.js'
import type { Cpu } from '../ops/cpu.js'
import { FN } from '../ops/functions.js'
import { full, type Kernel } from '../ops/operation.js'

/** Words of a slot's text: a mask of as many CPUs as a machine with devices may have fits in. */
const TEXT_WORDS = 32

/** When all CPUs of the boot are up. */
export function* openDevices(cpu: Cpu): Kernel<void> {
  const { memory } = cpu
  for (let index = 0; index < memory.layout.devices.count; index++) {
    const device = memory.device(index)
    const handler = kindOf(memory, device) === 'nic' ? FN.nic_interrupt : FN.disk_interrupt
    const first = memory.get(device + DEVICE.firstQueue)
    for (let n = first; n < first + memory.get(device + DEVICE.queues); n++) {
      const result = yield* requestIrq(cpu, n + 1, handler, memory.queue(n))
      bugOn(result !== 0, 'request_irq', `irq ${n + 1} is not to be had: ${result}`)
    }
    yield cpu.store(device + DEVICE.up, 1, full, 'device_open')
  }
}

/** Switches a device on or off: what comes to it meanwhile is not for this machine. Answers 0, or -ENODEV. */
export function* setDeviceUp(cpu: Cpu, index: number, up: number): Kernel<number> {
  if (index < 0 || index >= cpu.memory.layout.devices.count) return -ERRNO.ENODEV
  yield cpu.store(cpu.memory.device(index) + DEVICE.up, up, full, 'device_up')
  return 0
}

/**
 * A write to smp_affinity or smp_affinity_list of an irq. Answers as irqSetAffinity does; -EINVAL for what is no mask, or no list;
 * -EOVERFLOW, or of a list -ERANGE, for CPUs that there can't be.
 */
export function* writeIrqAffinity(cpu: Cpu, slot: number): Kernel<number> {
  const { memory } = cpu
  const text = memory.getText(slot + PORT_SLOT.text, TEXT_WORDS).trim()
  const isList = memory.get(slot + PORT_SLOT.argument + 1) === 1
  const cpus = isList ? listed(text) : parseCpuMask(text)
  if (cpus === null) return -ERRNO.EINVAL
  const { cpus: possible } = memory.layout.config
  if (cpus.some((one) => one >= possible)) return isList ? -ERRNO.ERANGE : -ERRNO.EOVERFLOW
  // The text has been read: the mask takes its place.
  const mask = slot + PORT_SLOT.text
  for (let w = 0; w < memory.layout.maskWords; w++) memory.set(mask + w, 0)
  for (const one of cpus) memory.set(mask + (one >> 5), memory.get(mask + (one >> 5)) | (1 << (one & 31)))
  return yield* irqSetAffinity(cpu, memory.get(slot + PORT_SLOT.argument), mask)
}

function listed(text: string): number[] | null {
  try {
    return parseCpuList(text, LIMITS.cpus)
  } catch (error) {
    if (error instanceof UsageError) return null
    throw error
  }
}
