// What is written to a file of the machine, as the kernel reads it.
import { KernelError } from '../base/errno.js'
import { kernelIntErrno } from '../base/kstrto.js'
import { CONTROL, type Control } from '../hotplug/control.js'

/** Characters that a request has room for. */
const MAX_TEXT = 127

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false
  return true
}

/** What of a write to a control file counts. EINVAL or ERANGE for what the kernel makes nothing of. */
export function writtenTo(control: Control, buffer: string, path: string): string {
  // The kernel reads it as a string: up to a zero, if there is one.
  const [text = ''] = buffer.split('\0', 1)
  // Of a truth value the kernel reads the first two letters; no number is longer than there is room for.
  const written = control === CONTROL.online ? text.slice(0, MAX_TEXT) : text
  if (!isAscii(written)) throw new KernelError('EINVAL', 'write', path)
  if (written.length > MAX_TEXT) throw new KernelError(kernelIntErrno(written), 'write', path)
  return written
}

/** A text that a request takes as it is; EINVAL for one that has no room, or is not ASCII. */
export function requestText(text: string): string {
  if (!isAscii(text) || text.length > MAX_TEXT) throw new KernelError('EINVAL', 'write')
  return text
}
