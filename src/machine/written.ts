// What the kernel makes of a text that is written to one of its files, before anything else looks at it.
import { KernelError } from '../base/errno.js'
import { kernelIntErrno } from '../base/kstrto.js'
import { CONTROL, type Control } from '../hotplug/control.js'

/** There is room for so many characters in a request. */
const MAX_TEXT = 127

/** What is written to a control file of a CPU. EINVAL, ERANGE */
export function controlText(control: Control, buffer: string, path: string): string {
  // The kernel reads it as a string: up to a zero, if there is one.
  const [text = ''] = buffer.split('\0', 1)
  // Of a truth value the kernel reads the first two letters; no number is longer than there is room for.
  const written = control === CONTROL.online ? text.slice(0, MAX_TEXT) : text
  if (!isAscii(written)) throw new KernelError('EINVAL', 'write', path)
  if (written.length > MAX_TEXT) throw new KernelError(kernelIntErrno(written), 'write', path)
  return written
}

/** A mask of CPUs, or a list. EINVAL */
export function cpusText(text: string, path: string): string {
  if (!isAscii(text) || text.length > MAX_TEXT) throw new KernelError('EINVAL', 'write', path)
  return text
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false
  return true
}
