// /sys/devices/system/cpu: the control files of hotplug, and which CPUs there are.
import { formatCpuList } from '../base/cpulist.js'
import { CONTROL, type Control } from '../hotplug/control.js'
import { CPUHP_STATE, stateName } from '../hotplug/states.js'
import type { Memory } from '../memory/memory.js'
import { CPUHP } from '../memory/structs.js'
import { bitsOf, testBit } from '../ops/mask.js'
import { cacheOf } from './cache.js'
import { attribute, type DirectoryNode, directory, type Entries, type FileNode, link, type Node } from './node.js'
import type { System } from './system.js'
import { topologyOf } from './topology.js'
import { cpuDevice, silentUevent, uevent } from './uevent.js'

export function cpuRoot(system: System): DirectoryNode {
  const { memory } = system
  const list = (mask: number) => attribute(() => `${formatCpuList(bitsOf(memory, mask))}\n`)
  return directory(
    {
      hotplug: directory({ states: attribute(() => states(memory)) }),
      // No CPU is kept from the load balancing.
      isolated: attribute(() => '\n'),
      kernel_max: attribute(() => `${memory.layout.config.cpus - 1}\n`),
      offline: attribute(() => `${formatCpuList(offline(memory))}\n`),
      online: list(memory.online),
      possible: list(memory.possible),
      present: list(memory.present),
      uevent: silentUevent(),
    },
    cpuDirectories(system),
  )
}

function offline(memory: Memory): number[] {
  return [...bitsOf(memory, memory.possible)].filter((cpu) => !testBit(memory, memory.online, cpu))
}

/** One line for each state with a name, as the kernel prints them. */
function states(memory: Memory): string {
  let text = ''
  for (let state = 0; state <= CPUHP_STATE.online; state++) {
    const name = stateName(memory, state)
    if (name !== '') text += `${String(state).padStart(3)}: ${name}\n`
  }
  return text
}

function cpuDirectories(system: System): Entries {
  const { memory } = system
  return {
    names: () => [...bitsOf(memory, memory.present)].map((cpu) => `cpu${cpu}`),
    find(name) {
      const match = /^cpu(0|[1-9]\d{0,4})$/.exec(name)
      const cpu = match === null ? -1 : Number(match[1])
      const exists = cpu >= 0 && cpu < memory.layout.config.cpus && testBit(memory, memory.present, cpu)
      return exists ? cpuDirectory(system, cpu) : null
    },
    last: true,
  }
}

function cpuDirectory({ memory, store, tell }: System, cpu: number): DirectoryNode {
  const record = memory.cpuhp(cpu)
  const shows = (field: number) => (): string => `${memory.get(record + field)}\n`
  const controls = (control: Control, read: () => string): FileNode =>
    attribute(read, (text) => store(control, cpu, text))
  const entries: Record<string, Node> = {
    driver: link('../../../../bus/cpu/drivers/processor'),
    hotplug: directory({
      fail: controls(CONTROL.fail, shows(CPUHP.fail)),
      state: attribute(shows(CPUHP.state)),
      target: controls(CONTROL.target, shows(CPUHP.target)),
    }),
    node0: link('../../node/node0'),
    subsystem: link('../../../../bus/cpu'),
    uevent: uevent(cpuDevice(cpu), tell),
  }
  // The boot CPU's device can't be taken offline: it has no such file.
  if (cpu !== 0) {
    entries.online = controls(CONTROL.online, () => (memory.get(record + CPUHP.deviceOffline) === 1 ? '0\n' : '1\n'))
  }
  return directory(entries, {
    names: () => [...(topologyOf(memory, cpu) ? ['topology'] : []), ...(cacheOf(memory, cpu) ? ['cache'] : [])],
    find(name) {
      if (name === 'topology') return topologyOf(memory, cpu)
      return name === 'cache' ? cacheOf(memory, cpu) : null
    },
  })
}
