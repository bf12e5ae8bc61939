// The drivers of the machine's devices begin: each queue's interrupt is asked for, then the device is told that they are ready.
import { kindOf } from '../devices/config.js'
import { requestIrq } from '../irq/desc.js'
import { DEVICE } from '../memory/device-structs.js'
import { bugOn } from '../ops/bug.js'
import type { Cpu } from '../ops/cpu.js'
import { FN } from '../ops/functions.js'
import { full, type Kernel } from '../ops/operation.js'

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
