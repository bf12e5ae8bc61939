// The models of all kinds of devices: what each does from power-on.
import type { Device } from '../ops/device.js'
import type { Kernel } from '../ops/operation.js'
import { type DeviceKind, kindOf } from './config.js'
import { disk } from './disk.js'
import { nic } from './nic.js'

const MODELS: Readonly<Record<DeviceKind, (device: Device) => Kernel<void>>> = { nic, disk }

/** What a device does. */
export function modelOf(device: Device): Kernel<void> {
  const { memory } = device
  return MODELS[kindOf(memory, memory.device(device.index))](device)
}
