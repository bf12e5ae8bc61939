// What the kernel tells the world of its devices, as kobject_uevent broadcasts it over netlink: an action, a device, and
// variables. Here the host is the only one that listens.
import { NS_PER_S } from '../base/time.js'
import type { Device } from '../vfs/uevent.js'

export interface Uevent {
  /** counts from 1 */
  readonly seqnum: number
  /** 'online', 'offline'; what has been written to a `uevent` file */
  readonly action: string
  readonly device: Device
  /** all variables in the kernel's order, ACTION, DEVPATH, SUBSYSTEM and SEQNUM among them */
  readonly variables: Readonly<Record<string, string>>
  /** the machine's time, ns */
  readonly timeNs: number
}

/** `extra`: variables that were asked for by who wrote to a `uevent` file. */
export function ueventOf(
  seqnum: number,
  action: string,
  device: Device,
  extra: Readonly<Record<string, string>>,
  timeNs: number,
): Uevent {
  const { path, subsystem, variables } = device
  const names = { ACTION: action, DEVPATH: path, SUBSYSTEM: subsystem }
  return { seqnum, action, device, variables: { ...names, ...extra, ...variables, SEQNUM: String(seqnum) }, timeNs }
}

/** The message as the kernel sends it: 'offline@/devices/system/cpu/cpu1', and the variables, with a zero behind each. */
export function ueventMessage({ action, device, variables }: Uevent): string {
  const assignments = Object.entries(variables).map(([name, value]) => `${name}=${value}`)
  return [`${action}@${device.path}`, ...assignments].map((text) => `${text}\0`).join('')
}

/** Lines as `udevadm monitor --kernel --property` prints them, with an empty one at the end. */
export function ueventLines({ action, device, variables, timeNs }: Uevent): string {
  const head = `KERNEL[${(timeNs / NS_PER_S).toFixed(6)}] ${action.padEnd(8)} ${device.path} (${device.subsystem})`
  const assignments = Object.entries(variables).map(([name, value]) => `${name}=${value}`)
  return `${[head, ...assignments].join('\n')}\n\n`
}
