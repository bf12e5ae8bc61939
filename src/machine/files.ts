// The control files of /sys/devices/system/cpu that a machine answers to: which there are, and what they read as.
import { formatCpuList } from '../base/cpulist.js'
import { KernelError } from '../base/errno.js'
import { CONTROL, type Control } from '../hotplug/control.js'
import { CPUHP_STATE, stateName } from '../hotplug/states.js'
import type { Memory } from '../memory/memory.js'
import { CPUHP } from '../memory/structs.js'
import { bitsOf, testBit } from '../ops/mask.js'

export interface ControlFile {
  /** what it reads as, without the newline at its end; null: it can't be read */
  readonly read: (() => string) | null
  /** what a write to it does; null: it can't be written */
  readonly write: { readonly control: Control; readonly cpu: number } | null
}

const ROOT = /^\/?sys\/devices\/system\/cpu\//

/** The file of that path, absolute or below the cpu directory: 'online', 'cpu1/hotplug/target'. ENOENT if none. */
export function controlFile(memory: Memory, path: string, syscall: string): ControlFile {
  const name = path.replace(ROOT, '')
  const global = globalFile(memory, name)
  if (global !== null) return { read: global, write: null }
  const match = /^cpu(0|[1-9]\d*)\/(.+)$/.exec(name)
  const file = match === null ? null : cpuFile(memory, Number(match[1]), match[2]!)
  if (file === null) throw new KernelError('ENOENT', syscall, path)
  return file
}

function globalFile(memory: Memory, name: string): (() => string) | null {
  const list = (mask: number): string => formatCpuList(bitsOf(memory, mask))
  switch (name) {
    case 'online':
      return () => list(memory.online)
    case 'present':
      return () => list(memory.present)
    case 'possible':
      return () => list(memory.possible)
    case 'offline':
      return () => formatCpuList([...bitsOf(memory, memory.possible)].filter((c) => !testBit(memory, memory.online, c)))
    case 'kernel_max':
      return () => String(memory.layout.config.cpus - 1)
    case 'hotplug/states':
      return () => states(memory).join('\n')
    default:
      return null
  }
}

/** One line for each state with a name, as the kernel prints them. */
function states(memory: Memory): string[] {
  const lines: string[] = []
  for (let state = 0; state <= CPUHP_STATE.online; state++) {
    const name = stateName(memory, state)
    if (name !== '') lines.push(`${String(state).padStart(3)}: ${name}`)
  }
  return lines
}

function cpuFile(memory: Memory, cpu: number, name: string): ControlFile | null {
  if (cpu >= memory.layout.config.cpus || !testBit(memory, memory.present, cpu)) return null
  const record = memory.cpuhp(cpu)
  const shows = (field: number) => () => String(memory.get(record + field))
  switch (name) {
    case 'online':
      // The boot CPU's device can't be taken offline: it has no such file.
      if (cpu === 0) return null
      return {
        read: () => (memory.get(record + CPUHP.deviceOffline) === 1 ? '0' : '1'),
        write: { control: CONTROL.online, cpu },
      }
    case 'hotplug/state':
      return { read: shows(CPUHP.state), write: null }
    case 'hotplug/target':
      return { read: shows(CPUHP.target), write: { control: CONTROL.target, cpu } }
    case 'hotplug/fail':
      return { read: shows(CPUHP.fail), write: { control: CONTROL.fail, cpu } }
    default:
      return null
  }
}
