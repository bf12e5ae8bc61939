// cpuN/cache: what tools expect a CPU to have. Nothing in the machine depends on it: memory is the host's.
import { formatCpuList, formatCpuMask } from '../base/cpulist.js'
import type { Memory } from '../memory/memory.js'
import { bitsOf } from '../ops/mask.js'
import { type DirectoryNode, directory, type Node } from './node.js'
import { attributeOfStep, hasTaken } from './steps.js'
import { silentUevent } from './uevent.js'

/** Makes the directory on the way up, and removes it on the way down. */
const STEP = 'base/cacheinfo:online'

const LINE = 64

interface Cache {
  readonly level: number
  readonly type: 'Data' | 'Instruction' | 'Unified'
  readonly kib: number
  readonly ways: number
  /** by all CPUs of the package; else it is the CPU's own */
  readonly shared: boolean
}

const CACHES: readonly Cache[] = [
  { level: 1, type: 'Data', kib: 32, ways: 8, shared: false },
  { level: 1, type: 'Instruction', kib: 32, ways: 8, shared: false },
  { level: 2, type: 'Unified', kib: 512, ways: 8, shared: false },
  { level: 3, type: 'Unified', kib: 8192, ways: 16, shared: true },
]

/** null: the CPU has none now. */
export function cacheOf(memory: Memory, cpu: number): DirectoryNode | null {
  if (!hasTaken(memory, cpu, STEP)) return null
  const entries: Record<string, Node> = { uevent: silentUevent() }
  for (const [index, cache] of CACHES.entries()) entries[`index${index}`] = indexOf(memory, cpu, cache)
  return directory(entries)
}

function indexOf(memory: Memory, cpu: number, { level, type, kib, ways, shared }: Cache): DirectoryNode {
  const sharers = (): Iterable<number> => (shared ? bitsOf(memory, memory.online) : [cpu])
  const file = (read: () => string | number) => attributeOfStep(memory, cpu, STEP, () => `${read()}\n`)
  return directory({
    coherency_line_size: file(() => LINE),
    id: file(() => (shared ? 0 : cpu)),
    level: file(() => level),
    number_of_sets: file(() => (kib * 1024) / LINE / ways),
    physical_line_partition: file(() => 1),
    shared_cpu_list: file(() => formatCpuList(sharers())),
    shared_cpu_map: file(() => formatCpuMask(sharers(), memory.layout.config.cpus)),
    size: file(() => `${kib}K`),
    type: file(() => type),
    uevent: silentUevent(),
    ways_of_associativity: file(() => ways),
  })
}
