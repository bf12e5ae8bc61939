// What stands beside /sys/devices/system/cpu: the one node that all CPUs are on, and the bus with their driver.
import { formatCpuList, formatCpuMask } from '../base/cpulist.js'
import type { Memory } from '../memory/memory.js'
import { bitsOf } from '../ops/mask.js'
import { attribute, type DirectoryNode, directory, type Entries, link } from './node.js'
import type { System } from './system.js'
import { type Device, silentUevent, uevent } from './uevent.js'

const NODE0: Device = { path: '/devices/system/node/node0', subsystem: 'node', variables: {} }

/** /sys/devices/system/node: one node has all CPUs and all memory. */
export function nodeRoot({ memory, tell }: System): DirectoryNode {
  const only = attribute(() => '0\n')
  const node0 = directory(
    {
      cpulist: attribute(() => `${formatCpuList(bitsOf(memory, memory.online))}\n`),
      cpumap: attribute(() => `${formatCpuMask(bitsOf(memory, memory.online), memory.layout.config.cpus)}\n`),
      distance: attribute(() => '10\n'),
      uevent: uevent(NODE0, tell),
    },
    links(memory, '../../cpu'),
  )
  const names = ['has_cpu', 'has_memory', 'has_normal_memory', 'online', 'possible']
  return directory({ ...Object.fromEntries(names.map((name) => [name, only])), node0, uevent: silentUevent() })
}

/** /sys/bus/cpu: the devices, and the driver that has them all. */
export function busRoot(memory: Memory): DirectoryNode {
  return directory({
    devices: directory({}, links(memory, '../../../devices/system/cpu')),
    drivers: directory({ processor: directory({}, links(memory, '../../../../devices/system/cpu')) }),
  })
}

/** A link for each CPU that is present, online or not. */
function links(memory: Memory, to: string): Entries {
  const names = (): string[] => [...bitsOf(memory, memory.present)].map((cpu) => `cpu${cpu}`)
  return { names, find: (name) => (names().includes(name) ? link(`${to}/${name}`) : null), last: true }
}
