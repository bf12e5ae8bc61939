// What the file tree needs of a machine.
import type { Control } from '../hotplug/control.js'
import type { Memory } from '../memory/memory.js'
import type { Tell } from './uevent.js'

export interface System {
  /** may be read while CPUs run: what is seen is a moving thing */
  readonly memory: Memory
  /** the machine's time, ns since it was powered on */
  now(): number
  /** when that was, s since 1970 */
  readonly bootTime: number
  /** tells the world of a device */
  readonly tell: Tell
  /** how many times that has happened, by the kernel's own doing as well */
  uevents(): number
  /** carries out a write to a control file of a CPU; rejects with a KernelError */
  store(control: Control, cpu: number, text: string): Promise<void>
  /** says where an interrupt may go, as a list of CPUs or a mask; rejects with a KernelError */
  setIrqAffinity(irq: number, isList: boolean, text: string): Promise<void>
}
