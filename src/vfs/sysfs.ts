// /sys/devices/system/cpu: the control files of hotplug, and which CPUs there are.
import { formatCpuList, formatCpuMask } from '../base/cpulist.js'
import { CONTROL, type Control } from '../hotplug/control.js'
import { CPUHP_STATE, stateName } from '../hotplug/states.js'
import type { Memory } from '../memory/memory.js'
import { CPUHP } from '../memory/structs.js'
import { bitsOf, testBit } from '../ops/mask.js'
import { attribute, type DirectoryNode, directory, type Entries, type FileNode, type Node } from './node.js'
import type { System } from './system.js'

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
  }
}

function cpuDirectory({ memory, store }: System, cpu: number): DirectoryNode {
  const record = memory.cpuhp(cpu)
  const shows = (field: number) => (): string => `${memory.get(record + field)}\n`
  const controls = (control: Control, read: () => string): FileNode =>
    attribute(read, (text) => store(control, cpu, text))
  const entries: Record<string, Node> = {
    hotplug: directory({
      fail: controls(CONTROL.fail, shows(CPUHP.fail)),
      state: attribute(shows(CPUHP.state)),
      target: controls(CONTROL.target, shows(CPUHP.target)),
    }),
  }
  // The boot CPU's device can't be taken offline: it has no such file.
  if (cpu !== 0) {
    entries.online = controls(CONTROL.online, () => (memory.get(record + CPUHP.deviceOffline) === 1 ? '0\n' : '1\n'))
  }
  return directory(entries, {
    names: () => (hasTopology(memory, cpu) ? ['topology'] : []),
    find: (name) => (name === 'topology' && hasTopology(memory, cpu) ? topology(memory, cpu) : null),
  })
}

/** The step base/topology:prepare makes this directory on the way up, and removes it on the way down. */
function hasTopology(memory: Memory, cpu: number): boolean {
  const state = memory.get(memory.cpuhp(cpu) + CPUHP.state)
  for (let step = 0; step <= state; step++) if (stateName(memory, step) === 'base/topology:prepare') return true
  return false
}

/** Each CPU is a core of its own, all of them are in one package: no two share anything but memory. */
function topology(memory: Memory, cpu: number): DirectoryNode {
  const alone = (): Iterable<number> => (testBit(memory, memory.online, cpu) ? [cpu] : [])
  const all = (): Iterable<number> => (testBit(memory, memory.online, cpu) ? bitsOf(memory, memory.online) : [])
  const entries: Record<string, Node> = {}
  const ids = { cluster_id: 65535, core_id: cpu, die_id: 0, physical_package_id: 0 }
  const groups = {
    cluster_cpus: alone,
    core_cpus: alone,
    core_siblings: all,
    die_cpus: all,
    package_cpus: all,
    thread_siblings: alone,
  }
  for (const [name, id] of Object.entries(ids)) entries[name] = attribute(() => `${id}\n`)
  for (const [name, cpus] of Object.entries(groups)) {
    entries[name] = attribute(() => `${formatCpuMask(cpus(), memory.layout.config.cpus)}\n`)
    entries[`${name}_list`] = attribute(() => `${formatCpuList(cpus())}\n`)
  }
  return directory(entries)
}
