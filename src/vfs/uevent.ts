// The `uevent` file of a device: its variables, and a way to have the kernel tell of it once more.
import { KernelError } from '../base/errno.js'
import { attribute, type FileNode } from './node.js'

/** A device that the kernel tells of: those of a bus or a class. */
export interface Device {
  /** below /sys: '/devices/system/cpu/cpu1' */
  readonly path: string
  readonly subsystem: string
  readonly variables: Readonly<Record<string, string>>
}

export function cpuDevice(cpu: number): Device {
  return { path: `/devices/system/cpu/cpu${cpu}`, subsystem: 'cpu', variables: { DRIVER: 'processor' } }
}

/** Tells of a device: what has happened, and the variables that were asked for. */
export type Tell = (device: Device, action: string, extra: Readonly<Record<string, string>>) => void

/** Of lib/kobject_uevent.c. */
const ACTIONS = ['add', 'remove', 'change', 'move', 'online', 'offline', 'bind', 'unbind']
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const ASSIGNMENT = /^([a-z0-9]+)=([a-z0-9]+)$/i

/**
 * Writing 'ACTION [UUID [KEY=VALUE ...]]' has the kernel tell of the device, with these as SYNTH_UUID and SYNTH_ARG_KEY.
 * EINVAL for anything else.
 */
export function uevent(device: Device, tell: Tell): FileNode {
  return ueventFile(device.variables, (action, extra) => tell(device, action, extra))
}

/** That of something which has none: it reads as nothing, and nobody is told of an action. */
export function silentUevent(): FileNode {
  return ueventFile({}, () => undefined)
}

function ueventFile(
  variables: Readonly<Record<string, string>>,
  tell: (action: string, extra: Readonly<Record<string, string>>) => void,
): FileNode {
  return attribute(
    () =>
      Object.entries(variables)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
    async (text) => {
      const [action = '', ...rest] = text.split(/[\n\0]/, 1)[0]!.split(' ')
      if (!ACTIONS.includes(action)) throw new KernelError('EINVAL', 'write')
      tell(action, synthetic(rest.filter((word) => word !== '')))
    },
  )
}

function synthetic([uuid, ...assignments]: readonly string[]): Record<string, string> {
  if (uuid === undefined) return { SYNTH_UUID: '0' }
  if (!UUID.test(uuid)) throw new KernelError('EINVAL', 'write')
  const pairs = assignments.map((word) => {
    const match = ASSIGNMENT.exec(word)
    if (match === null) throw new KernelError('EINVAL', 'write')
    return [`SYNTH_ARG_${match[1]}`, match[2]!]
  })
  return { SYNTH_UUID: uuid, ...Object.fromEntries(pairs) }
}
