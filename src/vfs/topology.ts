// cpuN/topology: which CPUs are threads of one core; all of them are in one package. No two share anything but memory.
import { formatCpuList, formatCpuMask } from '../base/cpulist.js'
import { coreOf, siblingsOf } from '../hotplug/smt.js'
import type { Memory } from '../memory/memory.js'
import { bitsOf, testBit } from '../ops/mask.js'
import { type DirectoryNode, directory, type Node } from './node.js'
import { attributeOfStep, hasTaken } from './steps.js'

/** Makes the directory on the way up, and removes it on the way down. */
const STEP = 'base/topology:prepare'

/** null: the CPU has none now. */
export function topologyOf(memory: Memory, cpu: number): DirectoryNode | null {
  return hasTaken(memory, cpu, STEP) ? topology(memory, cpu) : null
}

function topology(memory: Memory, cpu: number): DirectoryNode {
  const core = (): Iterable<number> =>
    testBit(memory, memory.online, cpu) ? siblingsOf(memory, cpu, memory.online) : []
  const all = (): Iterable<number> => (testBit(memory, memory.online, cpu) ? bitsOf(memory, memory.online) : [])
  const file = (read: () => string) => attributeOfStep(memory, cpu, STEP, read)
  const entries: Record<string, Node> = {}
  const ids = { cluster_id: 65535, core_id: coreOf(memory, cpu), die_id: 0, physical_package_id: 0 }
  const groups = {
    cluster_cpus: core,
    core_cpus: core,
    core_siblings: all,
    die_cpus: all,
    package_cpus: all,
    thread_siblings: core,
  }
  for (const [name, id] of Object.entries(ids)) entries[name] = file(() => `${id}\n`)
  for (const [name, cpus] of Object.entries(groups)) {
    entries[name] = file(() => `${formatCpuMask(cpus(), memory.layout.config.cpus)}\n`)
    entries[`${name}_list`] = file(() => `${formatCpuList(cpus())}\n`)
  }
  return directory(entries)
}
