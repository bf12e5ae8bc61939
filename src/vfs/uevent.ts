// The `uevent` file of a device.
import { KernelError } from '../base/errno.js'
import { attribute, type FileNode } from './node.js'

/** Of lib/kobject_uevent.c. */
const ACTIONS = ['add', 'remove', 'change', 'move', 'online', 'offline', 'bind', 'unbind']

/**
 * Reads as the variables that belong to the device. Writing an action asks the kernel to tell of it once more: nobody
 * listens in this machine, so nothing comes of it but EINVAL for what is no action.
 */
export function uevent(variables: string): FileNode {
  return attribute(
    () => variables,
    async (text) => {
      // What follows the action, a UUID and further variables, is for whoever listens.
      const [action] = text.split(/[\s\0]/)
      if (!ACTIONS.includes(action!)) throw new KernelError('EINVAL', 'write')
    },
  )
}
